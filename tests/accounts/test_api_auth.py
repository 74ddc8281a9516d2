"""Registering, logging in, refreshing, logging out, and who one is."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, identify_hasher, make_password
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import services
from accounts.models import Membership, Role, Team, User
from accounts.tokens import purge_expired_tokens
from tests.factories import PASSWORD, ApiKeyFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def log_in(api, email, password=PASSWORD):
    return api.post("/api/v1/auth/token", {"email": email, "password": password})


def test_registering_answers_with_the_user_and_a_pair_that_works(api):
    answer = api.post(
        "/api/v1/auth/register", {"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada"}
    )

    assert answer.status_code == 201
    user = User.objects.get()
    assert answer.data["user"] == {
        "id": user.pk,
        "email": "ada@example.com",
        "name": "Ada",
        "joined_at": user.joined_at.isoformat().replace("+00:00", "Z"),
    }
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.data['access']}")
    assert api.get("/api/v1/auth/me").data["email"] == "ada@example.com"


def test_registering_makes_a_personal_team_that_the_user_owns(api):
    api.post("/api/v1/auth/register", {"email": "ada@example.com", "password": PASSWORD})

    team = Team.objects.get()
    assert (team.name, team.personal_of) == ("ada's team", User.objects.get())
    assert list(Membership.objects.values_list("user__email", "role")) == [("ada@example.com", "owner")]


def test_an_address_registers_once_whatever_its_case(api):
    UserFactory.create(email="ada@example.com")

    answer = api.post("/api/v1/auth/register", {"email": "ADA@example.com", "password": PASSWORD})

    assert (answer.status_code, answer.json()) == (
        400,
        {"email": ["An account with this address exists; log in or reset the password."]},
    )
    assert User.objects.count() == 1


def test_who_loses_the_race_for_an_address_gets_the_same_answer(api, monkeypatch):
    UserFactory.create(email="ada@example.com")
    monkeypatch.setattr(
        "allauth.account.internal.flows.manage_email.assess_unique_email", lambda *_, **__: True
    )

    answer = api.post("/api/v1/auth/register", {"email": "ada@example.com", "password": PASSWORD})

    assert (answer.status_code, list(answer.json())) == (400, ["email"])
    assert (User.objects.count(), Team.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": PASSWORD}, "email"),
        ({"email": "nobody", "password": PASSWORD}, "email"),
        ({"email": "ada@example.com"}, "password"),
        ({"email": "ada@example.com", "password": "short"}, "password"),
        ({"email": "ada@example.com", "password": "password1234567890" * 20}, "password"),
        ({"email": "longname@example.com", "password": "longname@example"}, "password"),
        ({"email": "ada@example.com", "password": PASSWORD, "name": "Ada\r\nBcc: all"}, "name"),
    ],
)
def test_a_bad_registration_names_the_field_and_leaves_nothing(api, body, field):
    answer = api.post("/api/v1/auth/register", body)

    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert User.objects.count() == 0


def test_logging_in_ignores_the_case_of_the_address_and_notes_when(api):
    user = UserFactory.create(email="ada@example.com")

    answer = log_in(api, " ADA@Example.com")

    assert (answer.status_code, set(answer.data)) == (200, {"access", "refresh"})
    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.parametrize("email", ["ada@example.com", "gone@example.com", "nobody@example.com"])
def test_wrong_password_inactive_and_unknown_get_the_same_answer(api, email):
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)

    answer = log_in(api, email, "wrong horse battery")

    assert (answer.status_code, answer.json()) == (
        401,
        {"detail": "No active account has this address and password."},
    )
    assert OutstandingToken.objects.count() == 0


def test_an_inactive_user_cannot_log_in_with_the_right_password(api):
    UserFactory.create(email="gone@example.com", is_active=False)

    assert log_in(api, "gone@example.com").status_code == 401


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_a_log_in_hashes_once_whether_or_not_the_account_exists(api, email, monkeypatch):
    UserFactory.create(email="ada@example.com")
    hashed, encode = [], MD5PasswordHasher.encode

    def note_hash(self, *args):
        hashed.append(self.algorithm)
        return encode(self, *args)

    monkeypatch.setattr(MD5PasswordHasher, "encode", note_hash)

    assert log_in(api, email, "wrong horse battery").status_code == 401
    assert hashed == ["md5"]


def test_passwords_are_stored_with_argon2(settings):
    from sentrypulse.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    hasher = identify_hasher(make_password(PASSWORD))

    assert hasher.algorithm == "argon2"


def test_a_stale_token_in_the_header_does_not_keep_one_from_logging_in(api):
    user = UserFactory.create()
    api.credentials(HTTP_AUTHORIZATION="Bearer stale")

    assert log_in(api, user.email).status_code == 200


def test_a_refresh_token_works_once_and_gives_the_next(api):
    pair = log_in(api, UserFactory.create().email).data

    fresh = api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]})
    again = api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]})
    onward = api.post("/api/v1/auth/token/refresh", {"refresh": fresh.data["refresh"]})

    assert [fresh.status_code, again.status_code, onward.status_code] == [200, 401, 200]
    assert again.json() == {"detail": "This refresh token is not valid, was used or has ended; log in."}
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {onward.data['access']}")
    assert api.get("/api/v1/auth/me").status_code == 200


def test_of_two_refreshes_at_once_one_wins(api, monkeypatch):
    pair = log_in(api, UserFactory.create().email).data
    # Both have looked at the deny-list before either is on it.
    monkeypatch.setattr("accounts.tokens.RefreshToken.check_blacklist", lambda self: None)

    answers = [api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert OutstandingToken.objects.count() == 2


@pytest.mark.parametrize("change", ["deactivate", "delete"])
def test_the_refresh_token_of_a_user_who_is_gone_is_dead(api, change):
    user = UserFactory.create()
    pair = log_in(api, user.email).data
    if change == "delete":
        user.delete()
    else:
        User.objects.update(is_active=False)

    assert api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(api):
    pair = log_in(api, UserFactory.create().email).data

    assert api.post("/api/v1/auth/token/refresh", {"refresh": pair["access"]}).status_code == 401
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['refresh']}")
    assert api.get("/api/v1/auth/me").status_code == 401


def test_logging_out_twice_ends_the_refresh_token_once(api):
    pair = log_in(api, UserFactory.create().email).data

    answers = [api.post("/api/v1/auth/logout", {"refresh": pair["refresh"]}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert BlacklistedToken.objects.count() == 1
    assert api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_logging_out_with_something_else_says_so(api):
    answer = api.post("/api/v1/auth/logout", {"refresh": "nonsense"})

    assert (answer.status_code, answer.json()) == (
        400,
        {"refresh": ["This is not a refresh token of ours."]},
    )


def test_a_bad_access_token_is_401_with_a_sentence(api):
    api.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    answer = api.get("/api/v1/auth/me")

    assert (answer.status_code, answer.json()) == (
        401,
        {"detail": "This access token is not valid or has expired; refresh it or log in."},
    )
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_me_shows_my_teams_with_my_role_in_each(as_user):
    user = UserFactory.create(email="ada@example.com", name="Ada")
    team = MembershipFactory.create(user=user, role=Role.VIEWER, team__name="Ops").team
    MembershipFactory.create(team=team, role=Role.OWNER)

    me = as_user(user).get("/api/v1/auth/me").json()

    assert {key: me[key] for key in ("id", "email", "name")} == {
        "id": user.pk,
        "email": "ada@example.com",
        "name": "Ada",
    }
    assert [(one["name"], one["personal"], one["role"]) for one in me["teams"]] == [
        ("Ada's team", True, "owner"),
        ("Ops", False, "viewer"),
    ]


def test_me_behind_an_api_key_shows_the_key_s_team_only(as_key):
    key = ApiKeyFactory.create()

    assert [team["id"] for team in as_key(key).get("/api/v1/auth/me").data["teams"]] == [key.team_id]


def test_me_can_be_renamed_but_not_readdressed(as_user):
    user = UserFactory.create(email="ada@example.com")
    client = as_user(user)

    renamed = client.patch("/api/v1/auth/me", {"name": "Countess", "email": "ada@example.com"})
    refused = client.patch("/api/v1/auth/me", {"name": "Eve", "email": "eve@example.com"})

    assert (renamed.status_code, renamed.data["name"]) == (200, "Countess")
    assert (refused.status_code, refused.json()) == (
        400,
        {"email": ["The address cannot be changed here; ask an operator."]},
    )
    user.refresh_from_db()
    assert (user.name, user.email) == ("Countess", "ada@example.com")


def test_renaming_does_not_write_an_old_password_back():
    user = UserFactory.create()
    User.objects.filter(pk=user.pk).update(password="newer")

    services.rename_user(user, name="Countess")

    user.refresh_from_db()
    assert (user.name, user.password) == ("Countess", "newer")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/auth/me"),
        ("patch", "/api/v1/auth/me"),
        ("post", "/api/v1/auth/password"),
        ("get", "/api/v1/teams/"),
        ("post", "/api/v1/teams/"),
        ("get", "/api/v1/teams/1/members/"),
        ("get", "/api/v1/teams/1/invitations/"),
        ("post", "/api/v1/teams/1/invitations/"),
        ("post", "/api/v1/invitations/accept"),
        ("get", "/api/v1/api-keys/"),
        ("post", "/api/v1/api-keys/"),
    ],
)
def test_nobody_gets_in_without_signing_in(api, method, path):
    assert getattr(api, method)(path).status_code == 401


def test_expired_refresh_tokens_are_forgotten_and_live_ones_are_not(api):
    user = UserFactory.create()
    for _ in range(3):
        log_in(api, user.email)
    now = OutstandingToken.objects.order_by("pk")[0].expires_at
    OutstandingToken.objects.filter(pk=OutstandingToken.objects.latest("pk").pk).update(
        expires_at=now + timedelta(days=1)
    )

    purged = [purge_expired_tokens(now=now + timedelta(hours=1), limit=1) for _ in range(3)]

    assert (purged, OutstandingToken.objects.count()) == ([1, 1, 0], 1)
