"""The embedded engine with its real threads, a real target on loopback and a database that they share."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import DataError, OperationalError
from django.utils import timezone

from alerts.models import Delivery
from core.instants import whole_ms
from incidents.models import Incident
from monitors.models import RegionState, Result
from pipeline import dispatch
from pipeline.edge import COURIER
from pipeline.entrypoints import crew, embedded
from pipeline.entrypoints.embedded import EmbeddedEngine
from pipeline.health import vitals
from pipeline.jobs import periodic
from pipeline.messages import Deliveries, Results, decode, encode
from pipeline.queues import memory
from pipeline.stages import record as record_stage
from pipeline.stages import settle as settle_stage
from probes import check
from probes.result import Status
from tests.alerts.factories import make_channel
from tests.alerts.factories import make_delivery as make_ledger_row
from tests.delivery.receivers import make_delivery, receive
from tests.e2e.harness import Target, wait_for
from tests.factories import make_monitor, make_team
from tests.hostile.servers import read_request, serve, stay_silent
from tests.pipeline.factories import make_result

WITHIN_S = 15.0  # a bound for a machine under load; every test ends long before it


pytestmark = pytest.mark.usefixtures("shared_database")


@pytest.fixture(autouse=True)
def _quick(settings, monkeypatch):
    settings.MIN_INTERVAL_S = 1
    monkeypatch.setitem(embedded.TAKERS, "checks", 4)


@pytest.fixture
def target():
    running = Target().start()
    yield running
    running.stop()


@contextmanager
def run_engine():
    engine = EmbeddedEngine()
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


class Gate:
    """Stands before a function of the engine: counts its calls, and lets ``refuse`` raise in its place."""

    def __init__(self, function, refuse=lambda *args, **kwargs: None):
        self.function, self.refuse = function, refuse
        self.passed = self.refused = 0
        self._changed = threading.Condition()

    def __call__(self, *args, **kwargs):
        try:
            self.refuse(*args, **kwargs)
            answer = self.function(*args, **kwargs)
        except BaseException:
            with self._changed:
                self.refused += 1
                self._changed.notify_all()
            raise
        with self._changed:
            self.passed += 1
            self._changed.notify_all()
        return answer

    def wait_for(self, claim):
        """Until ``claim(gate)`` is true; it is asked again after every call."""
        with self._changed:
            assert self._changed.wait_for(lambda: claim(self), WITHIN_S), (self.passed, self.refused)


@pytest.fixture
def recording(monkeypatch):
    gate = Gate(record_stage.record_messages)
    monkeypatch.setattr(record_stage, "record_messages", gate)
    return gate


@pytest.fixture
def scheduling(monkeypatch):
    gate = Gate(periodic.send_due_checks)
    monkeypatch.setattr(periodic, "send_due_checks", gate)
    return gate


def watch(target, **fields):
    defaults = {"url": target.url, "interval_s": 1, "timeout_s": 1, "now": timezone.now()}
    return make_monitor(fields.pop("team", None), **(defaults | fields))


def stored(monitor):
    return list(
        Result.objects.filter(monitor=monitor).order_by("scheduled_at").values_list("status", flat=True)
    )


def state(monitor):
    return RegionState.objects.get(monitor=monitor).state


def body_of(*found):
    return encode(Results(list(found)))


def slots_in(bodies):
    return {(r.monitor_id, whole_ms(r.scheduled_at)) for body in bodies for r in decode(body).results}


def slots_stored():
    return set(Result.objects.values_list("monitor_id", "scheduled_at"))


def away(*_args, **_kwargs):
    raise OperationalError("(2006, 'Server has gone away')")


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
    assert sorted(letter.body for letter in engine.queues["results"].dead) == sorted(
        [bodies[0], bodies[2], bodies[3]]
    )


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
        assert (letter.id, letter.queue, letter.body, letter.failures) == (
            "checks-1",
            "checks",
            b"nonsense",
            1,
        )
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
        monitor = make_monitor(team, name=str(number), now=now)
        engine.send("results", body_of(make_result(monitor, now)))
    engine.start()
    recording.wait_for(lambda gate: gate.refused >= 1)
    began_s = time.monotonic()
    engine.stop()
    assert time.monotonic() - began_s < 3
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


# ---- deliveries and their receipts ----


@pytest.fixture
def settling(monkeypatch):
    """The receipts that were settled, behind a gate."""
    settled = []
    gate = Gate(lambda bodies, *, now: settled.extend(bodies) or [])
    gate.settled = settled
    monkeypatch.setattr(settle_stage, "settle", gate)
    return gate


def receipts_in(bodies):
    return sorted((r.id, r.outcome) for body in bodies for r in decode(body).receipts)


def deliveries_to(url, *ids):
    return encode(Deliveries([make_delivery("webhook", {"url": url}, id=id) for id in ids]))


def test_a_delivery_goes_out_and_its_receipt_comes_in(settling):
    with receive() as receiver, run_engine() as engine:
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1", "alerts:2"))
        settling.wait_for(lambda gate: len(receipts_in(gate.settled)) == 2)
        assert engine.figures()["deliveries"] == {"waiting": 0, "dead_letters": 0}
    assert receipts_in(settling.settled) == [("alerts:1", "sent"), ("alerts:2", "sent")]
    assert len(receiver.requests) == 2


def test_receipts_wait_while_the_database_is_away(settling):
    settling.refuse = away
    with receive() as receiver, run_engine() as engine:
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1"))
        settling.wait_for(lambda gate: gate.refused >= 2)
        assert settling.settled == []
        settling.refuse = lambda *args, **kwargs: None
        settling.wait_for(lambda gate: gate.settled)
        assert engine.figures()["receipts"]["dead_letters"] == 0
    assert receipts_in(settling.settled) == [("alerts:1", "sent")]
    assert len(receiver.requests) == 1


def test_a_delivery_message_that_is_none_ends_as_a_dead_letter_and_the_others_go_out(settling, monkeypatch):
    monkeypatch.setattr(memory, "MESSAGE_FAILED_S", ())
    with receive() as receiver, run_engine() as engine:
        engine.send("deliveries", b"nonsense")
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1"))
        settling.wait_for(lambda gate: gate.settled)
        until = time.monotonic() + WITHIN_S
        while engine.figures()["deliveries"]["dead_letters"] == 0 and time.monotonic() < until:
            time.sleep(0.01)
    assert [letter.body for letter in engine.queues["deliveries"].dead] == [b"nonsense"]


def test_stop_settles_what_is_being_sent_and_leaves_the_rest_to_its_outbox(settling, settings):
    settings.DELIVERY_CONCURRENCY = 1
    begun, let_go = threading.Event(), threading.Event()

    def answer_late(connection, stop):
        read_request(connection)
        begun.set()
        let_go.wait(WITHIN_S)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    engine = EmbeddedEngine()
    with serve(answer_late) as receiver:
        engine.start()
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1", "alerts:2", "alerts:3"))
        assert begun.wait(WITHIN_S)
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:4"), delay_s=60)
        stopping = threading.Thread(target=engine.stop, daemon=True)
        stopping.start()
        until = time.monotonic() + WITHIN_S
        while not courier_is_closed() and time.monotonic() < until:
            time.sleep(0.01)
        let_go.set()
        stopping.join(WITHIN_S)
        assert not stopping.is_alive()
        assert receiver.served == 1
    assert receipts_in(settling.settled) == [("alerts:1", "sent")]


def courier_is_closed():
    return COURIER.made is None


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "back"])
def test_a_wall_clock_that_jumps_and_returns_stops_neither_schedule_nor_belief(
    target, recording, scheduling, monkeypatch, jump
):
    offset = timedelta(0)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + offset

    monkeypatch.setattr(embedded, "datetime", Clock)
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
            recording.wait_for(lambda _: all(len(stored(monitor)) >= 6 for monitor in quick))
    for monitor in quick:
        slots = Result.objects.filter(monitor=monitor).order_by("scheduled_at")
        at = list(slots.values_list("scheduled_at", flat=True))
        assert {later - earlier for earlier, later in pairwise(at)} == {timedelta(seconds=1)}
        late = [result.checked_at - result.scheduled_at for result in slots]
        assert max(late) < timedelta(seconds=3)  # what a slow check takes, it never waited for
    assert set(Result.objects.filter(monitor__in=slow).values_list("status", flat=True)) == {"down"}


# Threads that stand still, and a database that takes nothing


@pytest.fixture
def let_go():
    event = threading.Event()
    yield event
    event.set()


def once(let_go):
    """Stands still at the first call, and never again."""
    calls = []

    def refuse(*_args, **_kwargs):
        calls.append(1)
        if len(calls) == 1:
            let_go.wait(60)

    return refuse


def test_a_writer_that_stands_still_is_replaced_and_what_it_held_is_recorded(
    target, recording, let_go, monkeypatch
):
    monkeypatch.setattr(embedded, "WORK_S", {**embedded.WORK_S, "results": 1.0})
    monkeypatch.setattr(memory, "MESSAGE_FAILED_S", (0.1,) * 4)
    recording.refuse = once(let_go)
    before = vitals.replaced()
    monitor = watch(target)
    with run_engine():
        recording.wait_for(lambda gate: gate.passed >= 2)
        assert stored(monitor)[0] == "up"
        assert vitals.replaced() == before + 1


def test_a_lane_of_the_clock_that_stands_still_is_replaced(
    target, recording, scheduling, let_go, monkeypatch
):
    monkeypatch.setattr(embedded, "LANES_S", {**embedded.LANES_S, "schedule": 1.0})
    scheduling.refuse = once(let_go)
    monitor = watch(target)
    with run_engine():
        recording.wait_for(lambda gate: gate.passed >= 2)
        assert "up" in stored(monitor)


def test_while_a_thread_stands_still_health_says_so_and_is_well_again_after(
    target, recording, scheduling, let_go, client, monkeypatch
):
    monkeypatch.setattr(embedded, "LANES_S", {**embedded.LANES_S, "schedule": 1.0})
    monkeypatch.setattr(crew, "LOST_AT_MOST", 0)  # nobody takes its place
    scheduling.refuse = once(let_go)
    with run_engine():
        wait_for(lambda: health(client)["loops"]["stuck"] == ["clock-schedule"])
        assert health(client)["ok"] is False
        let_go.set()
        wait_for(lambda: health(client)["ok"])
        assert health(client)["loops"]["stuck"] == []


def test_a_full_disk_makes_health_ill_at_once_and_it_is_well_again_when_there_is_room(
    target, recording, client, monkeypatch
):
    monkeypatch.setattr(vitals, "FAILING_AFTER_S", 0.1)

    def refuse(*_args, **_kwargs):
        raise OperationalError("database or disk is full")

    recording.refuse = refuse
    watch(target)
    with run_engine():
        wait_for(lambda: health(client)["loops"]["failing"].get("record") == "OperationalError")
        report = health(client)
        assert (report["ok"], report["writes"]["ok"]) == (False, False)
        assert "disk may be full" in report["writes"]["error"]
        recording.refuse = lambda *_args, **_kwargs: None
        wait_for(lambda: health(client)["ok"])


def health(client):
    return client.get("/api/v1/health", REMOTE_ADDR="127.0.0.1").json()


def test_a_team_whose_receivers_hang_holds_up_no_other_teams_alerts(settings):
    settings.DELIVERY_CONCURRENCY, settings.DELIVERIES_A_TEAM = 3, 30
    COURIER.close()
    now = timezone.now()
    with serve(stay_silent) as silent, receive() as receiver:
        greedy = make_channel(make_team("Greedy"), url=silent.url)
        other = make_channel(make_team("Other"), url=receiver.url)
        for _ in range(40):
            make_ledger_row(greedy, at=now, event="test")
        with run_engine():
            wait_for(lambda: Delivery.objects.filter(channel=greedy, status="sending").count() == 30)
            rows = [make_ledger_row(other, at=timezone.now(), event="test") for _ in range(12)]
            began = time.monotonic()
            wait_for(lambda: Delivery.objects.filter(channel=other, status="sent").count() == 12)
            assert time.monotonic() - began < 8  # one receiver that hangs takes ten seconds
    assert len(receiver.requests) == len(rows)
    assert Delivery.objects.filter(channel=greedy, attempts__gt=1).count() == 0
