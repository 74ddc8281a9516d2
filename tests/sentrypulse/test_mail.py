"""Django's own letters, through the same code as alerts."""

import email
from base64 import b64decode
from email.policy import default

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from delivery import post
from sentrypulse.env import Env
from sentrypulse.mail import MailNotTaken
from tests.delivery.receivers import Say, receive, receive_mail


def make_letter(**fields):
    letter = EmailMultiAlternatives(
        "Passwort zurücksetzen",
        "Hallo.\n",
        "SentryPulse <noreply@status.example>",
        ["Ann <ann@example.com>"],
        bcc=["bob@example.com"],
        **fields,
    )
    letter.attach_alternative("<p>Hallo.</p>", "text/html")
    return letter


@pytest.fixture
def connect(settings):
    def make(url, **options):
        settings.EMAIL_URL = url
        return get_connection(Env({"EMAIL_URL": url}).email()["EMAIL_BACKEND"], **options)

    return make


def test_a_letter_leaves_by_smtp(connect):
    with receive_mail() as mailbox:
        assert connect(f"smtp://127.0.0.1:{mailbox.port}").send_messages([make_letter()]) == 1
    (envelope,) = mailbox.letters
    assert envelope.mail_from == "noreply@status.example"
    assert envelope.rcpt_tos == ["ann@example.com", "bob@example.com"]
    got = email.message_from_bytes(envelope.content, policy=default)
    assert (got["Subject"], got["To"], got["Bcc"]) == (
        "Passwort zurücksetzen",
        "Ann <ann@example.com>",
        None,
    )


def test_a_letter_leaves_by_ses(connect, monkeypatch):
    with receive(Say(200, b'{"MessageId": "0100-abc"}')) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{ses.port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cretOfAws")
        post._ses_client.cache_clear()
        assert connect("ses://eu-central-1").send_messages([make_letter()]) == 1
        post._ses_client.cache_clear()
    asked = ses.requests[0].json
    assert asked["Destination"] == {"ToAddresses": ["ann@example.com", "bob@example.com"]}
    got = email.message_from_bytes(b64decode(asked["Content"]["Raw"]["Data"]), policy=default)
    assert got["Subject"] == "Passwort zurücksetzen"


def test_a_letter_that_is_not_taken_raises_unless_it_may_be_lost(connect):
    with receive_mail() as mailbox:
        mailbox.data = "554 no"
        url = f"smtp://127.0.0.1:{mailbox.port}"
        with pytest.raises(MailNotTaken, match="554 no"):
            connect(url).send_messages([make_letter()])
        assert connect(url, fail_silently=True).send_messages([make_letter()]) == 0
    with pytest.raises(ConnectionRefusedError):
        connect(url).send_messages([make_letter()])


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("", "django.core.mail.backends.console.EmailBackend"),
        ("smtp://u:p@mail.example:25", "sentrypulse.mail.EmailBackend"),
        ("smtp+tls://mail.example", "sentrypulse.mail.EmailBackend"),
        ("ses://us-gov-west-1", "sentrypulse.mail.EmailBackend"),
        ("dummymail://", "django.core.mail.backends.dummy.EmailBackend"),
    ],
)
def test_the_address_says_how_letters_leave(url, backend):
    setting = Env({"EMAIL_URL": url}).email()
    assert setting["EMAIL_BACKEND"] == backend
    assert setting["EMAIL_URL"] == (url or "consolemail://")
