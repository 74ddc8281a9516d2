"""Letters through a real SMTP server, and through a server that speaks the one call of SES."""

import email
import json
import ssl
from base64 import b64decode
from datetime import UTC, datetime
from email.policy import default

import pytest
from aiosmtpd.smtp import AuthResult
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery import mailer
from delivery.message import Outcome
from delivery.mime import one_line, write_email
from tests.delivery.receivers import Say, make_certificate, make_delivery, read_sender, receive, receive_mail
from tests.hostile.servers import drip, serve, stay_silent

SENDER = "SentryPulse <alerts@status.example>"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
KEYS = ["Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "Idempotency-Key", "X-Note"]
KEYS += ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]


def letter(*to, **fields):
    return make_delivery("email", {"to": list(to or ["ann@example.com"])}, **fields)


def read(envelope):
    return email.message_from_bytes(envelope.content, policy=default)


@pytest.fixture
def mail_courier(make_courier):
    # The guard is on: the operator's own server is beyond it.
    return lambda port, scheme="smtp", **options: make_courier(
        email_url=f"{scheme}://127.0.0.1:{port}", email_from=SENDER, allow_private=False, **options
    )


def test_a_letter_has_text_and_html_and_says_that_a_machine_wrote_it(mail_courier):
    delivery = letter(
        "ann@example.com",
        "bob@example.com",
        html="<p>Shop is <b>down</b>.</p>",
        headers={"List-Unsubscribe": "<https://status.example/u/1>", "From": "evil@example.com"},
    )
    with receive_mail() as mailbox:
        receipt = mail_courier(mailbox.port).send_one(delivery)
    assert (receipt.outcome, receipt.status) == (Outcome.SENT, 250)
    (envelope,) = mailbox.letters
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "alerts@status.example",
        ["ann@example.com", "bob@example.com"],
    )
    got = read(envelope)
    assert (got["Subject"], got["From"], got["To"]) == (
        "Shop is down",
        SENDER,
        "ann@example.com, bob@example.com",
    )
    assert (got["Auto-Submitted"], got["Idempotency-Key"]) == ("auto-generated", "alert-17-down-3")
    assert got["List-Unsubscribe"] == "<https://status.example/u/1>"
    assert abs((got["Date"].datetime - receipt.at).total_seconds()) < 5
    assert got.get_body(("plain",)).get_content().split() == (
        ["Shop", "is", "down:", "expected", "200-299,", "got", "503.", "https://status.example/incidents/7"]
    )
    assert "<b>down</b>" in got.get_body(("html",)).get_content()


def test_a_letter_that_comes_twice_has_one_message_id(mail_courier):
    with receive_mail() as mailbox:
        courier = mail_courier(mailbox.port)
        for delivery in (letter(), letter(attempt=2), letter(key="another")):
            courier.send_one(delivery)
    ids = [read(envelope)["Message-ID"] for envelope in mailbox.letters]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@status.example>")


def test_nothing_in_a_message_becomes_a_header_or_a_recipient(mail_courier):
    delivery = letter(
        subject="Down\r\nBcc: eve@example.com\r\n\r\nHello",
        text="Hi\r\n.\r\nMAIL FROM:<eve@example.com>",
        headers={"X-Note": "a\r\nBcc: eve@example.com", "Bad Name": "x", "bcc\r\nX": "y"},
        key="k\r\nBcc: eve@example.com",
    )
    with receive_mail() as mailbox:
        assert mail_courier(mailbox.port).send_one(delivery).outcome is Outcome.SENT
    (envelope,) = mailbox.letters
    got = read(envelope)
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert got["Bcc"] is None
    assert got["Subject"] == "Down Bcc: eve@example.com Hello"
    assert got["X-Note"] == "a Bcc: eve@example.com"
    assert "MAIL FROM:<eve@example.com>" in got.get_body(("plain",)).get_content()


