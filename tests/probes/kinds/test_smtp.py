"""The kind smtp against aiosmtpd, and against servers on loopback that speak SMTP badly."""

import ssl
from base64 import b64encode
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import AuthResult

from probes.config import check_config, check_target
from probes.config_error import ConfigError
from tests.delivery.receivers import receive_mail
from tests.hostile.servers import serve, stay_silent
from tests.probes.specs import make_spec

AUTH = {"type": "basic", "username": "ada", "password": "s3cret"}
EHLO = b"250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"


def look(prober, port, *, timeout_s=2.0, **config):
    return prober.run_one(make_spec("smtp", f"127.0.0.1:{port}", timeout_s=timeout_s, **config))


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError
        line += byte
    return line.decode().strip()


def dialogue(*replies, heard=None, context=None, answers_quit=True):
    """Greet with the first reply and answer each line with the next; ``b"TLS"`` shakes hands there."""

    heard = [] if heard is None else heard

    def behave(connection, stop):
        connection.sendall(replies[0])
        if b"TLS" in replies:
            place = replies.index(b"TLS")
            go_on(connection, replies[1:place])
            with context.wrap_socket(connection, server_side=True) as secured:
                end(secured, replies[place + 1 :], stop)
        else:
            end(connection, replies[1:], stop)

    def go_on(connection, answers):
        for answer in answers:
            heard.append(read_line(connection))
            connection.sendall(answer)

    def end(connection, answers, stop):
        go_on(connection, answers)
        heard.append(read_line(connection))
        if answers_quit:
            connection.sendall(b"221 bye\r\n")
        else:
            stop.wait(10)

    return behave


def say_at_once(data):
    def behave(connection, stop):
        connection.sendall(data)
        stop.wait(10)

    return behave


# ---- a real server ----


def let_ada_in(server, session, envelope, mechanism, given):
    return AuthResult(success=given.login == b"ada" and given.password == b"s3cret", handled=False)


def test_a_server_in_the_clear_is_up(prober):
    with receive_mail() as mailbox:
        result = look(prober, mailbox.port, security="none")
    assert (result.status, result.error, result.tls_expires_at) == ("up", "", None)
    assert None not in (result.timings.connect_ms, result.timings.first_byte_ms, result.timings.download_ms)


@pytest.mark.parametrize(
    ("password", "status", "code"), [("s3cret", "up", ""), ("wr0ng", "down", "smtp_reply")]
)
def test_starttls_and_a_login_are_gone_through(prober, tls_context, password, status, code):
    options = {"tls_context": tls_context, "require_starttls": True, "authenticator": let_ada_in}
    with receive_mail(**options) as mailbox:
        result = look(prober, mailbox.port, auth={**AUTH, "password": password})
    assert (result.status, result.error_code) == (status, code)
    assert result.tls_expires_at.year == 3000
    if status == "down":
        assert result.error.startswith("Expected 235 to AUTH, got 535: ")


def test_a_server_without_starttls_is_down_where_it_is_asked_for(prober):
    with receive_mail() as mailbox:
        result = look(prober, mailbox.port)
    assert (result.status, result.error_code) == ("down", "smtp_reply")
    assert result.error == "The server does not offer STARTTLS."


def test_tls_from_the_start(prober, tls_context):
    with serve(dialogue(b"220 hi\r\n", EHLO), context=tls_context) as server:
        result = look(prober, server.port, security="tls")
    assert (result.status, result.error) == ("up", "")
    assert result.timings.tls_ms is not None


# ---- what is said ----


def test_what_is_said_is_what_was_configured_and_ends_with_quit(prober, tls_context):
    heard = []
    steps = [b"220-hello\r\n220 there\r\n", EHLO, b"220 go\r\n", b"TLS", EHLO, b"235 in\r\n"]
    with serve(dialogue(*steps, heard=heard, context=tls_context)) as server:
        assert look(prober, server.port, auth=AUTH).status == "up"
    pair = b64encode(b"\0ada\0s3cret").decode()
    hello = "EHLO sentrypulse.invalid"
    assert heard == [hello, "STARTTLS", hello, f"AUTH PLAIN {pair}", "QUIT"]


def test_login_is_spoken_where_plain_is_not(prober, tls_context):
    heard = []
    steps = [b"220 hi\r\n", b"250-x\r\n250 AUTH=LOGIN\r\n", b"334 VXNlcg==\r\n", b"334 \r\n", b"235 in\r\n"]
    with serve(dialogue(*steps, heard=heard), context=tls_context) as server:
        assert look(prober, server.port, security="tls", auth=AUTH).status == "up"
    assert heard[1:4] == ["AUTH LOGIN", b64encode(b"ada").decode(), b64encode(b"s3cret").decode()]


def test_a_password_that_a_server_echoes_is_not_told(prober, tls_context):
    echo = b"535 no: s3cret " + b64encode(b"\0ada\0s3cret") + b"\r\n"
    with serve(dialogue(b"220 hi\r\n", EHLO, echo), context=tls_context) as server:
        result = look(prober, server.port, security="tls", auth=AUTH)
    assert result.error == "Expected 235 to AUTH, got 535: no: ••• •••."


def test_a_server_that_does_not_answer_quit_is_up(prober):
    with serve(dialogue(b"220 hi\r\n", EHLO, answers_quit=False)) as server:
        assert look(prober, server.port, security="none", timeout_s=0.6).status == "up"


# ---- what fails ----


def drip(connection, stop):
    while not stop.wait(0.03):
        connection.sendall(b"220-slow\r\n")


