"""The embedded engine with its real threads, a real target on loopback and a database that they share."""

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import DataError
from django.utils import timezone

from incidents.models import Incident
from monitors.models import Result
from pipeline import dispatch
from pipeline.entrypoints import embedded
from pipeline.entrypoints.embedded import EmbeddedEngine
from pipeline.jobs import periodic
from pipeline.queues import memory
from pipeline.queues.base import DeadLetter
from probes import check
from probes.result import Status
from tests.embedded.engine import (
    WITHIN_S,
    Gate,
    away,
    body_of,
    run_engine,
    slots_in,
    slots_stored,
    state,
    stored,
    watch,
)
from tests.factories import make_monitor, make_team
from tests.hostile.servers import serve, stay_silent
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.usefixtures("shared_database", "quick")


def test_a_monitor_goes_up_by_its_own_slots_and_down_when_its_target_does(target, recording):
    monitor = watch(target, fail_after=1)
    with run_engine():
        recording.wait_for(lambda _: state(monitor) == "up")
        target.stop()
        recording.wait_for(lambda _: state(monitor) == "down")
    (incident,) = Incident.objects.all()
    assert incident.cause["error_code"] == "connect_refused"
    assert stored(monitor)[0] == "up"
    assert set(stored(monitor)) == {"up", "down"}


def test_what_is_found_while_the_database_is_away_is_recorded_when_it_is_back(target, recording, scheduling):
    monitor = watch(target)
    held = []

    def note_and_refuse(bodies, **_kwargs):
        held.extend(bodies)
        away()

    with run_engine() as engine:
        recording.wait_for(lambda gate: gate.passed and state(monitor) == "up")
        recording.refuse = note_and_refuse
        recording.wait_for(lambda gate: gate.refused >= 2)
        scheduling.refuse = away
        scheduling.wait_for(lambda gate: gate.refused >= 2)
        found_meanwhile, before = slots_in(held), recording.passed
        assert found_meanwhile.isdisjoint(slots_stored())
        recording.refuse = scheduling.refuse = lambda *args, **kwargs: None
        recording.wait_for(lambda gate: gate.passed > before)
        checked_again = scheduling.passed
        scheduling.wait_for(lambda gate: gate.passed > checked_again)
        assert engine.figures()["results"]["dead_letters"] == 0
    assert found_meanwhile
    assert found_meanwhile <= slots_stored()
    assert set(stored(monitor)) == {"up"}
    assert state(monitor) == "up"
    assert Incident.objects.count() == 0


def test_a_bug_in_one_message_holds_up_no_other_and_ends_as_a_dead_letter(recording, monkeypatch):
    monkeypatch.setattr(memory, "MESSAGE_FAILED_S", (0.01, 0.02))
    now, team = timezone.now(), make_team()
    good, poisoned, unfit = (make_monitor(team, name=name, now=now) for name in ("good", "bug", "unfit"))
    bodies = [body_of(make_result(monitor, now)) for monitor in (poisoned, good, unfit)] + [b"nonsense"]

    def stumble(given, **_kwargs):
        if bodies[0] in given:
            raise ZeroDivisionError("a bug")
        if bodies[2] in given:
            raise DataError("Out of range value for column 'size_bytes'")  # it would be so next time, too

    recording.refuse = stumble
    engine = EmbeddedEngine()
    for body in bodies:
        engine.send("results", body)
    engine.start()
    try:
        recording.wait_for(
            lambda _: engine.figures()["results"]["dead_letters"] >= 2 and recording.passed >= 3
        )
    finally:
        engine.stop()
    assert slots_stored() == slots_in([bodies[1]])
    assert engine.figures()["results"] == {"waiting": 0, "dead_letters": 3}
    assert {letter.body: letter.error for letter in engine.dead_letters()} == {
        bodies[0]: "ZeroDivisionError: a bug",
        bodies[2]: "DataError: Out of range value for column 'size_bytes'",
        bodies[3]: "It is no JSON.",
    }


def test_a_check_message_that_is_none_ends_as_a_dead_letter_and_the_checks_go_on(
    target, recording, monkeypatch
):
    monkeypatch.setattr(memory, "MESSAGE_FAILED_S", ())
    monitor = watch(target)
    engine = EmbeddedEngine()
    engine.send("checks", b"nonsense")
    engine.start()
    try:
        recording.wait_for(lambda _: state(monitor) == "up")
        (letter,) = dispatch.queues().dead_letters()
        assert letter == DeadLetter("checks-1", "checks", b"nonsense", "It is no JSON.", failures=1)
        assert not dispatch.queues().drop("checks-2")
        assert not dispatch.queues().redrive("nonsense")
        assert dispatch.queues().drop("checks-1")
        assert dispatch.queues().dead_letters() == []
        assert dispatch.queues().figures()["checks"]["dead_letters"] == 0
    finally:
        engine.stop()


def test_a_job_that_raises_stops_neither_its_clock_nor_the_other_jobs(
    target, recording, scheduling, monkeypatch
):
    def stumble(**_kwargs):
        raise ZeroDivisionError("a bug")

    late = Gate(periodic.record_late_heartbeats, stumble)
    monkeypatch.setattr(periodic, "record_late_heartbeats", late)
    scheduling.refuse = stumble
    monitor = watch(target)
    with run_engine():
        scheduling.wait_for(lambda gate: gate.refused >= 2)
        late.wait_for(lambda gate: gate.refused >= 2)
        scheduling.refuse = lambda **_kwargs: None
        recording.wait_for(lambda _: state(monitor) == "up")


