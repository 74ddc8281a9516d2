"""Answers as real servers and devices give them: what browsers read, the HTTP probe reads."""

import gzip
import socket
import threading
from time import monotonic

import pytest

from tests.hostile import servers
from tests.hostile.servers import answer, flood, read_request, say, serve
from tests.probes.specs import make_spec

OK = b"HTTP/1.1 200 OK\r\n"
HEALTHY = b"all healthy"
JAPANESE = "本日は正常です"


def judge(prober, behave, *, context=None, timeout_s=2.0, **config):
    with serve(behave, context=context) as server:
        return prober.run_one(make_spec("http", server.url, timeout_s=timeout_s, **config))


def verdict(result) -> tuple[str, str, str]:
    return result.status, result.error_code, result.error


UP = ("up", "", "")


# ---- encodings ----


@pytest.mark.parametrize(
    ("body", "content_type", "keyword"),
    [
        (b'<meta charset="euc-jp">' + JAPANESE.encode("euc_jp"), "text/html", "正常"),
        (b"<meta charset=iso-8859-1>Verf\xfcgbar", "text/html", "Verfügbar"),
        ("status: healthy".encode("utf-16"), "text/plain; charset=utf-16", "healthy"),
        (JAPANESE.encode("iso2022_jp"), "text/html; charset=ISO-2022-JP", "正常"),
        (HEALTHY, "text/html; charset=undefined", "healthy"),
        (HEALTHY, "text/html; charset=\xff\xfe", "healthy"),
    ],
)
def test_a_page_is_decoded_before_a_keyword_is_looked_for(prober, body, content_type, keyword):
    page = answer(body, headers=(f"Content-Type: {content_type}",))
    assert verdict(judge(prober, page, keyword=keyword)) == UP
    found = judge(prober, page, keyword=keyword, keyword_absent=True)
    assert (found.status, found.error_code) == ("down", "body_mismatch")


def test_a_keyword_in_a_large_page_of_another_encoding_is_found(prober):
    body = b"<p>" + "文".encode("euc_jp") * 200_000 + "正常".encode("euc_jp")
    page = answer(body, headers=("Content-Type: text/html; charset=euc-jp",))
    assert verdict(judge(prober, page, keyword="正常")) == UP


def test_json_with_a_byte_order_mark_in_another_encoding_is_read(prober):
    document = '{"a": "ü"}'
    for body in (b"\xef\xbb\xbf" + document.encode(), document.encode("utf-16"), document.encode("utf-32")):
        assert verdict(judge(prober, answer(body), json_path="$.a", json_equals="ü")) == UP


# ---- compression ----


@pytest.mark.parametrize("word", ["utf-8", "none", "", "IDENTITY", "aws-chunked", "binary, utf-8"])
@pytest.mark.parametrize("config", [{}, {"keyword": "healthy"}])
def test_a_content_encoding_that_is_no_compression_is_passed_over(prober, word, config):
    behave = answer(HEALTHY, headers=(f"Content-Encoding: {word}",))
    assert verdict(judge(prober, behave, **config)) == UP


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"all ", mtime=0) + gzip.compress(b"healthy", mtime=0),
        gzip.compress(HEALTHY, mtime=0) + b"\0" * 1_000,
        gzip.compress(HEALTHY, mtime=0)[:-8],
    ],
    ids=["two members", "zeros behind", "no checksum"],
)
def test_gzip_is_read_as_browsers_read_it(prober, body):
    result = judge(prober, answer(body, headers=("Content-Encoding: GZIP",)), keyword="all healthy")
    assert verdict(result) == UP
    assert result.size_bytes == len(HEALTHY)


def test_what_came_of_a_body_that_breaks_off_is_enough_if_the_keyword_is_in_it(prober):
    body = gzip.compress(HEALTHY + bytes(range(256)) * 400, mtime=0)[:-200]
    behave = answer(body, headers=("Content-Encoding: gzip",))
    assert verdict(judge(prober, behave, keyword="healthy")) == UP
    for config in ({"keyword": "sick"}, {"keyword": "sick", "keyword_absent": True}, {"json_path": "$.a"}):
        assert judge(prober, behave, **config).error_code == "body_undecodable"


