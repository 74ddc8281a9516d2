"""The kind websocket against servers on loopback that speak RFC 6455 well and badly."""

import base64
import hashlib
import socket
import ssl
import struct
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from probes.config import check_config, check_target
from probes.config_error import ConfigError
from tests.hostile.servers import answer, flood, hang_up, read_request, say, serve, stay_silent
from tests.probes.specs import make_spec

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    payload: bytes, opcode: int = TEXT, *, final: bool = True, first: int = 0, second: int = 0
) -> bytes:
    """A server's frame; ``first`` and ``second`` are bits that should not be set."""
    head = (0x80 if final else 0) | opcode | first
    if len(payload) < 126:
        return struct.pack("!BB", head, len(payload) | second) + payload
    if len(payload) < 65_536:
        return struct.pack("!BBH", head, 126 | second, len(payload)) + payload
    return struct.pack("!BBQ", head, 127 | second, len(payload)) + payload


def read_frame(connection: socket.socket) -> tuple[int, bytes]:
    """A client's frame, which must be final and masked."""
    first, second = read_exactly(connection, 2)
    assert first & 0x80
    assert second & 0x80
    length = second & 0x7F
    if length == 126:
        length = struct.unpack("!H", read_exactly(connection, 2))[0]
    mask, payload = read_exactly(connection, 4), read_exactly(connection, length)
    return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def read_exactly(connection, length):
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


def agree(connection, *extra: str, heard=None, accept=None, upgrade="websocket", join="Upgrade") -> None:
    request = read_request(connection).decode()
    if not request:
        raise ConnectionError("only the certificate was looked at")
    if heard is not None:
        heard.append(request)
    headers = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if line)
    key = headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    fits = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", f"Upgrade: {upgrade}", f"Connection: {join}", *extra]
    connection.sendall("\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept or fits}", "", ""]).encode())


def talk(*frames: bytes, extra=(), heard=None, said=None, **oddities):
    """Agree, send ``frames``, and note what the client says until it takes leave."""

    def behave(connection, _stop):
        agree(connection, *extra, heard=heard, **oddities)
        for each in frames:
            connection.sendall(each)
        opcode = None
        while opcode != CLOSE:
            opcode, payload = read_frame(connection)
            if said is not None:
                said.append((opcode, payload))
        connection.sendall(frame(payload, CLOSE))

    return behave


def check(prober, behave, *, context=None, timeout_s=2.0, **config):
    with serve(behave, context=context) as server:
        scheme = "wss" if context else "ws"
        spec = make_spec("websocket", f"{scheme}://127.0.0.1:{server.port}/", timeout_s=timeout_s, **config)
        return prober.run_one(spec)


def test_a_handshake_is_up_and_ends_with_a_good_bye(prober):
    said = []
    result = check(prober, talk(said=said))
    assert (result.status, result.error, result.http_status) == ("up", "", 101)
    assert result.timings.first_byte_ms is not None
    assert result.timings.download_ms is None
    assert said == [(CLOSE, struct.pack("!H", 1000))]


def test_a_text_is_sent_and_the_first_text_message_looked_into(prober):
    said = []
    result = check(prober, talk(frame('{"up": "ü"}'.encode()), said=said), send="ping?", expect="ü")
    assert (result.status, result.error, result.size_bytes) == ("up", "", 12)
    assert said[0] == (TEXT, b"ping?")
    wrong = check(prober, talk(frame(b"busy"), frame(b"ready")), expect="ready")
    assert (wrong.status, wrong.error_code) == ("down", "body_mismatch")
    assert wrong.error == "Expected 'ready' in the first message, got 'busy'."


def test_fragments_are_put_together_while_pings_are_answered(prober):
    frames = [
        frame(b"\x00", BINARY),
        frame(b"", PONG),
        frame(b"re", final=False),
        frame(b"are you there?", PING),
        frame(b"ad", 0, final=False),
        frame(b"y", 0),
    ]
    said = []
    result = check(prober, talk(*frames, said=said), expect="ready")
    assert (result.status, result.error) == ("up", "")
    assert said[0] == (PONG, b"are you there?")