def test_stop_records_every_result_that_was_found_even_those_that_wait_to_be_tried_again(recording):
    now, team = timezone.now(), make_team()
    monitors = [make_monitor(team, name=str(number), now=now) for number in range(60)]
    bodies = [body_of(make_result(monitor, now)) for monitor in monitors]
    engine = EmbeddedEngine()
    for body in bodies[:-1]:
        engine.send("results", body)
    engine.send("results", bodies[-1], delay_s=60)
    engine.start()
    engine.stop()
    assert slots_in(bodies) <= slots_stored()  # a slow machine may have checked a slot meanwhile
    assert engine.figures()["results"] == {"waiting": 0, "dead_letters": 0}


def test_stop_waits_a_little_for_a_database_that_is_away_and_loses_nothing_when_it_comes_back(recording):
    now = timezone.now()
    body = body_of(make_result(make_monitor(now=now), now))
    recording.refuse = away
    engine = EmbeddedEngine()
    engine.send("results", body)
    engine.start()
    recording.wait_for(lambda gate: gate.refused >= 1)
    stopping = threading.Thread(target=engine.stop, daemon=True)
    stopping.start()
    refused = recording.refused
    recording.wait_for(lambda gate: gate.refused >= refused + 2)  # it tries again while it stops
    recording.refuse = lambda *args, **kwargs: None
    stopping.join(WITHIN_S)
    assert not stopping.is_alive()
    assert slots_stored() == slots_in([body])


def test_stop_ends_although_the_database_stays_away_and_counts_what_is_left(recording, monkeypatch, caplog):
    monkeypatch.setattr(embedded, "STOP_WAIT_S", 0.3)
    caplog.set_level("INFO", logger="pipeline")
    now, team = timezone.now(), make_team()
    recording.refuse = away
    engine = EmbeddedEngine()
    for number in range(25):
        monitor = make_monitor(team, name=str(number), now=now, interval_s=86_400)  # none is due meanwhile
        engine.send("results", body_of(make_result(monitor, now)))
    engine.start()
    recording.wait_for(lambda gate: gate.refused >= 1)
    began_s = time.monotonic()
    engine.stop()
    assert time.monotonic() - began_s < 10
    assert caplog.messages[-1] == "engine stopped results_left=25 receipts_left=0"
    assert slots_stored() == set()


def test_after_stop_nobody_takes_messages_and_no_thread_of_the_engine_is_left(recording):
    engine = EmbeddedEngine()
    engine.start()
    assert dispatch.queues().free("checks") == engine.queues["checks"].max_messages
    engine.stop()
    assert dispatch.queues().figures() == {}
    names = ("clock", "probe", "record", "deliver", "settle")
    assert [t.name for t in threading.enumerate() if t.name.startswith(names)] == []


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "back"])
def test_a_wall_clock_that_jumps_and_returns_stops_neither_schedule_nor_belief(
    target, recording, scheduling, monkeypatch, jump
):
    offset = timedelta(0)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + offset

    monkeypatch.setattr(embedded, "read_clock", lambda: Clock.now(UTC))
    monkeypatch.setattr(check, "datetime", Clock)  # the one clock of the process, for probes as well
    monitor = watch(target, fail_after=1)

    with run_engine():
        recording.wait_for(lambda _: state(monitor) == "up")
        offset = jump
        jumped_at, rounds = datetime.now(UTC) + jump, scheduling.passed
        recording.wait_for(
            lambda _: Result.objects.filter(
                scheduled_at__gte=jumped_at, scheduled_at__lte=jumped_at + timedelta(hours=1)
            ).exists()
        )
        assert scheduling.passed > rounds
        offset = timedelta(0)
        target.stop()
        recording.wait_for(lambda _: state(monitor) == "down")
    assert scheduling.refused == 0
    assert Incident.objects.get().status == "investigating"
    assert Status.DOWN.value in stored(monitor)


def first_slots(monitor):
    """Six of them; those after may still be on their way."""
    return list(Result.objects.filter(monitor=monitor).order_by("scheduled_at")[:6])


def has_no_gap(results):
    gaps = {later.scheduled_at - earlier.scheduled_at for earlier, later in pairwise(results)}
    return len(results) == 6 and gaps == {timedelta(seconds=1)}


def test_a_team_whose_targets_hang_costs_another_team_no_slot(target, recording, settings, monkeypatch):
    """Nobody knows yet that they hang, so they travel with everybody's checks. Before, each message with one
    of
    them held its thread until that one had got a place, for up to three minutes."""
    monkeypatch.setitem(embedded.TAKERS, "checks", 6)
    settings.PROBE_CONCURRENCY, settings.PROBE_PER_HOST = 6, 100
    greedy, other = make_team("Greedy"), make_team("Other")
    with serve(stay_silent) as silent:
        slow = [watch(silent, team=greedy, interval_s=3, timeout_s=3, name=f"Slow {n}") for n in range(24)]
        quick = [watch(target, team=other, name=f"Quick {n}") for n in range(3)]
        with run_engine():
            recording.wait_for(lambda _: all(has_no_gap(first_slots(monitor)) for monitor in quick))
    for monitor in quick:
        late = [result.checked_at - result.scheduled_at for result in first_slots(monitor)]
        assert max(late) < timedelta(seconds=3)  # what a slow check takes, it never waited for
    assert set(Result.objects.filter(monitor__in=slow).values_list("status", flat=True)) == {"down"}