def test_compression_is_asked_for_as_it_can_be_undone_unless_the_user_asks_otherwise(prober):
    heard: list[bytes] = []

    def listen(connection: socket.socket, stop: threading.Event) -> None:
        heard.append(read_request(connection))
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    judge(prober, listen)
    judge(prober, listen, headers={"accept-encoding": "identity"})
    assert b"Accept-Encoding: gzip, deflate, br\r\n" in heard[0]
    assert b"accept-encoding: identity\r\n" in heard[1]
    assert b"gzip" not in heard[1]


# ---- a body that nobody needs ----


def reset_within(connection: socket.socket, stop: threading.Event) -> None:
    read_request(connection)
    connection.sendall(OK + b"Content-Length: 50\r\n\r\nhalf")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


UNSOUND = [
    pytest.param(b"Content-Encoding: gzip\r\n\r\nno gzip", id="broken gzip"),
    pytest.param(b"Content-Encoding: zstd\r\n\r\nwhatever", id="zstd"),
    pytest.param(b"Content-Length: 500\r\n\r\nshort", id="too short"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx", id="broken chunks"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", id="no last chunk"),
]


@pytest.mark.parametrize("rest", UNSOUND)
def test_a_body_that_nobody_asked_for_does_not_decide(prober, rest):
    assert verdict(judge(prober, say(OK + rest))) == UP
    failed = judge(prober, say(b"HTTP/1.1 503 Down\r\n" + rest))
    assert (failed.error_code, failed.http_status) == ("http_status", 503)


def test_nor_does_one_that_is_reset_or_does_not_end_in_time(prober):
    assert verdict(judge(prober, reset_within)) == UP
    stalls = say(OK + b"Content-Length: 50\r\n\r\nhalf", then_wait=True)
    assert verdict(judge(prober, stalls, timeout_s=0.6)) == UP
    slow = judge(prober, stalls, timeout_s=0.6, degraded_ms=300)
    assert (slow.status, slow.error_code) == ("degraded", "slow")


@pytest.mark.parametrize("rest", UNSOUND)
def test_the_body_of_a_redirect_does_not_decide(prober, rest):
    def behave(connection: socket.socket, stop: threading.Event) -> None:
        first = read_request(connection).startswith(b"GET / ")
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /there\r\n" + rest
            if first
            else OK + b"Content-Length: 11\r\n\r\n" + HEALTHY
        )

    assert verdict(judge(prober, behave, keyword="healthy")) == UP


# ---- TLS without an end ----


@pytest.mark.parametrize(
    "wire",
    [
        OK + b"Connection: close\r\n\r\n" + HEALTHY,
        b"HTTP/1.0 200 OK\r\n\r\n" + HEALTHY,
        OK + b"Content-Length: 11\r\n\r\n" + HEALTHY,
        OK + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + HEALTHY + b"\r\n0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(HEALTHY, mtime=0),
    ],
    ids=["to the close", "HTTP/1.0", "length", "chunks", "gzip"],
)
@pytest.mark.parametrize("config", [{}, {"keyword": "healthy"}, {"keyword": "sick", "keyword_absent": True}])
def test_an_answer_that_ends_without_close_notify_is_whole(prober, tls_context, wire, config):
    assert verdict(judge(prober, say(wire), context=tls_context, **config)) == UP


@pytest.mark.parametrize(
    "wire",
    [
        OK + b"Content-Length: 50\r\n\r\n" + HEALTHY,
        OK + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + HEALTHY + b"\r\n",
        OK + b"X: ",
        b"",
    ],
    ids=["length", "chunks", "head", "nothing"],
)
def test_one_that_is_cut_off_is_told_as_closed_and_not_as_a_failed_handshake(prober, tls_context, wire):
    result = judge(prober, say(wire), context=tls_context, keyword="sick")
    assert verdict(result) == (
        "down",
        "connection_closed",
        "The server closed the connection before it had answered completely.",
    )
    assert result.tls_expires_at is not None or not wire.endswith(b"\n")