def test_long_messages_have_longer_lengths(prober):
    for length in (126, 70_000):
        result = check(prober, talk(frame(b"x" * (length - 3) + b"end")), send="y" * 1_000, expect="end")
        assert (result.status, result.size_bytes) == ("up", length)


def test_what_is_configured_is_sent_with_the_handshake(prober):
    heard = []
    result = check(
        prober,
        talk(heard=heard, extra=["Sec-WebSocket-Protocol: chat"]),
        headers={"X-Key": {"value": "s3cret", "secret": True}, "Host": "shop.example"},
        auth={"type": "basic", "username": "ada", "password": "word"},
        subprotocol="chat",
    )
    assert (result.status, result.error) == ("up", "")
    lines = heard[0].split("\r\n")
    assert lines[0] == "GET / HTTP/1.1"
    assert {"X-Key: s3cret", "Host: shop.example", "Authorization: Basic YWRhOndvcmQ="} < set(lines)
    assert {"Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat"} < set(lines)
    assert sum(line.lower().startswith("host:") for line in lines) == 1


@pytest.mark.parametrize(
    ("behave", "config", "code", "sentence"),
    [
        (answer(status="403 Forbidden"), {}, "http_status", "Expected 101 (Switching Protocols), got 403."),
        (say(b"SSH-2.0-x\r\n"), {}, "http_protocol", "Expected an answer in HTTP/1.1, got 'SSH-2.0-x'."),
        (hang_up, {}, None, None),
        (stay_silent, {}, "timeout_total", "Connected, but no answer came within 0.6 s."),
        (talk(), {"expect": "x"}, "timeout_total", "The answer began, but did not end within 0.6 s."),
        (
            talk(accept="AAAA"), {}, "websocket_protocol",
            "Sec-WebSocket-Accept does not fit the key: no WebSocket server answered.",
        ),
        (talk(upgrade="h2c"), {}, "websocket_protocol", "The answer 101 does not say Upgrade: websocket."),
        (talk(join="close"), {}, "websocket_protocol", "The answer 101 does not say Connection: Upgrade."),
        (
            talk(extra=["Sec-WebSocket-Extensions: permessage-deflate"]), {}, "websocket_protocol",
            "The server uses an extension that was not offered.",
        ),
        (
            talk(), {"subprotocol": "chat"}, "websocket_protocol",
            "Expected the subprotocol chat, got none.",
        ),
        (
            talk(extra=["Sec-WebSocket-Protocol: mqtt"]), {}, "websocket_protocol",
            "Expected the subprotocol none, got mqtt.",
        ),
        (
            talk(frame(struct.pack("!H", 1013) + b"later", CLOSE)), {"expect": "x"}, "connection_closed",
            "The server closed the WebSocket before a text message came: 1013 'later'.",
        ),
        (
            talk(frame(b"\xff")), {"expect": "x"}, "websocket_protocol",
            "The server's text message is not UTF-8.",
        ),
        (
            talk(frame(b"a", second=0x80)), {"expect": "x"}, "websocket_protocol",
            "The server masks its frames, as only a client does.",
        ),
        (
            talk(frame(b"a", first=0x40)), {"expect": "x"}, "websocket_protocol",
            "The server sent a frame of a kind that was not agreed on.",
        ),
        (
            talk(frame(b"a", PING, final=False)), {"expect": "x"}, "websocket_protocol",
            "The server sent a control frame that is fragmented or longer than 125 bytes.",
        ),
        (
            talk(frame(b"a", 0)), {"expect": "x"}, "websocket_protocol",
            "The server's fragments are out of order.",
        ),
        (
            talk(frame(b"a", final=False), frame(b"b")), {"expect": "x"}, "websocket_protocol",
            "The server's fragments are out of order.",
        ),
        (
            talk(struct.pack("!BBQ", 0x81, 127, 2**40)), {"expect": "x"}, "body_too_large",
            "No whole text message came within 1 MiB and 1000 frames.",
        ),
        (
            talk(frame(b"", PING) * 1_001), {"expect": "x"}, "body_too_large",
            "No whole text message came within 1 MiB and 1000 frames.",
        ),
    ],
)  # fmt: skip
def test_each_failure_has_its_code_and_sentence(prober, behave, config, code, sentence):
    result = check(prober, behave, timeout_s=0.6, **config)
    if code is None:
        assert (result.status, result.error_code) in {
            ("down", "connection_closed"),
            ("down", "connection_reset"),
        }
    else:
        assert (result.status, result.error_code, result.error) == ("down", code, sentence)


