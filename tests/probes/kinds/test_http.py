"""The HTTP probe against well-behaved servers on loopback."""

import gzip
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from probes.http_versions import has_http3
from probes.result import Status
from tests.hostile.servers import Server, answer, read_request, serve
from tests.probes.specs import make_spec


def record(server: list[Server], behave=None):
    """Keep what the client sent in ``server[0].heard``."""
    behave = behave or answer()

    def wrapped(connection: socket.socket, stop: threading.Event) -> None:
        server[0].heard.append(connection.recv(65_536, socket.MSG_PEEK).decode())
        behave(connection, stop)

    return wrapped


@pytest.fixture
def echo():
    """A server that keeps every request's head, and answers hello."""
    holder: list[Server] = []
    with serve(record(holder)) as server:
        holder.append(server)
        yield server


def test_a_good_answer_is_up_and_every_phase_is_timed(prober):
    with serve(answer(b"hello world")) as server:
        result = prober.run_one(make_spec("http", server.url))
    assert (result.status, result.error_code, result.error) == ("up", "", "")
    assert (result.http_status, result.http_version, result.size_bytes) == (200, "1.1", 11)
    assert (result.address, result.tls_expires_at) == ("127.0.0.1", None)
    timings = result.timings
    phases = [timings.dns_ms, timings.connect_ms, timings.first_byte_ms, timings.download_ms]
    assert all(phase is not None and phase >= 0 for phase in phases)
    assert timings.tls_ms is None
    assert timings.total_ms is not None
    assert abs(sum(phase or 0 for phase in phases) - timings.total_ms) <= 3


def test_a_good_certificate_is_up_and_its_end_is_told(prober, ca, tls_context):
    with serve(answer(), context=tls_context) as server:
        result = prober.run_one(make_spec("http", server.url))
    assert (result.status, result.error_code) == ("up", "")
    assert result.timings.tls_ms is not None
    assert result.tls_expires_at is not None
    assert result.tls_expires_at.isoformat() == "3000-01-01T00:00:00+00:00"


def test_a_status_outside_the_expected_is_down_with_both_named(prober):
    with serve(answer(status="503 Service Unavailable")) as server:
        result = prober.run_one(make_spec("http", server.url))
    assert (result.status, result.error_code) == ("down", "http_status")
    assert result.error == "Expected 200-299, got 503."
    assert result.http_status == 503


def test_an_expected_error_status_is_up(prober):
    with serve(answer(status="404 Not Found")) as server:
        assert prober.run_one(make_spec("http", server.url, expected_status="2xx,404")).status == "up"


