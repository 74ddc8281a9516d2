import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import msgspec
import pytest

from probes.check import Check, Judgement
from probes.errors import ErrorCode
from probes.queue import FairQueue
from probes.result import CheckResult, Status
from probes.run import Prober
from tests.hostile.servers import answer, serve, stay_silent
from tests.probes.specs import SCHEDULED_AT, make_spec


def test_a_result_carries_the_identity_of_its_spec(prober):
    before = datetime.now(UTC)
    with serve(answer()) as server:
        result = prober.run_one(make_spec("http", server.url, monitor_id=42, revision=9))
    assert (result.monitor_id, result.revision, result.region) == (42, 9, "eu")
    assert result.scheduled_at == SCHEDULED_AT
    assert before <= result.checked_at <= before + timedelta(seconds=2)
    assert msgspec.json.decode(msgspec.json.encode(result), type=CheckResult) == result


def test_a_batch_of_every_kind_comes_back_whole_and_in_one_chunk(prober, tls_context):
    with serve(answer()) as plain, serve(answer(), context=tls_context) as secure:
        specs = [
            make_spec("http", plain.url, monitor_id=1),
            make_spec("http", secure.url, monitor_id=2),
            make_spec("tcp", plain.address, monitor_id=3),
            make_spec("tls", secure.address, monitor_id=4),
            make_spec("http", "http://127.0.0.1:1/", monitor_id=5),
        ]
        chunks = list(prober.run(specs, flush_s=5))
    assert len(chunks) == 1
    assert {result.monitor_id: result.status for result in chunks[0]} == {
        1: "up",
        2: "up",
        3: "up",
        4: "up",
        5: "down",
    }


def test_fast_results_do_not_wait_for_slow_ones(prober):
    with serve(answer()) as fast, serve(stay_silent) as slow:
        specs = [
            make_spec("http", slow.url, monitor_id=1, timeout_s=3.0),
            make_spec("http", fast.url, monitor_id=2),
        ]
        chunks = prober.run(specs, flush_s=0.1)
        first = next(chunks)
        assert [result.monitor_id for result in first] == [2]
        assert [[result.monitor_id for result in chunk] for chunk in chunks] == [[1]]


def test_an_empty_batch_is_over_at_once(prober):
    assert list(prober.run([])) == []


@pytest.mark.parametrize("kind", ["http", "tcp"])
def test_what_is_unfinished_at_the_deadline_is_missing_and_frees_its_place(ca_file, kind):
    prober = Prober(allow_private=True, concurrency=2, ca_file=ca_file)
    with serve(stay_silent) as silent, serve(answer()) as good:
        target = silent.url if kind == "http" else silent.address
        config: dict[str, Any] = {} if kind == "http" else {"expect": "x"}
        hanging = [make_spec(kind, target, monitor_id=n, timeout_s=30, **config) for n in range(5)]
        began = monotonic()
        results = [r for chunk in prober.run(hanging, deadline_at=began + 0.3) for r in chunk]
        assert results == []
        assert monotonic() - began < 10  # and not the 30 s of their timeouts
        assert prober.run_one(make_spec("http", good.url)).status == "up"
        prober.close()


def test_a_caller_who_stops_listening_cancels_the_rest(ca_file):
    prober = Prober(allow_private=True, concurrency=1, ca_file=ca_file)
    with serve(stay_silent) as silent, serve(answer()) as good:
        specs = [make_spec("http", good.url), *[make_spec("http", silent.url, timeout_s=30)] * 3]
        chunks: Any = prober.run(specs, flush_s=0.01)
        assert len(next(chunks)) == 1
        chunks.close()
        assert prober.run_one(make_spec("http", good.url)).status == "up"
        prober.close()


class Gate:
    """A server that counts who is inside and lets nobody out before ``expected`` are."""

    def __init__(self, expected: int) -> None:
        self.expected, self.inside, self.most = expected, 0, 0
        self.full, self.lock = threading.Event(), threading.Lock()

    def __call__(self, connection, stop) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside >= self.expected:
                self.full.set()
        self.full.wait(5)
        # Nobody else may come in while the place is still taken.
        stop.wait(0.05)
        with self.lock:
            self.inside -= 1
        answer()(connection, stop)


@pytest.mark.parametrize(("concurrency", "per_host", "expected"), [(100, 3, 3), (4, 10, 4)])
def test_a_host_never_sees_more_checks_at_once_than_the_bound(ca_file, concurrency, per_host, expected):
    gate = Gate(expected)
    prober = Prober(allow_private=True, concurrency=concurrency, per_host=per_host, ca_file=ca_file)
    with serve(gate) as server:
        specs = [make_spec("http", server.url, timeout_s=8, monitor_id=n) for n in range(9)]
        results = [result for chunk in prober.run(specs) for result in chunk]
    prober.close()
    assert sorted(result.monitor_id for result in results) == list(range(9))
    assert {result.status.value for result in results} == {"up"}
    assert gate.most == expected


