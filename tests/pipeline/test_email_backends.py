"""Django's own letters: through the same code as alerts, or by the edge."""

import email
from base64 import b64decode
from email.policy import default

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection, send_mail

from core import telemetry
from core.env import Env
from delivery import mailer
from delivery.message import Outcome, Receipt
from pipeline import dispatch
from pipeline.email_backends import MailNotTaken
from pipeline.messages import Receipts, decode, encode
from pipeline.queues.base import QueuesAway, Sender
from pipeline.stages.settle import settle
from tests.delivery.receivers import Say, read_sender, receive, receive_mail
from tests.pipeline.factories import T0

BY_EDGE = "pipeline.email_backends.EdgeBackend"


def make_email(**fields):
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
        assert connect(f"smtp://127.0.0.1:{mailbox.port}").send_messages([make_email()]) == 1
    (envelope,) = mailbox.letters
    assert envelope.mail_from == "noreply@status.example"
    assert envelope.rcpt_tos == ["ann@example.com", "bob@example.com"]
    got = email.message_from_bytes(envelope.content, policy=default)
    assert (got["Subject"], got["To"], got["Bcc"]) == (
        "Passwort zurücksetzen",
        "Ann <ann@example.com>",
        None,
    )


@pytest.mark.parametrize("typed", ["=?utf-8?q?a=0D=0ABcc:_evil@example.org?= invites you", "ü" * 90])
def test_headers_arrive_as_they_were_typed(connect, typed):
    letter = EmailMultiAlternatives(typed, "Hi.", f'"{typed}" <noreply@status.example>', ["ann@example.com"])
    with receive_mail() as mailbox:
        connect(f"smtp://127.0.0.1:{mailbox.port}").send_messages([letter])
    (envelope,) = mailbox.letters
    assert b"\n" not in envelope.content.replace(b"\r\n", b"")
    got = email.message_from_bytes(envelope.content, policy=default)
    assert (got["Subject"], read_sender(envelope.content)[0], got["Bcc"]) == (typed, typed, None)


def test_a_letter_leaves_by_ses(connect, monkeypatch):
    with receive(Say(200, b'{"MessageId": "0100-abc"}')) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{ses.port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cretOfAws")
        mailer._ses_client.cache_clear()
        assert connect("ses://eu-central-1").send_messages([make_email()]) == 1
        mailer._ses_client.cache_clear()
    asked = ses.requests[0].json
    assert asked["Destination"] == {"ToAddresses": ["ann@example.com", "bob@example.com"]}
    got = email.message_from_bytes(b64decode(asked["Content"]["Raw"]["Data"]), policy=default)
    assert got["Subject"] == "Passwort zurücksetzen"


def test_a_letter_that_is_not_taken_raises_unless_it_may_be_lost(connect):
    with receive_mail() as mailbox:
        mailbox.data = "554 no"
        url = f"smtp://127.0.0.1:{mailbox.port}"
        with pytest.raises(MailNotTaken, match="554 no"):
            connect(url).send_messages([make_email()])
        assert connect(url, fail_silently=True).send_messages([make_email()]) == 0
    with pytest.raises(ConnectionRefusedError):
        connect(url).send_messages([make_email()])


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("", "django.core.mail.backends.console.EmailBackend"),
        ("smtp://u:p@mail.example:25", "pipeline.email_backends.MailServerBackend"),
        ("smtp+tls://mail.example", "pipeline.email_backends.MailServerBackend"),
        ("ses://us-gov-west-1", "pipeline.email_backends.MailServerBackend"),
        ("dummymail://", "django.core.mail.backends.dummy.EmailBackend"),
    ],
)
def test_the_address_says_how_letters_leave(url, backend):
    setting = Env({"EMAIL_URL": url}).email()
    assert setting["EMAIL_BACKEND"] == backend
    assert setting["EMAIL_URL"] == (url or "consolemail://")


# By the edge


class Queue(Sender):
    def __init__(self, fault=None):
        self.sent, self.fault = [], fault

    def send(self, queue, body, *, delay_s=0.0, region=""):
        if self.fault:
            raise self.fault
        self.sent.append((queue, decode(body)))


@pytest.fixture
def queue(monkeypatch):
    made = Queue()
    monkeypatch.setattr(dispatch, "_sender", made)
    return made


def test_a_letter_of_djangos_goes_to_the_edge(queue):
    letter = EmailMultiAlternatives("Reset", "Follow the link.", to=["Ada <ada@example.com>"])
    letter.attach_alternative("<p>Follow the link.</p>", "text/html")
    assert get_connection(BY_EDGE).send_messages([letter]) == 1
    ((name, message),) = queue.sent
    (delivery,) = message.deliveries
    assert (name, delivery.kind, delivery.config) == ("deliveries", "email", {"to": ["ada@example.com"]})
    assert (delivery.content.subject, delivery.content.text) == ("Reset", "Follow the link.")
    assert delivery.content.html == "<p>Follow the link.</p>"


def test_each_letter_is_a_message_of_its_own_for_it_may_come_again(queue):
    letters = [EmailMultiAlternatives("Hello", "x", to=[f"{name}@example.com"]) for name in ("ada", "bob")]
    assert get_connection(BY_EDGE).send_messages(letters) == 2
    assert [len(message.deliveries) for _, message in queue.sent] == [1, 1]


def test_queues_that_are_away_are_an_error_unless_silence_is_asked_for(queue):
    queue.fault = QueuesAway("SQS does not answer.")
    with pytest.raises(QueuesAway):
        send_mail("Reset", "x", None, ["ada@example.com"], connection=get_connection(BY_EDGE))
    silent = get_connection(BY_EDGE, fail_silently=True)
    assert send_mail("Reset", "x", None, ["ada@example.com"], connection=silent) == 0


def test_what_became_of_it_is_logged_without_its_address(caplog):
    receipts = [
        Receipt(id="letters:abc", attempt=1, outcome=Outcome.SENT, at=T0),
        Receipt(id="letters:def", attempt=1, outcome=Outcome.REFUSED, at=T0, answer="550 No such user"),
    ]
    with telemetry.collecting() as notes:
        assert settle([encode(Receipts(receipts))], now=T0) == {}
    assert (notes.figures["LettersSent"], notes.figures["LettersRefused"]) == (1, 1)
    assert [m for m in caplog.messages if "letters:" in m] == [
        "e-mail not sent id=letters:def outcome=refused: 550 No such user"
    ]