ENCODED = [
    "=?utf-8?q?a=0D=0ABcc:_evil@example.org=0D=0A=0D=0AHello?= is down",
    "=?utf-8?b?YQ0KQmNjOiBldmlsQGV4YW1wbGUub3Jn?= is down",
    "[Shop] =?iso-8859-1?Q?=FC?=",
]
"""CVE-2024-6923: Python's EmailMessage decodes encoded words (RFC 2047) in what it is given."""


@pytest.mark.parametrize("typed", ENCODED)
def test_what_looks_encoded_arrives_as_it_was_typed(mail_courier, make_courier, ses, typed):
    delivery = letter(subject=typed, headers={"X-Note": typed}, key=typed)
    with receive_mail() as mailbox:
        assert mail_courier(mailbox.port).send_one(delivery).outcome is Outcome.SENT
    make_courier(email_url="ses://eu-central-1", email_from=SENDER).send_one(delivery)
    (envelope,) = mailbox.letters
    for data in (envelope.content, b64decode(ses.requests[0].json["Content"]["Raw"]["Data"])):
        got = email.message_from_bytes(data, policy=default)
        assert (got["Subject"], got["X-Note"], got["Idempotency-Key"], got["Bcc"]) == (*[typed] * 3, None)


words = st.one_of(
    st.text(max_size=120),
    st.sampled_from(
        ["=?utf-8?q?", "=?UTF-8?b?", "?=", "=0D=0A", "=3F=", "\r\n", "Bcc:", "_", "YQ0KQmNjOg==", " "]
    ),
    st.sampled_from(ENCODED),
)


@settings(deadline=None)
@given(typed=st.lists(words, max_size=8).map("".join), name=st.lists(words, max_size=4).map("".join))
def test_every_header_says_what_was_typed_and_none_is_added(typed, name):
    sender = f"{encode_phrase(one_line(name))} <alerts@status.example>"
    delivery = letter(subject=typed, headers={"X-Note": typed})
    data = write_email(delivery, sender=sender, now=NOW).as_bytes()
    assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in data.split(b"\r\n"))
    got = email.message_from_bytes(data, policy=default)
    assert got.keys() == KEYS
    assert (got["Subject"], got["X-Note"]) == (one_line(typed), one_line(typed))
    assert read_sender(data) == (one_line(name), "alerts@status.example")


