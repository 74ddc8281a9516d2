"""API keys: made, shown once, used, limited, dead."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import services
from accounts.models import ApiKey, Membership, Role, Scope, User
from core.timestamps import NO_OFFSET
from tests.factories import ApiKeyFactory, MembershipFactory, TeamFactory, UserFactory, secret_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
REFUSED = {"detail": "This API key is unknown, revoked or expired; make a new one."}


@pytest.fixture
def key(crew):
    return ApiKeyFactory.create(team=crew["team"], user=crew["member"], scope=Scope.WRITE)


def test_a_new_key_is_shown_once_and_works(as_user, api):
    user = UserFactory.create()

    made = as_user(user).post("/api/v1/api-keys/", {"name": "CI", "scope": "write"})

    assert made.status_code == 201
    stored = ApiKey.objects.get()
    assert made.json() == {
        "id": stored.pk,
        "team": user.personal_team.pk,
        "name": "CI",
        "prefix": f"sp_{stored.prefix}",
        "scope": "write",
        "made_by": user.email,
        "created_at": stored.created_at.isoformat().replace("+00:00", "Z"),
        "last_used_at": None,
        "expires_at": None,
        "key": made.data["key"],
    }
    assert made.data["key"].startswith(f"sp_{stored.prefix}_")
    assert made.data["key"] not in str(ApiKey.objects.values().get())
    shown = as_user(user).get("/api/v1/api-keys/").json()["results"]
    assert shown == [{name: value for name, value in made.json().items() if name != "key"}]
    api.credentials(HTTP_X_API_KEY=made.data["key"])
    assert api.get("/api/v1/auth/me").data["id"] == user.pk


def test_a_key_reads_unless_asked_otherwise(as_user):
    assert as_user(UserFactory.create()).post("/api/v1/api-keys/", {"name": "CI"}).data["scope"] == "read"


NO_SCOPE = '"root" is not a valid choice; choose one of read, write.'


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": ["This field is required."]}),
        (
            {"name": "CI", "scope": "root"},
            {"scope": [NO_SCOPE]},
        ),
        (
            {"name": "CI", "expires_at": "2100-01-01T00:00:00"},
            {"expires_at": [NO_OFFSET]},
        ),
        (
            {"name": "CI", "expires_at": "2020-01-01T00:00:00Z"},
            {"expires_at": ["This is in the past; choose a later moment or leave it empty."]},
        ),
    ],
)
def test_a_bad_key_names_the_field_and_is_not_made(as_user, body, errors):
    answer = as_user(UserFactory.create()).post("/api/v1/api-keys/", body)

    assert (answer.status_code, answer.json()) == (400, errors)
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret: "",
        lambda secret: "nonsense",
        lambda secret: secret[:-1],
        lambda secret: secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        lambda secret: secret.upper(),
        lambda secret: "sp_aaaaaaaa" + secret[11:],
        lambda secret: secret + "é",
    ],
)
def test_a_wrong_key_is_401_with_a_sentence(api, key, spoil):
    api.credentials(HTTP_X_API_KEY=spoil(secret_of(key)))

    answer = api.get("/api/v1/auth/me")

    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert ApiKey.objects.get().last_used_at is None


@pytest.mark.parametrize(
    "end", ["revoked", "expired", "left the team", "inactive", "user deleted", "team deleted"]
)
def test_a_key_dies_with_what_it_stands_on(as_key, key, end):
    client = as_key(key)
    assert client.get("/api/v1/auth/me").status_code == 200
    match end:
        case "revoked":
            services.revoke_api_key(key, now=NOW)
        case "expired":
            ApiKey.objects.update(expires_at=NOW)
        case "left the team":
            Membership.objects.filter(team=key.team, user=key.user).delete()
        case "inactive":
            User.objects.filter(pk=key.user_id).update(is_active=False)
        case "user deleted":
            key.user.delete()
        case "team deleted":
            key.team.delete()

    answer = client.get("/api/v1/auth/me")

    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_a_key_lives_until_it_expires(as_key, key, time_machine):
    ApiKey.objects.update(expires_at=NOW)
    codes = []
    for moment in (NOW - timedelta(seconds=1), NOW):
        time_machine.move_to(moment, tick=False)
        codes.append(as_key(key).get("/api/v1/auth/me").status_code)

    assert codes == [200, 401]


def test_last_used_is_written_at_most_once_a_minute(as_key, key, time_machine, django_assert_num_queries):
    client = as_key(key)
    seen = []
    for seconds in (0, 59, 60):
        time_machine.move_to(NOW + timedelta(seconds=seconds), tick=False)
        client.get("/api/v1/api-keys/")
        seen.append(ApiKey.objects.get().last_used_at)
    assert seen == [NOW, NOW, NOW + timedelta(minutes=1)]

    with django_assert_num_queries(2):  # the key with its user, the page; no write
        client.get("/api/v1/api-keys/")


def test_of_two_uses_at_once_the_later_does_not_write_again(key):
    from accounts.authentication import note_use

    stale = ApiKey.objects.get()
    note_use(key, now=NOW)
    note_use(stale, now=NOW + timedelta(seconds=1))

    assert ApiKey.objects.get().last_used_at == NOW


def test_revoking_hides_the_key_keeps_the_row_and_counts_once(as_user, crew, key):
    client = as_user(crew["member"])

    assert client.delete(f"/api/v1/api-keys/{key.pk}/").status_code == 204
    revoked_at = ApiKey.objects.get().revoked_at
    services.revoke_api_key(key, now=NOW)

    assert revoked_at is not None
    assert ApiKey.objects.get().revoked_at == revoked_at
    assert client.get("/api/v1/api-keys/").data["results"] == []
    assert client.delete(f"/api/v1/api-keys/{key.pk}/").status_code == 404


def test_one_s_own_keys_and_as_admin_everybody_s(as_user, crew, key):
    ApiKeyFactory.create()
    left = ApiKeyFactory.create(user=crew["admin"])
    Membership.objects.filter(team=left.team).delete()
    own = ApiKeyFactory.create(team=crew["team"], user=crew["viewer"])

    def shown(who):
        return [row["id"] for row in as_user(crew[who]).get("/api/v1/api-keys/").data["results"]]

    assert {who: shown(who) for who in ("owner", "admin", "member", "viewer", "stranger")} == {
        "owner": [own.pk, key.pk],
        "admin": [own.pk, key.pk],
        "member": [key.pk],
        "viewer": [own.pk],
        "stranger": [],
    }


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 204), ("admin", 204), ("member", 204), ("viewer", 404), ("stranger", 404)]
)
def test_a_key_is_revoked_by_who_made_it_or_by_an_admin(as_user, crew, key, who, status):
    assert as_user(crew[who]).delete(f"/api/v1/api-keys/{key.pk}/").status_code == status
    assert (ApiKey.objects.get().revoked_at is not None) == (status == 204)


def test_who_was_demoted_to_viewer_can_still_revoke_but_not_make_a_key(as_user, crew, key):
    Membership.objects.filter(user=crew["member"], team=crew["team"]).update(role=Role.VIEWER)
    client = as_user(crew["member"])

    made = client.post("/api/v1/api-keys/", {"name": "CI", "team": crew["team"].pk})

    assert (made.status_code, made.json()) == (
        403,
        {"detail": "Your role in this team is viewer; this needs member."},
    )
    assert client.delete(f"/api/v1/api-keys/{key.pk}/").status_code == 204


def test_a_key_can_be_renamed_and_nothing_else(as_user, crew, key):
    client, path = as_user(crew["member"]), f"/api/v1/api-keys/{key.pk}/"
    other = MembershipFactory.create(user=crew["member"]).team

    assert (
        client.patch(path, {"name": "New", "scope": "write", "team": crew["team"].pk}).data["name"] == "New"
    )
    refusals = [
        client.patch(path, {"scope": "read"}),
        client.patch(path, {"expires_at": "2100-01-01T00:00:00Z"}),
        client.patch(path, {"team": other.pk}),
    ]

    assert [(answer.status_code, list(answer.json())) for answer in refusals] == [
        (400, ["scope"]),
        (400, ["expires_at"]),
        (400, ["team"]),
    ]
    key.refresh_from_db()
    assert (key.name, key.scope, key.expires_at, key.team) == ("New", "write", None, crew["team"])
    assert client.put(path, {"name": "New"}).status_code == 405


def test_a_key_makes_and_revokes_no_keys(as_key, key):
    client = as_key(key)

    answers = [
        client.post("/api/v1/api-keys/", {"name": "more"}),
        client.patch(f"/api/v1/api-keys/{key.pk}/", {"name": "more"}),
        client.delete(f"/api/v1/api-keys/{key.pk}/"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    before = key.name
    key.refresh_from_db()
    assert (ApiKey.objects.count(), key.revoked_at, key.name) == (1, None, before)


def test_an_admin_s_key_shows_the_keys_of_its_own_team_only(as_key, crew, key):
    elsewhere = ApiKeyFactory.create(user=crew["admin"])
    mine = ApiKeyFactory.create(user=crew["admin"], team=crew["team"])

    listed = as_key(mine).get("/api/v1/api-keys/").data["results"]

    assert [row["id"] for row in listed] == [mine.pk, key.pk]
    assert as_key(mine).get(f"/api/v1/api-keys/{elsewhere.pk}/").status_code == 404


@pytest.mark.parametrize("rows", [3, 30])
def test_listing_keys_costs_the_same_for_few_and_many(rows, as_user, django_assert_num_queries):
    user = UserFactory.create()
    team = TeamFactory.create(owner=user)
    for _ in range(rows):
        ApiKeyFactory.create(team=team)
    client = as_user(user)

    with django_assert_num_queries(2):  # the user, the page
        listed = client.get(f"/api/v1/api-keys/?team={team.pk}&scope=read").data["results"]

    assert len(listed) == rows
    assert client.get(f"/api/v1/api-keys/?team={10**25}").status_code == 400
