"""The web server under people who are slow on purpose; by real sockets."""

import errno
import socket
import threading
import time

import pytest

from core.descriptors import raise_limit
from sentrypulse import web, web_connections, web_lanes
from tests.e2e.harness import free_port, wait_for

QUICK = {"IDLE_S": 0.4, "REQUEST_S": 0.6, "STALLED_S": 0.6, "LOOK_EVERY_S": 0.05, "REST_S": 0.2}


class App:
    """Answers with the path, after ``go`` for paths under /slow/, with a megabyte for /large/."""

    def __init__(self):
        self.go, self.at_work = threading.Event(), 0

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path.startswith("/slow/"):
            self.at_work += 1
            self.go.wait(20)
        body = path.encode() if path != "/large/" else 8_000_000 * b"x"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def app():
    made = App()
    yield made
    made.go.set()


@pytest.fixture
def server(app, settings, monkeypatch):
    for name, value in QUICK.items():
        monkeypatch.setattr(web_connections, name, value)
    settings.PORT, settings.WEB_THREADS, settings.WEB_CONNECTIONS = free_port(), 3, 30
    server = web.make_server(web.listen(), application=app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server
    app.go.set()
    server.task_dispatcher.shutdown()
    server.close()
    for channel in list(server.active_channels.values()):
        channel.close()
    thread.join(5)


@pytest.fixture
def port(server, settings):
    return settings.PORT


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def ask(port, path="/", *, timeout_s=10):
    with connect(port) as client:
        client.settimeout(timeout_s)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return read_all(client)


def read_all(client):
    answer = b""
    while chunk := client.recv(65_536):
        answer += chunk
    return answer


def ends_after_s(port, start, each=b""):
    """Seconds until the server has closed a connection that begins so and goes on so."""
    began = time.monotonic()
    with connect(port) as client:
        client.sendall(start)
        client.settimeout(0.05)
        while time.monotonic() - began < 15:
            try:
                if each:
                    client.sendall(each)
                if client.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("start", "each"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A: b\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n", b"A: b\r\n"),
    ],
    ids=["silent", "empty lines", "half a header", "header", "body", "chunks", "second request"],
)
def test_who_sends_no_whole_request_is_cut_off(port, start, each):
    assert ends_after_s(port, start, each) < 10


def test_who_takes_no_answer_is_cut_off(port):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /large/ HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        wait_for(lambda: _is_reset(client), within_s=15)
        assert time.monotonic() - began > QUICK["STALLED_S"]


def _is_reset(client):
    try:
        client.sendall(b" ")
    except ConnectionError:
        return True
    return False


def test_a_long_request_that_comes_steadily_is_read_to_its_end(port, monkeypatch):
    monkeypatch.setattr(web_connections, "SLOWEST_BYTES_S", 1_000)
    with connect(port) as client:
        client.sendall(
            b"POST /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n"
        )
        ended = threading.Event()
        for _ in range(20):
            client.sendall(1_000 * b"x")
            ended.wait(0.05)  # a second in all, longer than a short one may take
        assert read_all(client).endswith(b"/long")


def test_an_answer_that_takes_long_to_make_is_sent(port, app):
    with connect(port) as client:
        client.sendall(b"GET /slow/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        waited = threading.Event()
        waited.wait(2 * QUICK["IDLE_S"] + QUICK["REQUEST_S"])
        app.go.set()
        assert read_all(client).endswith(b"/slow/")


def test_a_hundred_connections_that_only_wait_shut_nobody_out(port, monkeypatch):
    monkeypatch.setattr(web_connections, "IDLE_S", 60)
    idle = [connect(port) for _ in range(100)]
    half = [connect(port) for _ in range(100)]
    for client in half:
        client.sendall(b"GET / HTTP/1.1\r\n")
    began = time.monotonic()
    assert ask(port, "/here").endswith(b"/here")
    assert time.monotonic() - began < 30  # before one of them is closed
    for client in (*idle, *half):
        client.close()


def test_pings_and_health_do_not_wait_behind_what_takes_long(port, app):
    waiting = [connect(port) for _ in range(12)]
    for client in waiting:
        client.sendall(b"GET /slow/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    wait_for(lambda: app.at_work == 3)  # all of the others' threads
    for path in ("/ping/4f9c", "/api/v1/health", "/api/v1/health/", "/metrics"):
        assert ask(port, path).endswith(path.encode())
    assert app.at_work == 3
    app.go.set()
    assert [read_all(client)[-6:] for client in waiting] == 12 * [b"/slow/"]
    for client in waiting:
        client.close()


def test_one_request_too_many_is_told_to_come_again(server, port, app, monkeypatch):
    monkeypatch.setattr(web_lanes, "MOST_WAITING", 4)
    waiting = [connect(port) for _ in range(7)]
    for number, client in enumerate(waiting):
        if number == 3:
            wait_for(lambda: app.at_work == 3)
        client.sendall(b"GET /slow/ HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_for(lambda: len(server.task_dispatcher._others.queue) == 4)
    answer = ask(port, "/slow/").decode()
    assert answer.startswith("HTTP/1.1 503 Service Unavailable\r\n")
    assert "Retry-After: 5\r\n" in answer
    app.go.set()
    for client in waiting:
        client.close()


def test_without_descriptors_the_server_rests_and_goes_on(port, monkeypatch, caplog):
    server_accept = web_connections.PatientServer.accept
    refused = []

    def accept(self):
        if len(refused) < 3:
            refused.append(time.monotonic())
            raise OSError(errno.EMFILE, "Too many open files")
        return server_accept(self)

    monkeypatch.setattr(web_connections.PatientServer, "accept", accept)
    assert ask(port, "/late").endswith(b"/late")
    assert len(refused) == 3
    assert refused[2] - refused[0] > 1.5 * QUICK["REST_S"]  # it did not turn in between
    lines = [r for r in caplog.records if "not accepted" in r.getMessage()]
    assert [record.exc_info for record in lines] == [None, None, None]


def test_connections_leave_the_low_descriptors_to_libcurl(server, port, app):
    if raise_limit() <= web_connections.FIRST_DESCRIPTOR:
        pytest.skip("This system gives no higher descriptor.")
    with connect(port) as client:
        client.sendall(b"GET /slow/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        wait_for(lambda: app.at_work == 1)
        assert min(server.active_channels) >= web_connections.FIRST_DESCRIPTOR
        app.go.set()
        read_all(client)
