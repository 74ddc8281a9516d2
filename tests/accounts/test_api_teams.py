"""Teams and their members: who may see, change, leave and delete what."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts import services
from accounts.models import Membership, Role, Team
from accounts.selectors import role_in, team_ids_for
from core.errors import RuleViolation
from tests.factories import (
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
EVERYONE = ["owner", "admin", "member", "viewer", "stranger"]


def member_path(crew, who):
    membership = Membership.objects.get(team=crew["team"], user=crew[who])
    return f"/api/v1/teams/{crew['team'].pk}/members/{membership.pk}/"


def roles(team):
    return dict(Membership.objects.filter(team=team).values_list("user_id", "role"))


def test_a_user_reads_the_teams_they_belong_to(crew):
    viewer = crew["viewer"]

    assert team_ids_for(viewer) == sorted([viewer.personal_team.pk, crew["team"].pk])
    assert team_ids_for(AnonymousUser()) == []
    assert [role_in(crew[who], crew["team"].pk) for who in EVERYONE] == [*Role, None]
    assert role_in(AnonymousUser(), crew["team"].pk) is None


def test_behind_an_api_key_only_its_team_counts(crew):
    user = crew["admin"]
    user.api_key = ApiKeyFactory.create(user=user, team=crew["team"])

    assert team_ids_for(user) == [crew["team"].pk]
    assert role_in(user, crew["team"].pk) == Role.ADMIN
    assert role_in(user, user.personal_team.pk) is None


def test_who_makes_a_team_owns_it(as_user):
    user = UserFactory.create()

    answer = as_user(user).post("/api/v1/teams/", {"name": "Ops", "timezone": "Europe/Berlin"})

    team = Team.objects.get(name="Ops")
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": team.pk,
            "name": "Ops",
            "timezone": "Europe/Berlin",
            "personal": False,
            "role": "owner",
            "created_at": team.created_at.isoformat().replace("+00:00", "Z"),
        },
    )
    assert roles(team) == {user.pk: "owner"}


def test_who_owns_as_many_teams_as_one_may_makes_no_more(as_user, settings):
    """Each team has a share and quotas of its own: whoever could make any number had all of everything."""
    settings.TEAMS_A_USER = 2
    user = UserFactory.create()
    api = as_user(user)
    assert api.post("/api/v1/teams/", {"name": "One"}).status_code == 201  # besides the personal one
    refused = api.post("/api/v1/teams/", {"name": "Two"})
    assert refused.status_code == 409
    assert "You own 2 teams, and 2 are the most one may own." in refused.json()["detail"]
    assert not Team.objects.filter(name="Two").exists()


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": " "}, {"name": ["This field may not be blank."]}),
        ({"name": "a\nb"}, {"name": ["Write this on one line, without control characters."]}),
        ({"name": "x" * 101}, {"name": ["Ensure this field has no more than 100 characters."]}),
        *(
            (
                {"name": "Ops", "timezone": zone},
                {"timezone": [f"There is no time zone {zone!r}; use an IANA name such as Europe/Berlin."]},
            )
            for zone in ("Mars/Olympus", "../etc/passwd", "Europe", "/etc/localtime")
        ),
    ],
)
def test_a_bad_team_names_the_field_and_the_fix(as_user, body, errors):
    user = UserFactory.create()

    answer = as_user(user).post("/api/v1/teams/", body)

    assert (answer.status_code, answer.json()) == (400, errors)
    assert Team.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("get", "", None, [200, 200, 200, 200, 404]),
        ("patch", "", {"name": "New"}, [200, 200, 403, 403, 404]),
        ("put", "", {"name": "New"}, [200, 200, 403, 403, 404]),
        ("delete", "", None, [204, 403, 403, 403, 404]),
        ("get", "members/", None, [200, 200, 200, 200, 404]),
        ("get", "invitations/", None, [200, 200, 200, 200, 404]),
        ("post", "invitations/", {"email": "new@example.com"}, [201, 201, 403, 403, 404]),
        ("post", "invitations/", {}, [400, 400, 403, 403, 404]),
    ],
)
def test_each_role_may_do_this_to_a_team(crew, as_user, method, path, body, expected):
    path = f"/api/v1/teams/{crew['team'].pk}/{path}"

    # From the least to the most, because the owner may delete it.
    got = [getattr(as_user(crew[who]), method)(path, body).status_code for who in reversed(EVERYONE)]

    assert got[::-1] == expected


@pytest.mark.parametrize(
    ("method", "target", "body", "expected"),
    [
        ("get", "viewer", None, [200, 200, 200, 200, 404]),
        ("patch", "viewer", {"role": "member"}, [200, 200, 403, 403, 404]),
        ("patch", "viewer", {"role": "admin"}, [200, 200, 403, 403, 404]),
        ("patch", "viewer", {"role": "owner"}, [200, 403, 403, 403, 404]),
        ("patch", "owner", {"role": "owner"}, [200, 403, 403, 403, 404]),
        ("patch", "viewer", {"role": "king"}, [400, 400, 403, 403, 404]),
        ("delete", "bystander", None, [204, 204, 403, 403, 404]),
        ("delete", "second_owner", None, [204, 403, 403, 403, 404]),
    ],
)
def test_each_role_may_do_this_to_a_member(crew, as_user, method, target, body, expected):
    team = crew["team"]
    crew["second_owner"] = MembershipFactory.create(team=team, role=Role.OWNER).user

    got = []
    for who in EVERYONE:
        crew["bystander"] = MembershipFactory.create(team=team, role=Role.VIEWER).user
        answer = getattr(as_user(crew[who]), method)(member_path(crew, target), body)
        got.append(answer.status_code)
        if who == "owner" and target == "second_owner":
            MembershipFactory.create(team=team, user=crew["second_owner"], role=Role.OWNER)
        Membership.objects.filter(team=team, user=crew["viewer"]).update(role=Role.VIEWER)

    assert got == expected


def test_a_refusal_says_which_role_it_needs_and_changes_nothing(crew, as_user):
    before = roles(crew["team"])

    answer = as_user(crew["viewer"]).patch(member_path(crew, "member"), {"role": "viewer"})

    assert answer.json() == {"detail": "Your role in this team is viewer; this needs admin."}
    assert roles(crew["team"]) == before


@pytest.mark.parametrize("who", ["admin", "member", "viewer"])
def test_everybody_but_the_last_owner_may_leave(crew, as_user, who):
    assert as_user(crew[who]).delete(member_path(crew, who)).status_code == 204
    assert role_in(crew[who], crew["team"].pk) is None


@pytest.mark.parametrize("method", ["delete", "patch"])
def test_the_last_owner_stays(crew, as_user, method):
    answer = getattr(as_user(crew["owner"]), method)(member_path(crew, "owner"), {"role": "admin"})

    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "A team needs an owner; make somebody else one first."},
    )
    assert role_in(crew["owner"], crew["team"].pk) == Role.OWNER


def test_an_owner_who_is_not_the_last_may_step_down(crew, as_user):
    MembershipFactory.create(team=crew["team"], role=Role.OWNER)

    answer = as_user(crew["owner"]).patch(member_path(crew, "owner"), {"role": "viewer"})

    assert (answer.status_code, answer.data["role"]) == (200, "viewer")


def test_a_personal_team_can_neither_be_left_nor_deleted_nor_lost(as_user):
    user = UserFactory.create()
    team = user.personal_team
    other = MembershipFactory.create(team=team, role=Role.OWNER).user
    mine = Membership.objects.get(team=team, user=user)
    path = f"/api/v1/teams/{team.pk}/"

    answers = [
        as_user(user).delete(path),
        as_user(user).delete(f"{path}members/{mine.pk}/"),
        as_user(other).delete(f"{path}members/{mine.pk}/"),
        as_user(other).patch(f"{path}members/{mine.pk}/", {"role": "viewer"}),
    ]

    assert [answer.json()["detail"] for answer in answers] == [
        "A personal team cannot be deleted.",
        *["Everybody stays the owner of their personal team."] * 3,
    ]
    assert {answer.status_code for answer in answers} == {409}
    assert roles(team) == {user.pk: "owner", other.pk: "owner"}


def test_removing_somebody_who_has_left_says_so(crew):
    membership = Membership.objects.get(team=crew["team"], user=crew["viewer"])
    services.remove_member(membership, by=crew["admin"], now=timezone.now())

    membership = Membership(pk=10**6, team=crew["team"], user=crew["viewer"])
    with pytest.raises(RuleViolation, match="has left the team already"):
        services.remove_member(membership, by=crew["admin"], now=timezone.now())


@pytest.mark.parametrize("change", ["removed", "demoted"])
def test_who_may_no_longer_invite_leaves_no_invitation_behind(crew, change):
    InvitationFactory.create(team=crew["team"], invited_by=crew["admin"])
    others = InvitationFactory.create(team=crew["team"], invited_by=crew["owner"])
    membership = Membership.objects.get(team=crew["team"], user=crew["admin"])

    if change == "removed":
        services.remove_member(membership, by=crew["owner"], now=timezone.now())
    else:
        services.change_role(membership, by=crew["owner"], role=Role.MEMBER)

    assert list(crew["team"].invitations.all()) == [others]


def test_a_patch_changes_only_what_it_names(crew, as_user):
    Team.objects.filter(pk=crew["team"].pk).update(timezone="Europe/Berlin")

    answer = as_user(crew["admin"]).patch(f"/api/v1/teams/{crew['team'].pk}/", {"name": "New"})

    assert (answer.data["name"], answer.data["timezone"], answer.data["role"]) == (
        "New",
        "Europe/Berlin",
        "admin",
    )
    assert Team.objects.get(pk=crew["team"].pk).name == "New"


def test_a_team_s_number_from_the_void_is_a_404(as_user):
    client = as_user(UserFactory.create())

    for number in (0, 999_999, 10**25):
        for path in ("", "members/", "members/1/", "invitations/"):
            assert client.get(f"/api/v1/teams/{number}/{path}").status_code == 404
    assert client.get("/api/v1/teams/x/").status_code == 404


def test_a_member_of_one_team_is_not_found_through_another(crew, as_user):
    mine = TeamFactory.create(owner=crew["owner"])
    elsewhere = MembershipFactory.create()

    for pk in (elsewhere.pk, Membership.objects.get(team=crew["team"], user=crew["viewer"]).pk):
        assert as_user(crew["owner"]).delete(f"/api/v1/teams/{mine.pk}/members/{pk}/").status_code == 404
    assert Membership.objects.filter(pk=elsewhere.pk).exists()


@pytest.mark.parametrize("scope", ["read", "write"])
def test_an_api_key_reads_its_team_and_changes_no_membership(crew, as_key, scope):
    client = as_key(ApiKeyFactory.create(user=crew["owner"], team=crew["team"], scope=scope))
    path = f"/api/v1/teams/{crew['team'].pk}/"
    before = roles(crew["team"])

    reads = [client.get(path), client.get(f"{path}members/"), client.get(f"{path}invitations/")]
    writes = [
        client.post("/api/v1/teams/", {"name": "New"}),
        client.patch(path, {"name": "New"}),
        client.delete(path),
        client.post(f"{path}invitations/", {"email": "thief@example.com"}),
        client.patch(member_path(crew, "viewer"), {"role": "owner"}),
        client.delete(member_path(crew, "viewer")),
    ]

    assert [answer.status_code for answer in (*reads, *writes)] == [200] * 3 + [403] * 6
    assert client.get(f"/api/v1/teams/{crew['owner'].personal_team.pk}/").status_code == 404
    assert [team["id"] for team in client.get("/api/v1/teams/").data["results"]] == [crew["team"].pk]
    assert roles(crew["team"]) == before
    assert crew["team"].invitations.count() == 0


@pytest.mark.parametrize("rows", [3, 30])
def test_listing_teams_and_members_costs_the_same_for_few_and_many(rows, as_user, django_assert_num_queries):
    user = UserFactory.create()
    crowded = TeamFactory.create(owner=user)
    MembershipFactory.create_batch(rows - 1, team=crowded)
    for team in TeamFactory.create_batch(rows - 2):
        MembershipFactory.create(team=team, user=user, role=Role.VIEWER)
    client = as_user(user)

    with django_assert_num_queries(2):  # the user, the page
        teams = client.get("/api/v1/teams/").data["results"]
    with django_assert_num_queries(3):  # the user, the role, the page
        members = client.get(f"/api/v1/teams/{crowded.pk}/members/").data["results"]

    assert (len(teams), len(members)) == (rows, rows)
    assert [team["role"] for team in teams] == ["owner", "owner", *["viewer"] * (rows - 2)]


def test_members_can_be_filtered_by_role_and_found_by_name(crew, as_user):
    client = as_user(crew["viewer"])
    path = f"/api/v1/teams/{crew['team'].pk}/members/"

    assert [row["user"] for row in client.get(f"{path}?role=admin").data["results"]] == [crew["admin"].pk]
    found = client.get(f"{path}?search={crew['member'].email}").data["results"]
    assert [(row["user"], row["email"], row["role"]) for row in found] == [
        (crew["member"].pk, crew["member"].email, "member")
    ]
