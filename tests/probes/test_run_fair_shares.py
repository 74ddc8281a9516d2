"""One team's slow targets hold a third of what there is, and no more while others wait."""

import threading
from time import monotonic

import msgspec
import pytest

from probes.check import Check
from probes.fair_threads import FairThreads, acting_for
from probes.queue import REMEMBERED_S, FairQueue, share_of
from probes.run import Prober
from tests.hostile.servers import answer, serve, stay_silent
from tests.probes.specs import make_spec


def make_check(team, host, owner="timetable", *, slow=False):
    spec = msgspec.structs.replace(make_spec("ping", host), team_id=team, slow=slow)
    check = Check(spec, host=host, done=lambda _check, _result: None)
    check.owner = owner
    return check


def take_all(queue):
    taken = []
    while (check := queue.take()) is not None:
        taken.append(check)
    return taken


def teams_of(checks):
    return [check.team for check in checks]


def test_turns_go_round_the_teams():
    queue = FairQueue(concurrency=30)
    for _ in range(3):
        queue.add(make_check(1, "a"))
    queue.add(make_check(2, "b"))
    queue.add(make_check(3, "c"))
    assert teams_of(take_all(queue)) == [1, 2, 3, 1, 1]


def test_a_team_alone_may_have_every_place():
    queue = FairQueue(concurrency=9, per_host=9)
    for _ in range(10):
        queue.add(make_check(1, "a"))
    assert len(take_all(queue)) == 9


def test_while_others_wait_a_team_has_a_third_of_the_places():
    queue = FairQueue(concurrency=9)
    for number in range(20):
        queue.add(make_check(1, f"a{number}"))
        queue.add(make_check(2, f"b{number}"))
    assert sorted(teams_of(take_all(queue))) == [1, 1, 1, 2, 2, 2]


def test_who_comes_later_gets_each_place_that_a_greedy_team_gives_back():
    queue = FairQueue(concurrency=9)
    for number in range(30):
        queue.add(make_check(1, f"a{number}"))
    greedy = take_all(queue)
    assert len(greedy) == 9
    for number in range(3):
        queue.add(make_check(2, f"b{number}"))
    followers = []
    for check in greedy[:4]:
        queue.release(check)
        followers += teams_of(take_all(queue))
    assert followers == [2, 2, 2, 1]


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_a_team_leaves_a_third_to_those_who_were_here_a_minute_ago():
    clock = Clock()
    queue = FairQueue(concurrency=9, per_host=9, clock=clock)
    queue.add(make_check(2, "b"))
    queue.release(queue.take())
    for number in range(20):
        queue.add(make_check(1, f"a{number}"))
    assert len(take_all(queue)) == 6
    queue.add(make_check(2, "b"))
    assert teams_of(take_all(queue)) == [2]
    for _ in range(3):  # and when nobody else has come for two minutes, all is its own
        clock.now_s += REMEMBERED_S
        queue.add(make_check(1, "a"))
    assert len(take_all(queue)) == 2


def test_a_host_is_shared_by_the_teams_that_watch_it():
    queue = FairQueue(concurrency=100, per_host=9)
    for _ in range(20):
        queue.add(make_check(1, "shared"))
    queue.add(make_check(1, "own"))
    first = take_all(queue)
    there = [check for check in first if check.host == "shared"]
    assert (len(first), len(there)) == (10, 9)  # alone there, it may have all of the host's places
    for _ in range(2):
        queue.add(make_check(2, "shared"))
    for check in there[:3]:
        queue.release(check)
    assert teams_of(take_all(queue)) == [2, 2]  # the third place is for those who were here


def test_what_a_dropped_owner_waited_for_counts_no_more():
    queue = FairQueue(concurrency=3)
    for number in range(4):
        queue.add(make_check(1, f"a{number}", owner="left"))
    queue.add(make_check(2, "b", owner="stays"))
    assert teams_of(take_all(queue)) == [1, 2, 1]
    assert teams_of(queue.drop("left")) == [1, 1]
    queue.add(make_check(2, "b2", owner="stays"))
    queue.add(make_check(2, "b3", owner="stays"))
    assert teams_of(take_all(queue)) == [2]  # two of three places, for the other team was here
    assert queue.list_owners() == {"stays"}


def test_slow_checks_of_however_many_teams_leave_a_third_to_the_quick_ones():
    """Before: four teams of one account, each with its third, had every place."""
    queue = FairQueue(concurrency=9)
    for team in range(4):
        for number in range(3):
            queue.add(make_check(team, f"slow{team}.{number}", slow=True))
    slow = take_all(queue)
    assert len(slow) == 6
    for number in range(3):
        queue.add(make_check(9, f"quick{number}"))
    assert teams_of(take_all(queue)) == [9, 9, 9]
    queue.release(slow[0])
    assert [check.slow for check in take_all(queue)] == [True]


def test_slow_checks_of_however_many_teams_leave_a_third_of_a_host_to_the_quick_ones():
    queue = FairQueue(concurrency=100, per_host=9)
    for team in range(4):
        for _ in range(3):
            queue.add(make_check(team, "victim", slow=True))
    assert len(take_all(queue)) == 6
    for _ in range(3):
        queue.add(make_check(9, "victim"))
    assert teams_of(take_all(queue)) == [9, 9, 9]