def encode_phrase(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_an_address_that_looks_encoded_is_written_as_it_is():
    to = ["=?utf-8?q?a=0D=0ABcc=3A_evil?=@example.com", "ann@example.com"]
    data = write_email(letter(*to), sender=SENDER, now=NOW).as_bytes()
    assert b"\r\nTo: " + ",\r\n ".join(to).encode() + b"\r\n" in data
    assert b"\r\nBcc" not in data


@pytest.mark.parametrize("to", ["ann@example.com\r\nBcc: eve@example.com", "a@b.de, c@d.de", "Ann <a@b.de>"])
def test_an_address_that_is_more_than_one_is_refused(mail_courier, to):
    with receive_mail() as mailbox:
        receipt = mail_courier(mailbox.port).send_one(letter(to))
    assert (receipt.outcome, mailbox.letters) == (Outcome.REFUSED, [])


@pytest.mark.parametrize(
    ("said", "outcome", "status"),
    [("451 try later", Outcome.RETRY, 451), ("554 no spam please", Outcome.REFUSED, 554)],
)
def test_a_letter_refused_as_a_whole_is_tried_again_by_the_first_digit(mail_courier, said, outcome, status):
    with receive_mail() as mailbox:
        mailbox.data = said
        receipt = mail_courier(mailbox.port).send_one(letter())
    assert (receipt.outcome, receipt.status, receipt.answer) == (outcome, status, said)


def test_recipients_that_are_refused_are_named(mail_courier):
    with receive_mail() as mailbox:
        mailbox.rcpt = {"bob@example.com": "550 no such user", "cleo@example.com": "450 busy"}
        courier = mail_courier(mailbox.port)
        gone = courier.send_one(letter("bob@example.com"))
        some = courier.send_one(letter("ann@example.com", "bob@example.com"))
        busy = courier.send_one(letter("ann@example.com", "cleo@example.com"))
    assert (gone.outcome, gone.status) == (Outcome.REFUSED, 550)
    assert gone.answer == "bob@example.com: 550 no such user"
    assert (some.outcome, some.answer) == (
        Outcome.SENT,
        "Taken, except for bob@example.com: 550 no such user",
    )
    assert (busy.outcome, busy.status) == (Outcome.RETRY, 450)


@pytest.mark.parametrize("behave", [stay_silent, drip])
def test_a_mail_server_that_hangs_is_left_after_the_deadline(mail_courier, behave):
    with serve(behave) as server:
        receipt = mail_courier(server.port, deadline_s=0.5).send_one(letter())
    assert receipt.outcome is Outcome.RETRY
    assert receipt.took_ms < 1_500


def test_a_mail_server_that_is_away_is_tried_again(mail_courier):
    with receive_mail() as mailbox:
        pass
    receipt = mail_courier(mailbox.port).send_one(letter())
    assert (receipt.outcome, receipt.answer) == (Outcome.RETRY, "It refuses connections.")


def log_in(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"me", b"p@ss w0rd")
    return AuthResult(success=right, handled=False)


@pytest.mark.parametrize(
    ("password", "outcome"), [("p%40ss%20w0rd", Outcome.SENT), ("wr0ngPassw0rd", Outcome.RETRY)]
)
def test_a_login_that_fails_is_our_trouble_and_disables_nobody(make_courier, password, outcome):
    with receive_mail(authenticator=log_in, auth_require_tls=False) as mailbox:
        url = f"smtp://me:{password}@127.0.0.1:{mailbox.port}"
        receipt = make_courier(email_url=url, email_from=SENDER).send_one(letter())
    assert receipt.outcome is outcome
    assert password not in repr(receipt)


def test_our_mail_servers_password_is_kept_out_of_what_people_see(make_courier):
    with receive_mail(authenticator=log_in, auth_require_tls=False) as mailbox:
        mailbox.data = "554 you logged in with p@ss w0rd (p%40ss%20w0rd)"
        url = f"smtp://me:p%40ss%20w0rd@127.0.0.1:{mailbox.port}"
        receipt = make_courier(email_url=url, email_from=SENDER).send_one(letter())
    assert receipt.answer == "554 you logged in with ••• (•••)"


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl", "smtps"])
def test_a_letter_goes_over_tls_to_a_server_that_is_trusted_and_to_no_other(
    mail_courier, scheme, monkeypatch
):
    authority, context = make_certificate("127.0.0.1")
    options = {"tls_context": context} if scheme == "smtp+tls" else {"ssl_context": context}
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    mailer._trusted()  # ours, which is kept
    if scheme != "smtp+tls":
        # aiosmtpd looks whether it is up with a context of its own.
        monkeypatch.setattr("ssl.create_default_context", lambda *args, **kwargs: trusting)
    with receive_mail(**options) as mailbox:
        untrusted = mail_courier(mailbox.port, scheme).send_one(letter())
        monkeypatch.setattr(mailer, "_trusted", lambda: trusting)
        trusted = mail_courier(mailbox.port, scheme).send_one(letter())
    assert trusted.outcome is Outcome.SENT, trusted
    assert len(mailbox.letters) == 1
    if scheme == "smtp+tls":
        assert untrusted.answer.startswith("Its certificate is not to be trusted")


def test_without_a_mail_server_letters_are_printed(make_courier, capsys):
    receipt = make_courier().send_one(letter())
    assert receipt.outcome is Outcome.SENT
    assert "Subject: Shop is down" in capsys.readouterr().out


# ---- Amazon SES ----


@pytest.fixture
def ses(monkeypatch):
    with receive(Say(200, b'{"MessageId": "0100-abc"}')) as receiver:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{receiver.port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cretOfAws")
        mailer._ses_client.cache_clear()
        yield receiver
        mailer._ses_client.cache_clear()


def test_a_letter_goes_raw_to_ses_in_its_region(make_courier, ses):
    courier = make_courier(email_url="ses://eu-central-1", email_from=SENDER, allow_private=False)
    receipt = courier.send_one(letter("ann@example.com", "bob@example.com"))
    assert (receipt.outcome, receipt.answer) == (Outcome.SENT, "Taken by Amazon SES: 0100-abc.")
    (request,) = ses.requests
    assert (request.method, request.path) == ("POST", "/v2/email/outbound-emails")
    assert "/eu-central-1/ses/aws4_request" in request.headers["authorization"]
    asked = request.json
    assert asked["Destination"] == {"ToAddresses": ["ann@example.com", "bob@example.com"]}
    assert asked["FromEmailAddress"] == "alerts@status.example"
    got = email.message_from_bytes(b64decode(asked["Content"]["Raw"]["Data"]), policy=default)
    assert (got["Subject"], got["Idempotency-Key"]) == ("Shop is down", "alert-17-down-3")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "MessageRejected", "Message contains a virus."),
        (400, "MessageRejected", "Message length is more than 41943040 bytes long: '50000000'."),
        (400, "BadRequestException", "Local address contains control or whitespace"),
    ],
)
def test_what_ses_says_of_the_letter_or_its_recipients_is_a_refusal(make_courier, ses, status, code, said):
    receipt = refuse(make_courier, ses, status, code, said)
    assert (receipt.outcome, receipt.ours) == (Outcome.REFUSED, False)
    assert (receipt.status, receipt.answer) == (status, f"{code}: {said}")


