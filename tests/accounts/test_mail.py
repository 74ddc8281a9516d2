"""Letters leave after the commit, beside the request, and trouble with them stays in the log."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts import mail, services
from accounts.models import Role
from tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_letter_is_sent_after_the_commit_by_a_thread(
    monkeypatch, settings, mailoutbox, django_capture_on_commit_callbacks
):
    monkeypatch.undo()
    seen, deliver = [], mail.send_or_log

    def note_thread(*args):
        seen.append(threading.current_thread())
        deliver(*args)

    monkeypatch.setattr(mail, "send_or_log", note_thread)

    with django_capture_on_commit_callbacks(execute=True):
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})
        assert mailoutbox == []
    for thread in threading.enumerate():
        if thread.name == "mail-password_changed":
            thread.join(10)

    assert [letter.to for letter in mailoutbox] == [["ada@example.com"]]
    assert [thread.name for thread in seen] == ["mail-password_changed"]


def test_on_lambda_the_request_sends_the_letter_itself(
    monkeypatch, settings, mailoutbox, django_capture_on_commit_callbacks
):
    monkeypatch.undo()
    settings.ENGINE = "serverless"

    with django_capture_on_commit_callbacks(execute=True):
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})

    assert len(mailoutbox) == 1


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


def test_a_letter_of_a_transaction_that_fails_is_never_sent(mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        mail.send_later("password_changed", to="ada@example.com", context={"email": "ada@example.com"})
        transaction.set_rollback(True)

    assert mailoutbox == []


def test_names_in_letters_are_not_escaped(mailoutbox, django_capture_on_commit_callbacks):
    owner = UserFactory.create(name="O'Neill & Sons")
    team = TeamFactory.create(name="R&D", owner=owner)
    with django_capture_on_commit_callbacks(execute=True):
        services.invite(team, by=owner, email="new@example.com", role=Role.MEMBER, now=NOW)

    (letter,) = mailoutbox
    assert letter.subject == "You are invited to R&D on SentryPulse"
    assert 'O\'Neill & Sons invites you to the team "R&D" on SentryPulse, as member.' in letter.body