def test_what_waits_for_a_place_can_be_taken_out_while_the_rest_runs():
    queue = FairQueue(concurrency=1)
    for number in range(3):
        queue.add(make_check(1, f"a{number}", owner="batch"))
    running = queue.take()
    assert len(queue.drop_waiting("batch")) == 2
    assert queue.list_running() == [running]
    queue.release(running)
    assert queue.take() is None


@pytest.mark.parametrize(("places", "share"), [(1, 1), (2, 1), (4, 1), (9, 3), (100, 33)])
def test_a_share_is_a_third_and_one_at_least(places, share):
    assert share_of(places) == share


# ---- with real targets ----


@pytest.mark.parametrize("kind", ["http", "tcp"])
def test_a_team_whose_targets_hang_does_not_hold_up_the_others(ca_file, kind):
    prober = Prober(allow_private=True, concurrency=6, per_host=100, ca_file=ca_file)
    with serve(stay_silent) as silent, serve(answer()) as good:
        target = silent.url if kind == "http" else silent.address
        config = {} if kind == "http" else {"expect": "x"}
        hanging = [
            msgspec.structs.replace(
                make_spec(kind, target, timeout_s=0.8 + n / 10, monitor_id=n, **config), team_id=1
            )
            for n in range(24)
        ]
        held = prober.run(hanging)  # two seconds of work for six places, at least
        others = [
            msgspec.structs.replace(make_spec("http", good.url, monitor_id=100 + n), team_id=2)
            for n in range(30)
        ]
        began = monotonic()
        found = [result for chunk in prober.run(others) for result in chunk]
        took_s = monotonic() - began
        held.close()
    prober.close()
    assert len(found) == 30
    assert {result.status.value for result in found} == {"up"}
    assert took_s < 6


def test_what_has_not_begun_in_time_is_left_out_and_told(ca_file):
    prober = Prober(allow_private=True, concurrency=1, ca_file=ca_file)
    with serve(stay_silent) as silent:
        slow = make_spec("http", silent.url, timeout_s=0.6)
        waiting = msgspec.structs.replace(slow, monitor_id=8)
        left_out = []
        results = [
            result
            for chunk in prober.run(
                [slow, waiting], start_within_s=lambda spec: 0.3, leave_out=left_out.append
            )
            for result in chunk
        ]
    prober.close()
    assert [result.monitor_id for result in results] == [slow.monitor_id]
    assert left_out == [waiting]


def test_what_waits_for_longer_than_its_patience_is_told_while_the_rest_still_runs(ca_file):
    prober = Prober(allow_private=True, concurrency=1, ca_file=ca_file)
    with serve(stay_silent) as silent:
        slow = make_spec("http", silent.url, timeout_s=2)
        waiting = msgspec.structs.replace(slow, monitor_id=8)
        left_out = []
        running = prober.run([slow, waiting], patience_s=0.2, leave_out=left_out.append)
        assert (next(running), left_out) == ([], [waiting])
        assert [result.monitor_id for result in next(running)] == [slow.monitor_id]
        assert list(running) == []
    prober.close()


# ---- threads ----


class Gate:
    """Calls that hang until they are let go."""

    def __init__(self):
        self.open, self.entered, self._lock = threading.Event(), [], threading.Lock()

    def hang(self, team):
        with self._lock:
            self.entered.append(team)
        self.open.wait(20)
        return team


def submit_for(threads, team, call, *args):
    token = acting_for.set(team)
    try:
        return threads.submit(call, *args)
    finally:
        acting_for.reset(token)


def test_calls_of_one_team_that_hang_leave_threads_for_the_others():
    threads, gate = FairThreads(6, name="test"), Gate()
    hanging = [submit_for(threads, 1, gate.hang, 1) for _ in range(20)]
    assert submit_for(threads, 2, lambda: "done").result(10) == "done"
    assert gate.entered == [1, 1, 1, 1]  # two thirds, although nobody else asked for more
    gate.open.set()
    assert [future.result(10) for future in hanging] == [1] * 20
    threads.shutdown()


def test_a_call_that_is_cancelled_while_it_waits_is_not_made():
    threads, gate = FairThreads(1, name="test"), Gate()
    first = submit_for(threads, 1, gate.hang, 1)
    second = submit_for(threads, 1, gate.hang, 2)
    assert second.cancel()
    gate.open.set()
    assert first.result(10) == 1
    assert submit_for(threads, 1, lambda: "next").result(10) == "next"
    assert gate.entered == [1]
    threads.shutdown()


def test_a_fault_belongs_to_who_asked():
    threads = FairThreads(2, name="test")
    with pytest.raises(ZeroDivisionError):
        submit_for(threads, 1, lambda: 1 // 0).result(10)
    assert submit_for(threads, 1, lambda: 2).result(10) == 2
    threads.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        threads.submit(print)


def test_names_are_looked_up_for_the_team_whose_check_asks(ca_file, monkeypatch):
    asked = []
    submit = FairThreads.submit

    def note(threads, fn, /, *args, **kwargs):
        asked.append((args[0], acting_for.get()))
        return submit(threads, fn, *args, **kwargs)

    monkeypatch.setattr(FairThreads, "submit", note)
    prober = Prober(allow_private=True, ca_file=ca_file)
    specs = [
        msgspec.structs.replace(make_spec("tcp", f"shop{team}.test:1", monitor_id=team), team_id=team)
        for team in (5, 6)
    ]
    assert len([result for chunk in prober.run(specs) for result in chunk]) == 2
    prober.close()
    assert sorted(asked) == [("shop5.test", 5), ("shop6.test", 6)]