IN_THE_SANDBOX = (
    "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1:"
    " ann@example.com"
)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "MessageRejected", IN_THE_SANDBOX),
        (400, "MessageRejected", IN_THE_SANDBOX.replace("ann@example.com", "alerts@status.example")),
        (400, "MessageRejected", "Sending suspended for this account."),
        (400, "BadRequestException", "Illegal address: alerts@status.example"),
        (400, "MailFromDomainNotVerifiedException", "why"),
        (400, "AccountSuspendedException", "why"),
        (400, "SendingPausedException", "why"),
        (400, "LimitExceededException", "why"),
        (404, "NotFoundException", "Configuration set <x> does not exist."),
        (429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        (403, "AccessDeniedException", "why"),
        (500, "InternalFailure", "why"),
    ],
)
def test_what_ses_says_of_us_is_our_trouble_and_tried_again(make_courier, ses, status, code, said):
    """In its sandbox SES takes e-mails to nobody whose address was not verified: no fault of theirs."""
    receipt = refuse(make_courier, ses, status, code, said)
    assert (receipt.outcome, receipt.ours) == (Outcome.RETRY, True)
    assert (receipt.status, receipt.answer) == (
        status,
        f"Amazon SES takes no e-mail from us: {code}: {said}",
    )


def refuse(make_courier, ses, status, code, said):
    """The receipt of a letter that SES does not take."""
    ses.answers = [Say(status, json.dumps({"message": said}).encode(), {"x-amzn-ErrorType": code})]
    receipt = make_courier(email_url="ses://eu-central-1", email_from=SENDER).send_one(letter())
    assert len(ses.requests) == 1
    return receipt


def test_ses_that_is_away_is_tried_again(make_courier, ses):
    ses.close()
    receipt = make_courier(email_url="ses://eu-central-1", email_from=SENDER).send_one(letter())
    assert (receipt.outcome, receipt.ours) == (Outcome.RETRY, True)


def test_a_letter_of_other_scripts_is_written_so_that_every_server_reads_it():

    delivery = letter(subject="Läden: 店 down 🔥", text="größer " * 200)
    data = write_email(delivery, sender=SENDER, now=NOW).as_bytes()
    assert data.isascii()
    assert max(map(len, data.splitlines())) <= 78
    assert email.message_from_bytes(data, policy=default)["Subject"] == "Läden: 店 down 🔥"