def test_a_redirect_without_close_notify_is_followed(prober, tls_context):
    def behave(connection: socket.socket, stop: threading.Event) -> None:
        first = read_request(connection).startswith(b"GET / ")
        connection.sendall(b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n" if first else OK + b"\r\n" + HEALTHY)

    assert verdict(judge(prober, behave, context=tls_context, keyword="healthy")) == UP


# ---- answers without an end ----

EVENTS = OK + b"Content-Type: text/event-stream\r\n\r\n"
PICTURES = OK + b"Content-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n"


@pytest.mark.parametrize(
    ("behave", "config", "code"),
    [
        pytest.param(say(EVENTS, then_wait=True), {}, "", id="no event yet"),
        pytest.param(say(EVENTS + b"data: up\n\n", then_wait=True), {"keyword": "up"}, "", id="an event"),
        pytest.param(flood(PICTURES, b"\xff\xd8" * 500), {}, "", id="pictures"),
        pytest.param(
            say(EVENTS + b"data: sick\n\n", then_wait=True),
            {"keyword": "sick", "keyword_absent": True},
            "body_mismatch",
            id="an event that must not be",
        ),
        pytest.param(
            say(EVENTS.replace(b"200", b"500"), then_wait=True),
            {"keyword": "x"},
            "http_status",
            id="a status",
        ),
        pytest.param(servers.drip, {}, "", id="undeclared"),
        pytest.param(say(OK + b'\r\n{"a": 1}', then_wait=True), {"json_path": "$.a"}, "", id="JSON"),
    ],
)
def test_an_endless_answer_is_judged_as_soon_as_what_is_asked_is_known(
    prober, monkeypatch, behave, config, code
):
    monkeypatch.setattr("probes.http_transfer.PATIENCE_S", 0.1)
    began = monotonic()
    assert judge(prober, behave, timeout_s=20, **config).error_code == code
    assert monotonic() - began < 10


@pytest.mark.parametrize(
    "interim", ["100 Continue", "103 Early Hints", "104 Upload Resumption Supported", "199"]
)
def test_an_interim_answer_is_not_the_answer_however_late_that_comes(prober, monkeypatch, interim):
    monkeypatch.setattr("probes.http_transfer.PATIENCE_S", 0.1)

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(f"HTTP/1.1 {interim}\r\nX-Hint: 1\r\n\r\n".encode())
        stop.wait(2.5)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nhi")

    result = judge(prober, behave, timeout_s=20)
    assert verdict(result) == UP
    assert result.http_status == 200


def test_a_stream_is_measured_to_its_first_byte(prober):
    result = judge(prober, say(EVENTS + b"data: up\n\n", then_wait=True), degraded_ms=400, timeout_s=20)
    assert verdict(result) == UP
    assert result.timings.download_ms is None
    assert result.timings.total_ms is not None
    assert result.timings.total_ms < 400


def test_a_word_that_comes_later_in_a_stream_is_waited_for(prober):
    def behave(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(EVENTS)
        for number in range(8):
            stop.wait(0.1)
            connection.sendall(b"data: %d\n\n" % number)
        stop.wait(10)

    assert verdict(judge(prober, behave, keyword="data: 7", timeout_s=20)) == UP


def test_that_a_word_is_absent_from_a_stream_cannot_be_known(prober):
    behave = say(EVENTS + b"data: up\n\n", then_wait=True)
    result = judge(prober, behave, keyword="sick", keyword_absent=True, timeout_s=0.8)
    assert verdict(result) == (
        "down",
        "timeout_total",
        "The answer began, but did not end within 0.8 s.",
    )


def test_a_slow_page_of_unknown_length_is_waited_for(prober):
    """It is not left as a stream would be, so that its time is the whole time."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(OK + b"\r\n<p>")
        stop.wait(0.7)
        connection.sendall(HEALTHY)

    result = judge(prober, behave, keyword="p>", timeout_s=20)
    assert verdict(result) == UP
    assert result.size_bytes == len(HEALTHY) + 3


def test_a_redirect_whose_body_does_not_end_is_followed(prober):
    def behave(connection: socket.socket, stop: threading.Event) -> None:
        if read_request(connection).startswith(b"GET / "):
            connection.sendall(b"HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 50\r\n\r\n")
            stop.wait(10)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nok")

    began = monotonic()
    assert verdict(judge(prober, behave, keyword="ok", timeout_s=20)) == UP
    assert monotonic() - began < 10