def test_many_threads_share_one_prober(prober):
    with serve(answer()) as server:
        seen: list[CheckResult] = []

        def work(base: int) -> None:
            specs = [make_spec("http", server.url, monitor_id=base + n) for n in range(10)]
            seen.extend(result for chunk in prober.run(specs) for result in chunk)

        threads = [threading.Thread(target=work, args=(base * 10,)) for base in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(result.monitor_id for result in seen) == list(range(60))
    assert Counter(result.status.value for result in seen) == {"up": 60}


@pytest.mark.parametrize(
    ("kind", "target", "where"),
    [
        ("http", "http://127.0.0.1:1/", "probes.http_transfer.HttpTransfer.prepare"),
        ("http", "http://127.0.0.1:1/", "probes.http_transfer.HttpTransfer.complete"),
        ("tcp", "127.0.0.1:1", "probes.streams.connect"),
    ],
)
def test_a_bug_in_a_probe_is_unknown_and_logged_never_down(prober, monkeypatch, caplog, kind, target, where):
    def stumble(*_args, **_options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(where, stumble)
    result = prober.run_one(make_spec(kind, target))
    assert (result.status, result.error_code) == ("unknown", "internal")
    assert "a bug" not in result.error
    assert any(record.exc_info and "a bug" in str(record.exc_info[1]) for record in caplog.records)
    monkeypatch.undo()
    assert prober.run_one(make_spec(kind, target)).error_code == "connect_refused"


def test_a_kind_or_configuration_that_this_prober_does_not_know_is_unknown(prober):
    spec = make_spec("http", "http://127.0.0.1:1/")
    strange = prober.run_one(msgspec.structs.replace(spec, kind="telepathy"))
    broken = prober.run_one(msgspec.structs.replace(spec, config={"method": 5}))
    assert (strange.status, strange.error_code) == ("unknown", "config_invalid")
    assert strange.error == "This prober knows no kind 'telepathy'."
    assert (broken.status, broken.error_code) == ("unknown", "config_invalid")


def test_close_ends_waiting_callers_and_refuses_new_ones():
    prober = Prober(allow_private=True)
    with serve(stay_silent) as silent:
        chunks = prober.run([make_spec("http", silent.url, timeout_s=30)])
        closer = threading.Thread(target=prober.close)
        closer.start()
        assert list(chunks) == []
        closer.join()
    with pytest.raises(RuntimeError):
        prober.run([make_spec("http", "http://127.0.0.1:1/")])


# ---- whose turn it is ----


def make_check(owner: object, host: str) -> Check:
    check = Check(make_spec("ping", host), host=host, done=lambda _check, _result: None)
    check.owner = owner
    return check


def test_turns_go_round_the_owners_and_their_hosts():
    queue = FairQueue(concurrency=10, per_host=10)
    big, small = "timetable", "person"
    for host in ("a", "a", "b"):
        queue.add(make_check(big, host))
    queue.add(make_check(small, "c"))
    turns = [queue.take() for _ in range(5)]
    assert [(check.owner, check.host) if check else None for check in turns] == [
        (big, "a"),
        (small, "c"),
        (big, "b"),
        (big, "a"),
        None,
    ]


def test_a_full_host_is_passed_over_until_it_has_room():
    queue = FairQueue(concurrency=10, per_host=1)
    for host in ("a", "a", "b"):
        queue.add(make_check("x", host))
    first, second = queue.take(), queue.take()
    assert first is not None
    assert second is not None
    assert (first.host, second.host, queue.take()) == ("a", "b", None)
    queue.release(first)
    queue.release(first)
    third = queue.take()
    assert third is not None
    assert (third.host, queue.take()) == ("a", None)


def test_dropping_an_owner_frees_what_ran_and_forgets_what_waited():
    queue = FairQueue(concurrency=1, per_host=1)
    for owner in ("x", "x", "y"):
        queue.add(make_check(owner, "a"))
    running = queue.take()
    assert queue.drop("x") == [running]
    following = queue.take()
    assert following is not None
    assert (following.owner, queue.take()) == ("y", None)


def test_a_stored_address_that_is_none_keeps_no_other_check_of_the_batch_from_running():
    bad = msgspec.structs.replace(
        make_spec("domain", "example.com", monitor_id=1), config={"rdap_url": "http://["}
    )
    prober = Prober(allow_private=True)
    try:
        found = {
            one.monitor_id: one
            for chunk in prober.run([bad, make_spec("tcp", "127.0.0.1:9", monitor_id=2)])
            for one in chunk
        }
    finally:
        prober.close()
    assert (found[1].status, found[2].status) == ("unknown", "down")


@pytest.mark.parametrize(
    ("code", "late_s", "status"),
    [
        (ErrorCode.CONNECT_TIMEOUT, 300, Status.UNKNOWN),
        (ErrorCode.DNS_TIMEOUT, 300, Status.UNKNOWN),
        (ErrorCode.CONNECT_TIMEOUT, 1, Status.DOWN),  # a busy machine
        (ErrorCode.HTTP_STATUS, 300, Status.DOWN),  # what did answer, did
    ],
)
def test_a_check_that_ends_long_after_its_time_says_how_we_are(code, late_s, status):
    """A process that was frozen for five minutes finds every check that ran at its time-out."""
    found = []
    check = Check(make_spec("tcp", "127.0.0.1:9"), host="", done=lambda _check, result: found.append(result))
    check.begin()
    check.started -= check.spec.timeout_s + late_s
    check.finish(Judgement(Status.DOWN, code, "What was seen."))
    assert found[0].status is status
    assert ("stood still" in found[0].error) is (status is Status.UNKNOWN)
