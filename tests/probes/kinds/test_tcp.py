import socket
import threading
from collections import Counter

import pytest

from probes.run import Prober
from tests.hostile.servers import serve
from tests.probes.specs import make_spec


def greet(connection: socket.socket, stop: threading.Event) -> None:
    """Greet in two pieces, then answer one line."""
    connection.sendall(b"220 re")
    connection.sendall(b"ady\r\n")
    if connection.recv(100) == b"PING\r\n":
        connection.sendall(b"PONG\r\n")
    connection.recv(1)


def test_an_open_port_is_up(prober):
    with serve(greet) as server:
        result = prober.run_one(make_spec("tcp", server.address))
    assert (result.status, result.error_code, result.address) == ("up", "", "127.0.0.1")
    assert result.timings.connect_ms is not None
    assert result.timings.tls_ms is None


@pytest.mark.parametrize("config", [{"expect": "220 ready"}, {"send": r"PING\r\n", "expect": "PONG"}])
def test_the_expected_words_are_waited_for(prober, config):
    with serve(greet) as server:
        result = prober.run_one(make_spec("tcp", server.address, **config))
    assert (result.status, result.error_code) == ("up", "")
    assert result.size_bytes is not None


def test_a_closed_port_refuses(prober):
    with serve(greet) as server:
        address = server.address
    result = prober.run_one(make_spec("tcp", address))
    assert (result.status, result.error_code) == ("down", "connect_refused")
    assert result.error == "127.0.0.1 refused the connection; nothing listens on the port."


def test_a_target_without_a_port_is_not_the_targets_fault(prober):
    result = prober.run_one(make_spec("tcp", "127.0.0.1"))
    assert (result.status, result.error_code) == ("unknown", "config_invalid")


@pytest.fixture
def mute_resolver(monkeypatch):
    """The system's resolver does not answer for names; addresses need none."""
    answers, resolve = threading.Event(), socket.getaddrinfo

    def look_up(host, port, family=0, type=0, proto=0, flags=0):
        if not flags & socket.AI_NUMERICHOST:
            answers.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return resolve(host, port, family, type, proto, flags)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    answers.set()


def test_a_mute_resolver_takes_no_address_down_and_who_waited_for_a_thread_is_unknown(mute_resolver):
    prober = Prober(allow_private=True, concurrency=3, per_host=3)
    try:
        with serve(greet) as server:
            stuck = [make_spec("tcp", f"name{n}.example:80", timeout_s=0.3) for n in range(6)]
            results = [result for chunk in prober.run(stuck) for result in chunk]
            direct = prober.run_one(make_spec("tcp", server.address, timeout_s=5))
    finally:
        prober.close()
    assert direct.status == "up"
    told = Counter((result.status, result.error_code) for result in results)
    assert set(told) == {("down", "dns_timeout"), ("unknown", "internal")}
    assert told["unknown", "internal"] >= 3