FAILURES = [
    (say_at_once(b"554 no\r\n"), "smtp_reply", "Expected a greeting with 220, got 554: no."),
    (
        say_at_once(b"421-busy\r\n421 later\r\n"), "smtp_reply",
        "Expected a greeting with 220, got 421: busy later.",
    ),
    (dialogue(b"220 hi\r\n", b"502 what?\r\n"), "smtp_reply", None),
    (say_at_once(b"SSH-2.0-x\r\n"), "smtp_protocol", "Expected a reply in SMTP, got 'SSH-2.0-x'."),
    (say_at_once(b"\r\n"), "smtp_protocol", "Expected a reply in SMTP, got ''."),
    (say_at_once(b"220-a\r\n250 b\r\n"), "smtp_protocol", "Expected a reply in SMTP, got '250 b'."),
    (say_at_once(b"220 " + b"x" * 9_000), "smtp_protocol", "A line of the server's reply is too long."),
    (say_at_once(b"220-x\r\n" * 101), "smtp_protocol", "The server's reply has more than 100 lines."),
    (
        lambda connection, _stop: connection.sendall(b"220-half"), "connection_closed",
        "The server closed the connection before its answer was whole.",
    ),
    (stay_silent, "timeout_total", "Connected, but no answer came within 0.6 s."),
    (drip, "timeout_total", "Connected, but no answer came within 0.6 s."),
]  # fmt: skip


@pytest.mark.parametrize(("behave", "code", "sentence"), FAILURES)
def test_each_failure_has_its_code_and_sentence(prober, behave, code, sentence):
    with serve(behave) as server:
        result = look(prober, server.port, security="none", timeout_s=0.6)
    sentence = sentence or "Expected 250 to EHLO sentrypulse.invalid, got 502: what?."
    assert (result.status, result.error_code, result.error) == ("down", code, sentence)


def test_words_in_the_clear_behind_the_consent_to_starttls_are_refused(prober, tls_context):
    steps = [b"220 hi\r\n", EHLO, b"220 go\r\n250 AUTH PLAIN\r\n", b"TLS", EHLO]
    with serve(dialogue(*steps, context=tls_context)) as server:
        result = look(prober, server.port)
    assert (result.status, result.error_code) == ("down", "smtp_protocol")
    assert result.error == "The server said more in the clear after its consent to STARTTLS."


def test_a_login_that_is_not_offered_is_told(prober, tls_context):
    with serve(dialogue(b"220 hi\r\n", b"250 x\r\n"), context=tls_context) as server:
        result = look(prober, server.port, security="tls", auth=AUTH)
    assert (result.error_code, result.error) == (
        "smtp_reply",
        "The server offers no login by PLAIN or LOGIN.",
    )


# ---- certificates ----


@contextmanager
def certified(ca, security, *names, days):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = datetime.now(UTC) + timedelta(days=days)
    ca.issue_cert(*names, not_before=ends - timedelta(days=90), not_after=ends).configure_cert(context)
    if security == "tls":
        with serve(dialogue(b"220 hi\r\n", EHLO), context=context) as server:
            yield server.port
    else:
        steps = [b"220 hi\r\n", EHLO, b"220 go\r\n", b"TLS", EHLO]
        with serve(dialogue(*steps, context=context)) as server:
            yield server.port


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("names", "days", "status", "code", "words"),
    [
        (["shop.example"], 90, "down", "tls_name_mismatch", "got one for shop.example."),
        (["127.0.0.1"], -2, "down", "tls_expired", "The certificate expired on "),
        (["127.0.0.1"], 5, "degraded", "tls_expiring", "in 4 days; expected at least 14 days."),
    ],
)
def test_a_certificate_is_judged_as_the_kind_tls_does(prober, ca, security, names, days, status, code, words):
    with certified(ca, security, *names, days=days) as port:
        result = look(prober, port, security=security)
        unverified = look(prober, port, security=security, verify_tls=False, tls_expiry_days=0)
    assert (result.status, result.error_code) == (status, code)
    assert words in result.error
    assert result.tls_expires_at is not None
    assert unverified.status == "up"


def test_another_server_name_can_be_asked_for(prober, ca):
    with certified(ca, "starttls", "mail.example", days=90) as port:
        assert look(prober, port, server_name="Mail.Example").status == "up"


# ---- configuration ----


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Mail.Example.com", "mail.example.com"),
        ("mail.example.com:25", "mail.example.com:25"),
        ("[::1]", "::1"),
        ("[::1]:2525", "[::1]:2525"),
    ],
)
def test_a_target_may_leave_the_port_to_the_security(typed, stored):
    assert check_target("smtp", typed) == stored
    assert check_target("smtp", stored) == stored


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_port_follows_from_the_security(prober, monkeypatch, security, port):
    asked = []

    async def refuse(check, host, port, *, family):
        asked.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr("probes.streams.connect", refuse)
    prober.run_one(make_spec("smtp", "mail.example", security=security))
    assert asked == [("mail.example", port)]


@pytest.mark.parametrize(
    ("config", "field", "sentence"),
    [
        (
            {"security": "none", "auth": AUTH}, "security",
            'Set "starttls" or "tls": a password is not sent in the clear.',
        ),
        (
            {"auth": {**AUTH, "username": "ada\r\nMAIL FROM:<x>"}}, "auth",
            "Must not contain line breaks or control characters.",
        ),
        ({"auth": {"type": "bearer", "token": "t"}}, "auth", None),
        ({"security": "ssl"}, "security", 'Must be "none", "starttls" or "tls".'),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(config, field, sentence):
    with pytest.raises(ConfigError) as refused:
        check_config("smtp", config)
    wanted = sentence or 'Must be null or {"type": "basic", "username": "…", "password": "…"}.'
    assert refused.value.errors == {field: wanted}