def test_a_head_without_an_end_is_left(prober):
    result = check(prober, flood(b"HTTP/1.1 101 Switching Protocols\r\nX: ", b"y" * 10_000))
    assert (result.status, result.error_code) == ("down", "header_too_large")


def test_interim_answers_are_passed_over(prober):
    def behave(connection, stop):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        talk()(connection, stop)

    assert check(prober, behave).status == "up"


def test_a_server_that_does_not_take_leave_is_up(prober):
    def behave(connection, stop):
        agree(connection)
        stay_silent(connection, stop)

    assert check(prober, behave, timeout_s=0.6).status == "up"


def test_a_certificate_is_judged_as_the_kind_tls_does(prober, tls_context):
    good = check(prober, talk(frame(b"hi")), context=tls_context, expect="hi")
    assert (good.status, good.error) == ("up", "")
    assert good.tls_expires_at is not None


@pytest.mark.parametrize(
    ("names", "days", "code", "words"),
    [
        (["shop.example"], 90, "tls_name_mismatch", "got one for shop.example."),
        (["127.0.0.1"], -2, "tls_expired", "The certificate expired on "),
        (["127.0.0.1"], 5, "tls_expiring", "in 4 days; expected at least 14 days."),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told_unless_any_will_do(prober, ca, names, days, code, words):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = datetime.now(UTC) + timedelta(days=days)
    begins = ends - timedelta(days=90)
    ca.issue_cert(*names, not_before=begins, not_after=ends).configure_cert(context)
    result = check(prober, talk(), context=context)
    assert (result.status, result.error_code) == ("degraded" if days == 5 else "down", code)
    assert words in result.error
    assert result.tls_expires_at is not None
    assert check(prober, talk(), context=context, verify_tls=False, tls_expiry_days=0).status == "up"


def test_a_certificate_that_nobody_signed_is_down(prober):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    result = check(prober, talk(), context=context)
    assert (result.status, result.error_code) == ("down", "tls_untrusted")


def test_no_tls_on_the_port_is_told(prober):
    with serve(lambda connection, _stop: connection.sendall(b"SSH-2.0-x\r\n")) as server:
        result = prober.run_one(make_spec("websocket", f"wss://127.0.0.1:{server.port}/"))
    assert (result.status, result.error_code) == ("down", "tls_handshake")


def test_secrets_that_a_server_echoes_are_not_told(prober):
    result = check(
        prober, talk(frame(b"no such token: s3cret")), expect="hello",
        auth={"type": "bearer", "token": "s3cret"},
    )  # fmt: skip
    assert result.error == "Expected 'hello' in the first message, got 'no such token: •••'."


def test_targets_are_websocket_urls_in_one_spelling():
    assert check_target("websocket", "WSS://Example.COM:443/live?x=ü") == "wss://example.com/live?x=%C3%BC"
    assert check_target("websocket", "ws://[::1]:80") == "ws://[::1]/"
    with pytest.raises(ConfigError) as refused:
        check_target("websocket", "https://example.com/")
    assert refused.value.errors == {"url": "The URL must start with ws:// or wss://."}


def test_what_is_the_connections_own_is_not_configured():
    with pytest.raises(ConfigError) as refused:
        check_config("websocket", {"headers": {"Sec-WebSocket-Key": "x"}, "subprotocol": "a b"})
    assert refused.value.errors == {
        "headers.Sec-WebSocket-Key": "This header is set by the connection itself; leave it out.",
        "subprotocol": "Must be one name without spaces, such as graphql-transport-ws.",
    }
