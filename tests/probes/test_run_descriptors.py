"""Out of descriptors, ports or memory: that is our own trouble, and says nothing of any target."""

import errno
import os
import resource
from contextlib import contextmanager, suppress

import pytest

from core import descriptors
from core.descriptors import bound_checks
from probes import asking, connect, icmp
from probes.result import Status
from probes.run import Prober
from tests.hostile.servers import answer, serve
from tests.probes.place import needs_namespaces, probe_at
from tests.probes.specs import make_spec

SHORT = (Status.UNKNOWN, "out_of_resources")


@contextmanager
def none_left():
    """Meanwhile this process can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        assert len(taken) > 100
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


@pytest.fixture(autouse=True)
def _never_short(monkeypatch):
    monkeypatch.setattr(descriptors, "_short_at", float("-inf"))


def list_specs(server, secure):
    port = server.address.rpartition(":")[2]
    return [
        make_spec("http", server.url, monitor_id=1, timeout_s=10),
        make_spec("http", f"http://localhost:{port}/", monitor_id=2, timeout_s=10),
        make_spec("http", secure.url, monitor_id=3, timeout_s=10),
        make_spec("tcp", server.address, monitor_id=4, timeout_s=10),
        make_spec("tcp", f"localhost:{port}", monitor_id=5, timeout_s=10),
        make_spec("tls", secure.address, monitor_id=6, timeout_s=10),
        make_spec("dns", "example.com", monitor_id=7, resolver=server.address),
        make_spec("dns", "example.com", monitor_id=8),
        make_spec("ping", "127.0.0.1", monitor_id=9),
        make_spec("domain", "shop.example", monitor_id=10, rdap_url=f"{server.url}/"),
    ]


def probe(prober, specs):
    found = {result.monitor_id: result for results in prober.run(specs) for result in results}
    return {number: (result.status, result.error_code) for number, result in found.items()}


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_without_descriptors_no_kind_calls_its_target_down(ca_file, tls_context, warm):
    prober = Prober(allow_private=True, ca_file=ca_file)
    with serve(answer()) as server, serve(answer(), context=tls_context) as secure:
        specs = list_specs(server, secure)
        if warm:  # its threads are there, and what they opened
            before = probe(prober, specs)
            assert {before[number] for number in (1, 2, 3, 4, 5, 6)} == {(Status.UP, "")}
        with none_left():
            assert probe(prober, specs) == {spec.monitor_id: SHORT for spec in specs}
        after = probe(prober, specs)
        assert {after[number] for number in (1, 2, 3, 4, 5, 6)} == {(Status.UP, "")}
    prober.close()


def test_a_target_that_answers_wrongly_is_down_however_short_we_are(prober):
    with serve(answer(status="503 Service Unavailable")) as server:
        descriptors.note_shortage()
        result = prober.run_one(make_spec("http", server.url))
    assert (result.status, result.error_code) == (Status.DOWN, "http_status")


def test_what_failed_before_descriptors_ran_out_is_not_excused(prober):
    descriptors.note_shortage()
    result = prober.run_one(make_spec("tcp", "127.0.0.1:9"))
    assert (result.status, result.error_code) == (Status.DOWN, "connect_refused")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_each_of_the_errors_of_a_machine_without_more_is_known(prober, monkeypatch, number):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(connect, "_connect", refuse)
    monkeypatch.setattr(icmp, "exchange", refuse)
    for spec in (make_spec("tcp", "127.0.0.1:9"), make_spec("ping", "127.0.0.1")):
        result = prober.run_one(spec)
        assert (result.status, result.error_code) in {SHORT, (Status.UNKNOWN, "ping_not_permitted")}


@needs_namespaces
def test_without_a_port_left_a_target_is_not_down():
    place = [
        "ip link set lo up",
        "echo 50000 50001 > /proc/sys/net/ipv4/ip_local_port_range",
        "echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse",
        "python3 -m http.server -b 127.0.0.1 8099 >/dev/null 2>&1 & for i in $(seq 50); do"
        " ss -tln | grep -q 8099 && break; sleep 0.1; done",
    ]
    kinds = [("tcp", "127.0.0.1:8099"), ("http", "http://127.0.0.1:8099/")]
    for kind, target in kinds:
        specs = [make_spec(kind, target, monitor_id=number) for number in range(8)]
        found = {(result.status, result.error_code) for result in probe_at(place, specs)}
        assert SHORT in found
        assert found <= {SHORT, (Status.UP, "")}


def test_who_runs_short_while_he_asks_whether_the_network_is_there_holds_it_against_nobody(monkeypatch):
    def ask(*args, **kwargs):
        descriptors.note_shortage()
        return 0

    monkeypatch.setattr(asking, "count_connected", ask)
    prober = Prober(allow_private=True, own_network_targets=["127.0.0.1:9"])
    assert probe(prober, [make_spec("tcp", "127.0.0.1:9", monitor_id=1)]) == {1: SHORT}
    prober.close()


@pytest.mark.parametrize(("limit", "most"), [(64, 1), (128, 16), (256, 64), (1_024, 100), (8_192, 100)])
def test_there_are_no_more_checks_at_once_than_descriptors_for_them(monkeypatch, caplog, limit, most):
    monkeypatch.setattr(descriptors, "raise_limit", lambda: limit)
    assert bound_checks(100) == most
    assert ("descriptors=" in caplog.text) is (most < 100)
    assert len(caplog.records) <= 1
