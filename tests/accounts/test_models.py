"""What the database itself refuses, and what every user has."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey, Invitation, Membership, Role, Team, User
from core.errors import RuleViolation
from tests.factories import (
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
# MySQL tells of a broken CHECK by an OperationalError (3819, 4025 in MariaDB).
BROKEN = (IntegrityError, OperationalError)
threads_only = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer at a time, and its tests one connection"
)


@pytest.mark.parametrize(
    "write",
    [
        lambda: Membership.objects.update(role="king"),
        lambda: Invitation.objects.update(role="king"),
        lambda: ApiKey.objects.update(scope="root"),
        lambda: UserFactory.create(email=User.objects.earliest("pk").email),
        lambda: MembershipFactory.create(
            team=Membership.objects.latest("pk").team, user=Membership.objects.latest("pk").user
        ),
        lambda: InvitationFactory.create(team=Invitation.objects.get().team, email="twice@example.com"),
        lambda: InvitationFactory.create(token_hash=Invitation.objects.get().token_hash),
        lambda: ApiKeyFactory.create(prefix=ApiKey.objects.get().prefix),
        lambda: TeamFactory.create(personal_of=User.objects.earliest("pk")),
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_what_must_not_be(write):
    InvitationFactory.create(team=ApiKeyFactory.create().team, email="twice@example.com")

    with pytest.raises(BROKEN), transaction.atomic():
        write()


@pytest.mark.django_db
def test_two_accounts_never_differ_in_case_only():
    """SQLite refuses the capital, MariaDB finds it equal."""
    UserFactory.create(email="ada@example.com")
    other = UserFactory.create()

    with pytest.raises(BROKEN), transaction.atomic():
        User.objects.filter(pk=other.pk).update(email="ADA@example.com")


@pytest.mark.django_db
def test_a_user_made_by_createsuperuser_has_a_personal_team(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")

    call_command("createsuperuser", "--noinput", "--email", "Op@Example.com", verbosity=0)

    user = User.objects.get(email="op@example.com")
    assert (user.is_superuser, user.is_staff, user.personal_team.name) == (True, True, "op's team")


@pytest.mark.django_db
def test_a_user_whose_team_cannot_be_made_is_not_made(monkeypatch):
    def fail(user):
        raise RuntimeError

    monkeypatch.setattr("accounts.models.make_personal_team", fail)

    with pytest.raises(RuntimeError):
        User.objects.create_user("ada@example.com", "correct horse battery")
    assert User.objects.count() == 0


@pytest.mark.django_db
def test_deleting_a_user_takes_their_personal_team_and_leaves_the_others():
    user = UserFactory.create()
    team = MembershipFactory.create(user=user).team

    user.delete()

    assert list(Team.objects.all()) == [team]


def at_once(*calls):
    """Run each in a thread of its own, released together; what each returned or raised."""
    gate = threading.Barrier(len(calls))

    def run(call):
        gate.wait(10)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(run, call) for call in calls]
    return [future.exception() or future.result() for future in futures]


@threads_only
@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_owner():
    team = TeamFactory.create()
    owners = [MembershipFactory.create(team=team, role=Role.OWNER) for _ in range(2)]

    outcomes = at_once(
        *(lambda one=one: services.remove_member(one, by=one.user, now=timezone.now()) for one in owners)
    )

    assert {type(outcome) for outcome in outcomes} == {type(None), RuleViolation}
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1


@threads_only
@pytest.mark.django_db(transaction=True)
def test_an_invitation_accepted_four_times_at_once_joins_once():
    user = UserFactory.create()
    invitation = InvitationFactory.create(email=user.email, token="t0ken")

    outcomes = at_once(
        *[lambda: services.accept_invitation(user, token="t0ken", now=invitation.created_at)] * 4
    )

    assert outcomes == [invitation.team] * 4
    assert Membership.objects.filter(team=invitation.team, user=user).count() == 1


@threads_only
@pytest.mark.django_db(transaction=True)
def test_an_address_that_signs_up_four_times_at_once_is_one_account():
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    paths = ["/_allauth/browser/v1/auth/signup", "/api/v1/auth/register"] * 2

    answers = at_once(
        *[lambda path=path: Client().post(path, body, content_type="application/json") for path in paths]
    )

    assert sorted(answer.status_code // 100 for answer in answers) == [2, 4, 4, 4]
    assert {answer.status_code for answer in answers} <= {200, 201, 400}
    assert (User.objects.count(), Team.objects.count(), EmailAddress.objects.count()) == (1, 1, 1)
