"""What the database itself refuses, and what every user has."""

import threading
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction

from accounts import mail, services
from accounts.models import ApiKey, Invitation, Membership, Role, Team, User
from sentrypulse.errors import DomainError
from tests.accounts.factories import (
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
        lambda: UserFactory(email=User.objects.first().email),
        lambda: MembershipFactory(team=Team.objects.last(), user=Membership.objects.last().user),
        lambda: InvitationFactory(team=Invitation.objects.get().team, email=Invitation.objects.get().email),
        lambda: InvitationFactory(token_hash=Invitation.objects.get().token_hash),
        lambda: ApiKeyFactory(prefix=ApiKey.objects.get().prefix),
        lambda: TeamFactory(personal_of=User.objects.first()),
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_what_must_not_be(write):
    InvitationFactory(team=ApiKeyFactory().team)

    with pytest.raises(BROKEN), transaction.atomic():
        write()


@pytest.mark.django_db
def test_two_accounts_never_differ_in_case_only():
    """SQLite refuses the capital, MariaDB finds it equal."""
    UserFactory(email="ada@example.com")
    other = UserFactory()

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
    user = UserFactory()
    team = MembershipFactory(user=user).team

    user.delete()

    assert list(Team.objects.all()) == [team]


@pytest.mark.django_db
def test_a_letter_is_sent_after_the_commit_by_a_thread(
    monkeypatch, settings, mailoutbox, django_capture_on_commit_callbacks
):
    monkeypatch.undo()
    seen = []
    deliver = mail.deliver
    monkeypatch.setattr(
        mail, "deliver", lambda *args: seen.append(threading.current_thread()) or deliver(*args)
    )

    with django_capture_on_commit_callbacks(execute=True):
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})
        assert mailoutbox == []
    for thread in threading.enumerate():
        if thread.name == "mail-password_changed":
            thread.join(10)

    assert [letter.to for letter in mailoutbox] == [["ada@example.com"]]
    assert seen != [threading.main_thread()]


@pytest.mark.django_db
def test_on_lambda_the_request_sends_the_letter_itself(
    monkeypatch, settings, mailoutbox, django_capture_on_commit_callbacks
):
    monkeypatch.undo()
    settings.ENGINE = "serverless"

    with django_capture_on_commit_callbacks(execute=True):
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})

    assert len(mailoutbox) == 1


@pytest.mark.django_db
def test_a_mail_server_in_trouble_is_logged_and_nothing_more(
    monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def refuse(self):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    caplog.set_level("ERROR", logger="accounts.mail")

    with django_capture_on_commit_callbacks(execute=True):
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})

    assert [record.getMessage() for record in caplog.records] == ["mail template=password_changed failed"]


@pytest.mark.django_db
def test_a_letter_of_a_transaction_that_fails_is_never_sent(mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})
        raise RuntimeError

    assert mailoutbox == []


@pytest.mark.django_db
def test_names_in_letters_are_not_escaped(mailoutbox, django_capture_on_commit_callbacks):
    owner = UserFactory(name="O'Neill & Sons")
    with django_capture_on_commit_callbacks(execute=True):
        services.invite(
            TeamFactory(name="R&D", owner=owner), by=owner, email="new@example.com", role=Role.MEMBER, now=NOW
        )

    (letter,) = mailoutbox
    assert letter.subject == "You are invited to R&D on SentryPulse"
    assert 'O\'Neill & Sons invites you to the team "R&D" on SentryPulse, as member.' in letter.body


def at_once(*calls):
    """Run each in a thread of its own, released together; what each returned or raised."""
    gate, outcomes = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        gate.wait(10)
        try:
            outcomes[index] = call()
        except Exception as error:
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


@threads_only
@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one_owner():
    team = TeamFactory()
    owners = [MembershipFactory(team=team, role=Role.OWNER) for _ in range(2)]

    outcomes = at_once(*(lambda one=one: services.remove_member(one, by=one.user) for one in owners))

    assert {type(outcome) for outcome in outcomes} == {type(None), DomainError}
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1


@threads_only
@pytest.mark.django_db(transaction=True)
def test_an_invitation_accepted_four_times_at_once_joins_once():
    user = UserFactory()
    invitation = InvitationFactory(email=user.email, token="t0ken")

    outcomes = at_once(
        *[lambda: services.accept_invitation(user, token="t0ken", now=invitation.created_at)] * 4
    )

    assert outcomes == [invitation.team] * 4
    assert Membership.objects.filter(team=invitation.team, user=user).count() == 1


@threads_only
@pytest.mark.django_db(transaction=True)
def test_an_address_registered_four_times_at_once_is_one_account():
    outcomes = at_once(
        *[lambda: services.register_user(email="ada@example.com", password="correct horse battery")] * 4
    )

    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert [outcome.message_dict for outcome in outcomes if not isinstance(outcome, User)] == [
        {"email": ["An account with this address exists; log in or reset the password."]}
    ] * 3
    assert (User.objects.count(), Team.objects.count()) == (1, 1)
