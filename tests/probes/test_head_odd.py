"""Heads that break HTTP, in ways that browsers mind and in ways that they read over."""

import pytest

from probes.result import Status
from tests.hostile.servers import say, serve
from tests.probes.specs import make_spec

BAD_LENGTH = "its Content-Length is no number, or there are two that differ."
NOT_HTTP = "it does not begin as an answer of HTTP does."

READ_OVER = [
    pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n", "a line of its head has no colon.", id="no colon"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n", BAD_LENGTH, id="length of letters"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n", BAD_LENGTH, id="negative length"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: \r\n", BAD_LENGTH, id="no length"),
]
MINDED = [
    pytest.param(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n", BAD_LENGTH, id="two lengths"
    ),
    pytest.param(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n", "there is a NUL byte in its head.", id="NUL"),
    pytest.param(
        b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n",
        "it names two Locations that differ.",
        id="two Locations",
    ),
    pytest.param(b"HTTP/9.9 200 OK\r\n", "its version of HTTP is not known.", id="version"),
    pytest.param(b"HTTP/1.1 20 OK\r\n", "its status line cannot be read.", id="status of two digits"),
    pytest.param(b"ICY 200 OK\r\n", NOT_HTTP, id="radio"),
    pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", NOT_HTTP, id="SSH"),
]


def check(prober, head, **config):
    with serve(say(head + b"\r\nok")) as server:
        found = prober.run_one(make_spec("http", server.url, **config))
    return found.status, found.error_code, found.http_status, found.error


@pytest.mark.parametrize(("head", "_why"), READ_OVER)
def test_where_a_status_only_is_asked_for_a_head_that_browsers_read_is_up(prober, head, _why):
    assert check(prober, head) == (Status.UP, "", 200, "")
    unexpected = check(prober, head.replace(b"200 OK", b"404 Not Found"))
    assert unexpected == (Status.DOWN, "http_status", 404, "Expected 200-299, got 404.")


@pytest.mark.parametrize(("head", "why"), READ_OVER)
def test_what_stands_behind_such_a_head_cannot_be_read_and_why_is_told(prober, head, why):
    sentence = f"The server answered with something that is not valid HTTP: {why}"
    assert check(prober, head, keyword="ok") == (Status.DOWN, "http_protocol", 200, sentence)


@pytest.mark.parametrize(("head", "why"), READ_OVER)
def test_where_such_a_head_redirects_to_is_not_known(prober, head, why):
    moved = head.replace(b"200 OK", b"302 Found") + b"Location: /x\r\n"
    sentence = f"The server answered with something that is not valid HTTP: {why}"
    assert check(prober, moved) == (Status.DOWN, "http_protocol", None, sentence)


@pytest.mark.parametrize(("head", "why"), MINDED)
def test_a_head_that_browsers_refuse_is_down_and_why_is_told(prober, head, why):
    sentence = f"The server answered with something that is not valid HTTP: {why}"
    assert check(prober, head) == (Status.DOWN, "http_protocol", None, sentence)
