"""Inviting, accepting, renewing and withdrawing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as letters
from django.utils import timezone

from accounts import services
from accounts.models import Invitation, Membership, Role
from accounts.selectors import role_in
from tests.factories import InvitationFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEAD = {"token": ["This invitation was withdrawn, has expired or never was; ask for a new one."]}


@pytest.fixture
def invited():
    return UserFactory.create(email="new@example.com")


def accept(client, token):
    return client.post("/api/v1/invitations/accept", {"token": token})


def test_an_invitation_is_mailed_and_its_link_joins_the_team(
    crew, as_user, invited, settings, django_capture_on_commit_callbacks
):
    settings.APP_URL = "https://pulse.example.com"
    with django_capture_on_commit_callbacks(execute=True):
        made = as_user(crew["admin"]).post(
            f"/api/v1/teams/{crew['team'].pk}/invitations/", {"email": "New@example.com", "role": "viewer"}
        )

    assert made.status_code == 201
    invitation = Invitation.objects.get()
    assert made.data["accept_url"].startswith("https://pulse.example.com/invitations/accept?token=")
    assert {key: made.data[key] for key in ("id", "team", "email", "role", "invited_by")} == {
        "id": invitation.pk,
        "team": crew["team"].pk,
        "email": "new@example.com",
        "role": "viewer",
        "invited_by": crew["admin"].email,
    }
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)
    (letter,) = letters.outbox
    assert (letter.to, letter.subject) == (["new@example.com"], "You are invited to Crew on SentryPulse")
    assert made.data["accept_url"] in letter.body.splitlines()

    token = made.data["accept_url"].partition("token=")[2]
    joined = accept(as_user(invited), token)
    assert (joined.status_code, joined.data["id"], joined.data["role"]) == (200, crew["team"].pk, "viewer")
    assert role_in(invited, crew["team"].pk) == Role.VIEWER


def test_the_token_is_stored_only_as_a_hash_and_never_listed(crew, as_user):
    invitation, token = services.invite(
        crew["team"], by=crew["owner"], email="new@example.com", role=Role.MEMBER, now=NOW
    )

    listed = as_user(crew["owner"]).get(f"/api/v1/teams/{crew['team'].pk}/invitations/").json()["results"]

    assert set(listed[0]) == {"id", "team", "email", "role", "invited_by", "created_at", "expires_at"}
    assert token not in str(Invitation.objects.values().get())
    assert len(invitation.token_hash) == 64


def test_accepting_twice_joins_once(crew, as_user, invited):
    InvitationFactory.create(team=crew["team"], email=invited.email, token="t0ken")

    answers = [accept(as_user(invited), "t0ken") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Membership.objects.filter(team=crew["team"], user=invited).count() == 1


def test_a_used_invitation_does_not_let_a_removed_member_back_in(crew, as_user, invited):
    InvitationFactory.create(team=crew["team"], email=invited.email, token="t0ken")
    accept(as_user(invited), "t0ken")
    services.remove_member(
        Membership.objects.get(team=crew["team"], user=invited), by=crew["owner"], now=timezone.now()
    )

    again = accept(as_user(invited), "t0ken")

    assert (again.status_code, again.json()) == (400, DEAD)
    assert role_in(invited, crew["team"].pk) is None


def test_an_invitation_is_for_its_address_only(crew, as_user):
    InvitationFactory.create(team=crew["team"], email="new@example.com", token="t0ken")

    answer = accept(as_user(crew["stranger"]), "t0ken")

    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "This invitation is for another address; sign in with that one."},
    )
    assert role_in(crew["stranger"], crew["team"].pk) is None
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize(("age", "status"), [(timedelta(days=7, seconds=-1), 200), (timedelta(days=7), 400)])
def test_an_invitation_lives_seven_days(crew, as_user, invited, age, status, time_machine):
    InvitationFactory.create(team=crew["team"], email=invited.email, token="t0ken", created_at=NOW)
    time_machine.move_to(NOW + age, tick=False)

    assert accept(as_user(invited), "t0ken").status_code == status
    assert (role_in(invited, crew["team"].pk) is not None) == (status == 200)


def test_withdrawing_kills_the_link(crew, as_user, invited):
    invitation = InvitationFactory.create(team=crew["team"], email=invited.email, token="t0ken")
    path = f"/api/v1/teams/{crew['team'].pk}/invitations/{invitation.pk}/"

    assert [as_user(crew[who]).delete(path).status_code for who in ("stranger", "member", "admin")] == [
        404,
        403,
        204,
    ]
    answer = accept(as_user(invited), "t0ken")
    assert (answer.status_code, answer.json()) == (400, DEAD)


def test_inviting_again_renews_and_kills_the_old_link(crew, as_user, invited):
    _, old = services.invite(
        crew["team"], by=crew["owner"], email="new@example.com", role=Role.ADMIN, now=NOW
    )
    renewed = as_user(crew["admin"]).post(
        f"/api/v1/teams/{crew['team'].pk}/invitations/", {"email": "new@example.com", "role": "viewer"}
    )

    assert Invitation.objects.get().pk == renewed.data["id"]
    assert accept(as_user(invited), old).json() == DEAD
    assert accept(as_user(invited), renewed.data["accept_url"].partition("token=")[2]).status_code == 200
    assert role_in(invited, crew["team"].pk) == Role.VIEWER


def test_a_removed_member_can_be_invited_again(crew, as_user, invited):
    InvitationFactory.create(team=crew["team"], email=invited.email, token="t0ken", accepted_at=NOW)

    _, token = services.invite(
        crew["team"], by=crew["owner"], email=invited.email, role=Role.VIEWER, now=datetime.now(UTC)
    )

    assert accept(as_user(invited), token).status_code == 200


def test_a_member_is_not_invited_again(crew, as_user):
    answer = as_user(crew["owner"]).post(
        f"/api/v1/teams/{crew['team'].pk}/invitations/", {"email": crew["viewer"].email}
    )

    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": f"{crew['viewer'].email} is a member of this team already."},
    )
    assert Invitation.objects.count() == 0


def test_who_joined_meanwhile_keeps_the_role_they_have(crew, as_user):
    InvitationFactory.create(team=crew["team"], email=crew["admin"].email, role=Role.VIEWER, token="t0ken")

    assert accept(as_user(crew["admin"]), "t0ken").status_code == 200
    assert role_in(crew["admin"], crew["team"].pk) == Role.ADMIN
    assert Invitation.objects.get().accepted_at is not None


def test_an_admin_cannot_invite_an_owner(crew, as_user, django_capture_on_commit_callbacks):
    path = f"/api/v1/teams/{crew['team'].pk}/invitations/"
    with django_capture_on_commit_callbacks(execute=True):
        answers = [
            as_user(crew[who]).post(path, {"email": "new@example.com", "role": "owner"})
            for who in ("admin", "owner")
        ]

    assert [answer.status_code for answer in answers] == [403, 201]
    assert answers[0].json() == {"detail": "Your role in this team is admin; this needs owner."}
    assert len(letters.outbox) == 1


def test_an_accepted_invitation_is_not_listed(crew, as_user):
    waiting = InvitationFactory.create(team=crew["team"])
    InvitationFactory.create(team=crew["team"], accepted_at=NOW)
    InvitationFactory.create()

    listed = as_user(crew["viewer"]).get(f"/api/v1/teams/{crew['team'].pk}/invitations/").data["results"]

    assert [(row["id"], row["invited_by"]) for row in listed] == [(waiting.pk, None)]


@pytest.mark.parametrize("body", [{"email": "nobody"}, {}, {"email": "a@example.com", "role": "king"}])
def test_a_bad_invitation_names_the_field_and_is_not_sent(crew, as_user, body):
    answer = as_user(crew["owner"]).post(f"/api/v1/teams/{crew['team'].pk}/invitations/", body)

    assert (answer.status_code, list(answer.json())) == (400, ["role" if "role" in body else "email"])
    assert Invitation.objects.count() == 0


@pytest.mark.parametrize("rows", [3, 30])
def test_listing_invitations_costs_the_same_for_few_and_many(rows, crew, as_user, django_assert_num_queries):
    for _ in range(rows):
        inviter = MembershipFactory.create(team=crew["team"], role=Role.ADMIN).user
        InvitationFactory.create(team=crew["team"], invited_by=inviter)
    client = as_user(crew["viewer"])

    with django_assert_num_queries(3):  # the user, the role, the page
        listed = client.get(f"/api/v1/teams/{crew['team'].pk}/invitations/").data["results"]

    assert len(listed) == rows