@pytest.mark.parametrize(
    ("config", "code", "sentence"),
    [
        ({"keyword": "world"}, "", ""),
        ({"keyword": "mars"}, "body_mismatch", "Expected 'mars' in the body, but it is not there."),
        ({"keyword": "mars", "keyword_absent": True}, "", ""),
        (
            {"keyword": "world", "keyword_absent": True},
            "body_mismatch",
            "Expected a body without 'world', but it is there.",
        ),
        ({"json_path": "$.a", "json_equals": "hello world"}, "", ""),
        (
            {"json_path": "a", "json_equals": "bye"},
            "json_mismatch",
            'Expected "bye" at $.a, got "hello world".',
        ),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_the_body_is_judged(prober, config, code, sentence, compressed):
    body = b'{"a": "hello world"}'
    behave = answer(gzip.compress(body), headers=("Content-Encoding: gzip",)) if compressed else answer(body)
    with serve(behave) as server:
        result = prober.run_one(make_spec("http", server.url, **config))
    assert (result.error_code, result.error) == (code, sentence)
    assert result.size_bytes == len(body)


@pytest.mark.parametrize(("expected", "code"), [(40_000, ""), (40_001, "json_mismatch")])
def test_a_large_document_is_judged_as_well(prober, expected, code):
    body = b'{"items": [' + b"1, " * 39_999 + b'40000], "count": 40000}'
    with serve(answer(body)) as server:
        result = prober.run_one(make_spec("http", server.url, json_path="$.count", json_equals=expected))
    assert (result.error_code, result.size_bytes) == (code, len(body))


def test_a_path_that_takes_too_many_steps_is_no_downtime(prober):
    """At first: minutes of the thread that serves every check, and gigabytes."""
    with serve(answer(b"[[[[[[[[[[[1]]]]]]]]]]]")) as server:
        spec = make_spec("http", server.url, json_path="$" + "[*,*,*,*,*,*]" * 11, json_equals="x")
        result = prober.run_one(spec)
    assert (result.status, result.error_code) == ("unknown", "config_invalid")
    assert "takes more than 200,000 steps in this document" in result.error


@pytest.mark.parametrize(
    "config", [{"json_path": "$[?match(@.a, 'a*')]"}, {"json_path": "$[", "json_equals": "\ud800"}]
)
def test_a_stored_path_that_is_none_is_no_downtime(prober, config):
    with serve(answer(b"{}")) as server:
        spec = make_spec("http", server.url)
        result = prober.run_one(msgspec.structs.replace(spec, config=spec.config | config))
    assert (result.status, result.error_code) == ("unknown", "config_invalid")
    assert result.error.startswith("The monitor's JSON path cannot be used: ")


def test_a_document_that_is_nested_deep_is_a_result(prober):
    with serve(answer(b"[" * 100_000)) as server:
        result = prober.run_one(make_spec("http", server.url, json_path="$..a"))
    assert (result.status, result.error_code) == ("down", "json_mismatch")


def test_judging_that_takes_long_holds_up_no_other_check(prober, monkeypatch):
    """However many there are: those that wait for it wait by themselves."""
    released, begun = threading.Event(), threading.Semaphore(0)

    def judge_long(body, path, expected, content_type):
        begun.release()
        released.wait(10)
        return ""

    monkeypatch.setattr("probes.bodies.judge_json", judge_long)
    with serve(answer(b"[1]")) as server:
        slow = [make_spec("http", server.url, json_path="$[*]", monitor_id=n) for n in range(6)]
        results = prober.run(slow)
        assert begun.acquire(timeout=10)
        assert prober.run_one(make_spec("http", server.url)).status == "up"
        assert not released.is_set()
        released.set()
        assert sorted(result.monitor_id for chunk in results for result in chunk) == list(range(6))


def test_a_slow_answer_is_degraded(prober):
    def dawdle(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        stop.wait(0.05)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serve(dawdle) as server:
        result = prober.run_one(make_spec("http", server.url, degraded_ms=20))
    assert (result.status, result.error_code) == ("degraded", "slow")
    assert result.error == f"Expected an answer within 20 ms, took {result.timings.total_ms} ms."


def test_a_certificate_that_ends_soon_is_degraded(prober, ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    soon = datetime.now(UTC) + timedelta(days=5, hours=1)
    ca.issue_cert("127.0.0.1", not_after=soon).configure_cert(context)
    with serve(answer(), context=context) as server:
        warned = prober.run_one(make_spec("http", server.url))
        content = prober.run_one(make_spec("http", server.url, tls_expiry_days=5))
        silent = prober.run_one(make_spec("http", server.url, tls_expiry_days=0))
        told = prober.run_one(make_spec("tls", server.address))
    assert (warned.status, warned.error_code) == ("degraded", "tls_expiring")
    assert warned.error == (
        f"The certificate expires on {soon:%Y-%m-%d}, in 5 days; expected at least 14 days."
    )
    assert (content.status, silent.status) == ("up", "up")
    assert (told.status, told.error_code, told.error) == ("degraded", "tls_expiring", warned.error)


# ---- what is sent ----


def test_method_headers_body_and_basic_auth_are_sent(prober, echo):
    spec = make_spec(
        "http",
        echo.url + "path?q=1",
        method="PUT",
        body='{"a": 1}',
        headers={"X-Key": {"value": "k3y", "secret": True}, "X-Empty": ""},
        auth={"type": "basic", "username": "ann", "password": "pässword"},
    )
    assert prober.run_one(spec).status == "up"
    head, body = echo.heard[0].split("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "PUT /path?q=1 HTTP/1.1"
    assert {"X-Key: k3y", "X-Empty:", "Content-Type: application/json"} <= set(lines)
    assert "Authorization: Basic YW5uOnDDpHNzd29yZA==" in lines
    assert body == '{"a": 1}'


def test_a_bearer_token_is_sent(prober, echo):
    prober.run_one(make_spec("http", echo.url, auth={"type": "bearer", "token": "t0ken"}))
    assert "Authorization: Bearer t0ken\r\n" in echo.heard[0]


def test_nothing_of_one_check_leaks_into_the_next(prober, echo):
    """Handles are reused; the options and secrets of the last tenant must not be."""
    spec = make_spec(
        "http",
        echo.url,
        method="POST",
        body="b0dy",
        headers={"X-Key": "k3y"},
        auth={"type": "basic", "username": "u", "password": "p"},
    )
    prober.run_one(spec)
    prober.run_one(make_spec("http", echo.url))
    second = echo.heard[1]
    assert second.startswith("GET / HTTP/1.1\r\n")
    for leak in ("X-Key", "Authorization", "b0dy", "Content-Length", "Content-Type"):
        assert leak not in second


def test_head_asks_without_a_body(prober, echo):
    result = prober.run_one(make_spec("http", echo.url, method="HEAD"))
    assert echo.heard[0].startswith("HEAD / ")
    assert (result.status, result.size_bytes) == ("up", 0)


def test_the_environments_proxy_is_not_used(prober, echo, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert prober.run_one(make_spec("http", echo.url)).status == "up"


def test_connections_are_never_reused(prober):
    def keep_alive(connection: socket.socket, stop: threading.Event) -> None:
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serve(keep_alive) as server:
        for _ in range(3):
            assert prober.run_one(make_spec("http", server.url)).status == "up"
        assert server.served == 3


# ---- redirects ----


@pytest.fixture
def two_servers():
    """One server that redirects to another, which answers; both keep what they heard."""
    first_holder: list[Server] = []
    second_holder: list[Server] = []
    with serve(record(second_holder)) as second:
        second_holder.append(second)
        status = {"line": "302 Found"}

        def redirect(connection: socket.socket, stop: threading.Event) -> None:
            answer(status=status["line"], headers=(f"Location: {second.url}there",))(connection, stop)

        with serve(record(first_holder, redirect)) as first:
            first_holder.append(first)
            yield first, second, status


def test_a_redirect_is_followed_and_both_hops_are_timed(prober, two_servers):
    first, second, _ = two_servers
    result = prober.run_one(make_spec("http", first.url))
    assert (result.status, result.http_status) == ("up", 200)
    assert second.heard[0].startswith("GET /there HTTP/1.1")


def test_credentials_stay_with_their_origin(prober, two_servers):
    first, second, _ = two_servers
    prober.run_one(
        make_spec(
            "http",
            first.url,
            headers={"X-Key": {"value": "k3y", "secret": True}, "Cookie": "c=1", "X-Plain": "yes"},
            auth={"type": "bearer", "token": "t0ken"},
        )
    )
    assert "X-Key: k3y" in first.heard[0]
    assert "t0ken" in first.heard[0]
    for secret in ("k3y", "t0ken", "Cookie"):
        assert secret not in second.heard[0]
    assert "X-Plain: yes" in second.heard[0]


@pytest.mark.parametrize(
    ("line", "method"),
    [("301 Moved", "GET"), ("302 Found", "GET"), ("303 See", "GET"), ("307 T", "POST"), ("308 P", "POST")],
)
def test_a_post_is_redirected_as_http_says(prober, two_servers, line, method):
    first, second, status = two_servers
    status["line"] = line
    prober.run_one(make_spec("http", first.url, method="POST", body="b0dy"))
    assert second.heard[0].startswith(f"{method} /there ")
    assert ("b0dy" in second.heard[0]) is (method == "POST")


def test_a_redirect_that_is_not_to_be_followed_is_judged_itself(prober, two_servers):
    first, second, _ = two_servers
    result = prober.run_one(make_spec("http", first.url, follow_redirects=False, expected_status="302"))
    assert (result.status, result.http_status, second.served) == ("up", 302, 0)


def test_a_failure_after_a_redirect_says_so(prober):
    with serve(answer()) as closed:
        url = closed.url
    with serve(answer(status="302 Found", headers=(f"Location: {url}",))) as server:
        result = prober.run_one(make_spec("http", server.url))
    assert (result.error_code, result.http_status) == ("connect_refused", None)
    assert result.error.startswith(f"After a redirect to {url.rstrip('/')}: ")


def test_as_many_redirects_as_allowed_are_followed(prober):
    def count_down(connection: socket.socket, stop: threading.Event) -> None:
        left = int(read_request(connection).split(b" ")[1].strip(b"/") or b"3")
        if left:
            connection.sendall(
                f"HTTP/1.1 302 F\r\nLocation: /{left - 1}\r\nContent-Length: 0\r\n\r\n".encode()
            )
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serve(count_down) as server:
        assert prober.run_one(make_spec("http", server.url, max_redirects=3)).status == "up"
        assert prober.run_one(make_spec("http", server.url, max_redirects=2)).error_code == "redirect_loop"


# ---- our own limits ----


def test_a_secret_that_the_server_echoes_is_not_in_the_sentence(prober):
    with serve(answer(b'{"you_sent": "s3cret-token"}')) as server:
        result = prober.run_one(
            make_spec(
                "http",
                server.url,
                json_path="$.you_sent",
                json_equals="x",
                headers={"X-Key": {"value": "s3cret-token", "secret": True}},
            )
        )
    assert result.error == 'Expected "x" at $.you_sent, got "•••".'


def test_http_2_is_asked_for_and_its_absence_is_told(prober, tls_context):
    with serve(answer(), context=tls_context) as server:
        result = prober.run_one(make_spec("http", server.url, http_version="2"))
    assert (result.status, result.error_code) == ("down", "http_protocol")
    assert result.error == "Expected HTTP/2, got HTTP/1.1."


def test_http_3_without_support_is_our_trouble_and_not_the_targets(prober, monkeypatch):
    monkeypatch.setattr("probes.http_versions.has_http3", lambda: False)
    result = prober.run_one(make_spec("http", "https://127.0.0.1/", http_version="3"))
    assert (result.status, result.error_code) == (Status.UNKNOWN, "config_invalid")
    assert result.error == "This prober's libcurl does not speak HTTP/3."


@pytest.mark.skipif(not has_http3(), reason="this libcurl does not speak HTTP/3")
def test_http_3_to_a_port_where_nothing_listens_fails_to_connect(prober):
    result = prober.run_one(make_spec("http", "https://127.0.0.1:1/", http_version="3", timeout_s=1))
    assert (result.status, result.error_code) == ("down", "connect_failed")
    assert result.error == "No HTTP/3 connection could be made (QUIC over UDP)."


def test_ip_family_chooses_the_address(prober):
    with serve(answer()) as server:
        target = f"http://localhost:{server.port}/"
        assert prober.run_one(make_spec("http", target, ip_family="4")).address == "127.0.0.1"
        assert prober.run_one(make_spec("http", target, ip_family="6")).error_code in {
            "connect_refused",
            "connect_failed",
            "dns_no_answer",
            "dns_nxdomain",
            "dns_failure",
        }
