"""A thread of the prober's that stands still is given up, and holds up no other check."""

import threading
from time import monotonic

import pytest

from probes import batch, run
from probes import http_transfer as http
from probes.kinds import tcp
from probes.result import Status
from probes.run import Prober
from tests.hostile.servers import answer, serve
from tests.probes.specs import make_spec

WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(run, "STALLED_S", 0.6)
    monkeypatch.setattr(run, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(batch, "LOOK_EVERY_S", 0.2)


@pytest.fixture
def replaced():
    return []


@pytest.fixture
def prober(replaced):
    others = set(threading.enumerate())  # of probers that other tests of this process keep
    made = Prober(allow_private=True, tell_replaced=lambda: replaced.append(1))
    yield made
    made.close()
    for thread in set(threading.enumerate()) - others:  # those that were given up, too
        if thread.name.startswith("probe-"):
            thread.join(WITHIN_S)


@pytest.fixture
def let_go():
    """Set at the end, so that no thread is left behind."""
    event = threading.Event()
    yield event
    event.set()


def test_a_curl_thread_that_stands_still_is_replaced_and_the_next_check_is_made(
    prober, replaced, let_go, monkeypatch
):
    complete = http.HttpTransfer.complete

    def block(self, *args, **kwargs):
        if self.check.spec.monitor_id == 1:
            let_go.wait(60)
        return complete(self, *args, **kwargs)

    monkeypatch.setattr(http.HttpTransfer, "complete", block)
    with serve(answer()) as server:
        began = monotonic()
        stuck = prober.run_one(make_spec("http", server.url, monitor_id=1, timeout_s=1.0))
        assert (stuck.status, stuck.error_code) == (Status.UNKNOWN, "internal")
        assert monotonic() - began < WITHIN_S
        assert prober.run_one(make_spec("http", server.url, monitor_id=2)).status is Status.UP
    assert replaced == [1]


def test_a_loop_that_is_blocked_is_replaced_and_the_next_check_is_made(prober, replaced, let_go, monkeypatch):
    probe = tcp.probe_tcp

    async def block(check):
        if check.spec.monitor_id == 1:
            let_go.wait(60)
        return await probe(check)

    monkeypatch.setattr(tcp, "probe_tcp", block)
    with serve(answer()) as server:
        stuck = prober.run_one(make_spec("tcp", server.address, monitor_id=1, timeout_s=1.0))
        assert (stuck.status, stuck.error_code) == (Status.UNKNOWN, "internal")
        assert prober.run_one(make_spec("tcp", server.address, monitor_id=2)).status is Status.UP
    assert replaced == [1]


def test_who_waits_beside_a_blocked_thread_is_told_unknown_and_not_down(prober, let_go, monkeypatch):
    complete = http.HttpTransfer.complete

    def block(self, *args, **kwargs):
        let_go.wait(60)
        return complete(self, *args, **kwargs)

    monkeypatch.setattr(http.HttpTransfer, "complete", block)
    with serve(answer()) as server:
        specs = [make_spec("http", server.url, monitor_id=n, timeout_s=1.0) for n in range(5)]
        results = [result for chunk in prober.run(specs) for result in chunk]
    assert {result.status for result in results} == {Status.UNKNOWN}
    assert len(results) == 5


def test_a_judge_that_does_not_come_back_holds_up_its_own_check_alone(prober, let_go, monkeypatch):
    def block(*_args):
        let_go.wait(60)

    monkeypatch.setattr(http, "judge_body", block)
    with serve(answer(b"{}")) as server:
        asking = [
            make_spec("http", server.url, monitor_id=n, timeout_s=1.0, json_path="$.a", json_equals=1)
            for n in range(3)  # one more than there are judges
        ]
        results = [result for chunk in prober.run(asking) for result in chunk]
        assert [result.status for result in results] == [Status.UNKNOWN] * 3
        assert prober.run_one(make_spec("http", server.url, monitor_id=9)).status is Status.UP


def test_a_prober_that_nobody_waited_for_gives_up_nothing_at_its_next_check(prober, replaced):
    with serve(answer()) as server:
        for _ in range(2):
            assert prober.run_one(make_spec("http", server.url)).status is Status.UP
            prober._look_at = monotonic() - 3600  # as after an hour without checks, or a frozen process
            prober._look_after()
    assert replaced == []
