"""Chains of redirects: cookies on the way, where a Location leads, and what each request says of itself."""

import socket
import threading

import pytest

from tests.hostile import servers
from tests.hostile.servers import answer, read_request, say, serve
from tests.probes.kinds.test_http_reading import OK, UP, judge, verdict
from tests.probes.specs import make_spec

# ---- cookies ----


def path_of(head: bytes) -> str:
    return head.split(b" ", 2)[1].decode()


def found(location: str, *cookies: str) -> bytes:
    lines = [f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0"]
    return "\r\n".join([*lines, *(f"Set-Cookie: {cookie}" for cookie in cookies), "", ""]).encode()


def listening(respond) -> tuple[list[bytes], servers.Behaviour]:
    heard: list[bytes] = []

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        heard.append(read_request(connection))
        connection.sendall(respond(heard[-1]))

    return heard, behave


WELCOME = OK + b"Content-Length: 7\r\n\r\nwelcome"


def cookies_in(head: bytes) -> list[bytes]:
    return [line for line in head.split(b"\r\n") if line.lower().startswith(b"cookie:")]


def test_a_cookie_that_is_set_on_the_way_comes_back(prober):
    _, gate = listening(lambda head: WELCOME if b"seen=1" in head else found("/", "seen=1; Path=/"))
    assert verdict(judge(prober, gate, keyword="welcome")) == UP


def test_a_log_in_that_tries_cookies_is_passed(prober):
    def respond(head: bytes) -> bytes:
        path = path_of(head)
        if path == "/UI/Test":
            return found("/UI/", "session=x; Path=/UI") if b"probe=1" in head else b"HTTP/1.1 400 No\r\n\r\n"
        if path == "/UI/":
            return WELCOME if b"session=x" in head else found("/UI/Login")
        return found("/UI/Test", "probe=1; Path=/") if path == "/UI/Login" else found("/UI/")

    _, behave = listening(respond)
    assert verdict(judge(prober, behave, keyword="welcome")) == UP


def test_no_cookie_is_carried_into_another_check(prober):
    heard, gate = listening(lambda head: WELCOME if b"seen=1" in head else found("/", "seen=1; Path=/"))
    with serve(gate) as server:
        for _ in range(2):
            assert prober.run_one(make_spec("http", server.url, keyword="welcome")).status == "up"
        assert prober.run_one(make_spec("http", server.url, method="POST")).status == "up"
    assert [bool(cookies_in(head)) for head in heard] == [False, True] * 3


@pytest.mark.parametrize(
    "cookie",
    [
        "a=1; Path=/elsewhere",
        "a=1; Domain=other.example",
        "a=1; Domain=localhost.example",
        "a=1; Max-Age=0",
        "a=1; Secure; Domain=com",
        "__Host-a=1; Path=/",
        "",
        "=; ;;=",
    ],
)
def test_a_cookie_that_does_not_belong_here_stays_away(prober, cookie):
    heard, behave = listening(lambda head: WELCOME if path_of(head) == "/x" else found("/x", cookie))
    assert verdict(judge(prober, behave)) == UP
    assert [cookies_in(head) for head in heard] == [[], []]


def test_a_cookie_does_not_go_to_another_host(prober):
    heard, second = listening(lambda head: WELCOME)
    with serve(second) as other:
        url = f"http://localhost:{other.port}/"
        assert verdict(judge(prober, listening(lambda head: found(url, "a=1; Path=/"))[1])) == UP
    assert cookies_in(heard[0]) == []


def test_the_users_own_cookies_and_those_set_on_the_way_make_one_header(prober):
    heard, behave = listening(lambda head: WELCOME if path_of(head) == "/x" else found("/x", "a=1"))
    assert verdict(judge(prober, behave, headers={"cookie": {"value": "mine=2", "secret": True}})) == UP
    assert [cookies_in(head) for head in heard] == [[b"Cookie: mine=2"], [b"Cookie: a=1; mine=2"]]


# ---- redirects and requests ----


def test_a_redirect_to_an_international_host_is_followed(prober):
    heard, behave = listening(lambda head: WELCOME)
    with serve(behave) as other:
        url = f"http://straße.localhost:{other.port}/über uns?ä=ö#oben"
        behave_first = say(f"HTTP/1.1 301 Moved\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode())
        assert verdict(judge(prober, behave_first)) == UP
    assert heard[0].startswith(b"GET /%C3%BCber%20uns?%C3%A4=%C3%B6 HTTP/1.1\r\n")
    assert f"Host: xn--strae-oqa.localhost:{other.port}\r\n".encode() in heard[0]


def test_a_redirect_to_another_scheme_or_to_nothing_is_told(prober):
    for location, sentence in (
        ("ftp://x.example/", "Redirected to a ftp URL; only http and https are followed."),
        ("javascript:alert(1)", "Redirected to a javascript URL; only http and https are followed."),
        ("http://a b/", "Redirected to no URL."),
    ):
        behave = answer(status="302 Found", headers=(f"Location: {location}",))
        assert verdict(judge(prober, behave)) == ("down", "redirect_invalid", sentence)


def test_a_redirect_without_a_location_is_the_answer(prober):
    for headers in ((), ("Location:",)):
        result = judge(prober, answer(status="302 Found", headers=headers), expected_status="302")
        assert verdict(result) == UP


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_that_may_have_a_body_says_that_it_has_none(prober, method):
    heard, behave = listening(lambda head: WELCOME)
    assert verdict(judge(prober, behave, method=method)) == UP
    assert heard[0].startswith(method.encode() + b" / HTTP/1.1\r\n")
    assert b"Content-Length: 0\r\n" in heard[0]
    assert b"content-type" not in heard[0].lower()
    judge(prober, behave, method=method, headers={"Content-Type": "text/csv"})
    assert b"Content-Type: text/csv\r\n" in heard[1]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_others_say_nothing_of_a_body(prober, method):
    heard, behave = listening(lambda head: WELCOME)
    judge(prober, behave, method=method)
    assert b"content-length" not in heard[0].lower()
