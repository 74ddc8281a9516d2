from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from core import telemetry
from core.leases import CLOCK_TOLERANCE
from monitors.models import Monitor
from pipeline import dispatch
from pipeline.messages import decode
from pipeline.models import Cursor
from pipeline.queues.base import Sender
from pipeline.stages.schedule import GROUP_S, LEASE, MAX_LATE, schedule
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import T0

pytestmark = pytest.mark.django_db


class Outbox(Sender):
    """A queue that keeps what it is sent."""

    def __init__(self, room=100):
        self.room, self.bodies = room, []

    def send(self, queue, body, *, delay_s=0.0):
        assert queue == "checks"
        self.bodies.append(body)

    def free(self, queue):
        return self.room

    def figures(self):
        return {}

    def specs(self):
        return [spec for body in self.bodies for spec in decode(body).specs]


@pytest.fixture
def outbox():
    box = Outbox()
    dispatch.use_sender(box)
    yield box
    dispatch.use_sender(None)


def after(seconds):
    return T0 + timedelta(seconds=seconds)


def run(seconds, owner="me"):
    return schedule(owner=owner, now=after(seconds))


def test_every_slot_is_sent_once_whatever_the_windows(outbox):
    team = make_team()
    monitors = [make_monitor(team, name=str(n), interval_s=(10, 60)[n % 2]) for n in range(20)]
    for tenths in range(0, 1201, 7):
        run(tenths / 10)
    run(120)
    sent = Counter((spec.monitor_id, spec.scheduled_at) for spec in outbox.specs())
    assert set(sent.values()) == {1}
    per_monitor = Counter(monitor_id for monitor_id, _ in sent)
    assert {m.pk: per_monitor[m.pk] for m in monitors} == {m.pk: 120 // m.interval_s for m in monitors}


def test_paused_monitors_and_heartbeats_have_no_slots(outbox):
    make_monitor(enabled=False)
    make_monitor(kind="heartbeat", url="", config={"period_s": 60, "grace_s": 60})
    run(0), run(25), run(50), run(75)
    assert outbox.specs() == []


def test_a_scheduler_does_nothing_while_another_is_at_it_until_its_lease_ends(outbox):
    make_monitor(interval_s=10)
    run(0, "me")
    Cursor.objects.update(lease_owner="me", lease_until=T0 + LEASE)  # as if it were still sending, or killed
    run(4, "other")
    assert Cursor.objects.get().sent_until == T0
    run(LEASE.total_seconds() + 1, "other")
    assert Cursor.objects.get().lease_owner == "other"
    assert Cursor.objects.get().sent_until == after(LEASE.total_seconds() + 1)


def test_two_schedulers_whose_clocks_differ_by_ten_seconds_take_turns_and_send_every_slot_once(outbox):
    make_monitor(interval_s=10)
    run(0, "ahead")
    for tenths in range(0, 600, 5):
        run(tenths / 10 + 10, "ahead")
        run(tenths / 10, "behind")
    sent = Counter(spec.scheduled_at for spec in outbox.specs())
    assert set(sent.values()) == {1}
    assert len(sent) == 6 or len(sent) == 7  # a minute and the ten seconds that one clock is ahead
    assert max(sent) - min(sent) == timedelta(seconds=10) * (len(sent) - 1)
    outbox.bodies.clear()
    for tenths in range(600, 800, 5):  # the one whose clock is behind goes on alone
        run(tenths / 10, "behind")
    assert not {spec.scheduled_at for spec in outbox.specs()} & set(sent)
    assert len(outbox.specs()) >= 1


def test_a_crash_after_sending_sends_the_window_again_with_the_same_identities(outbox, monkeypatch):
    make_monitor(interval_s=10)
    run(0)
    Cursor.objects.update(lease_until=T0)
    run(10)
    first = {(s.monitor_id, s.scheduled_at) for s in outbox.specs()}
    Cursor.objects.update(sent_until=T0)  # as if it had been killed before it moved the cursor
    run(10)
    assert {(s.monitor_id, s.scheduled_at) for s in outbox.specs()} == first
    assert len(outbox.specs()) == 2 * len(first) == 2


def test_a_long_absence_is_a_gap_and_not_a_burst(outbox):
    make_monitor(interval_s=10)
    run(0)
    scheduled = run(3600)
    assert scheduled.away_from == T0
    (spec,) = outbox.specs()
    assert after(3590) <= spec.scheduled_at < after(3600)
    assert after(3600) - spec.scheduled_at <= MAX_LATE


def test_a_clock_that_jumps_ahead_and_back_does_not_stop_the_schedule(outbox):
    make_monitor(interval_s=10)
    run(0)
    run(86_400)
    outbox.bodies.clear()
    back = CLOCK_TOLERANCE.total_seconds()
    run(back)
    run(back + 10)
    assert [after(back) <= s.scheduled_at < after(back + 10) for s in outbox.specs()] == [True]


def test_a_full_queue_holds_the_schedule_and_loses_nothing(outbox):
    make_monitor(interval_s=10)
    run(0)
    outbox.room = 0
    assert run(10).held
    outbox.room = 10
    run(11)
    assert len(outbox.specs()) >= 1
    assert Cursor.objects.get().sent_until == after(11)


def test_a_schedule_that_moves_leaves_the_figure_that_the_alarm_watches_and_one_that_holds_none(outbox):
    make_monitor(make_team(), now=T0, interval_s=10)
    run(0)
    with telemetry.collecting() as moved:
        run(10)
    outbox.room = 0
    with telemetry.collecting() as held:
        assert run(20).held
    assert moved.figures["ScheduleMoved"] == 1
    assert "ScheduleMoved" not in held.figures


def test_a_monitor_whose_secrets_cannot_be_read_does_not_stop_the_others(outbox, caplog):
    team = make_team()
    broken, fine = make_monitor(team, interval_s=10), make_monitor(team, interval_s=10)
    Monitor.objects.filter(pk=broken.pk).update(secrets="nonsense")
    run(0), run(10)
    assert {spec.monitor_id for spec in outbox.specs()} == {fine.pk}
    assert "FIELD_ENCRYPTION_KEY does not open the stored secrets" in caplog.text


def test_a_round_costs_a_constant_number_of_statements(outbox, django_assert_max_num_queries):
    team = make_team()
    for number in range(150):
        make_monitor(team, name=str(number), interval_s=10)
    run(0)
    with django_assert_max_num_queries(8):
        run(10)
    assert len(outbox.specs()) == 150
    assert [len(decode(body).specs) for body in outbox.bodies] == [100, 50]


def test_more_than_a_thousand_different_intervals_are_no_obstacle(outbox):
    """SQLite refuses a condition of more than a thousand terms."""
    team = make_team()
    Monitor.objects.bulk_create(
        Monitor(team=team, name=str(n), kind="http", url="http://shop.test/", interval_s=n, phase_ms=n)
        for n in range(10, 1110)
    )
    run(0), run(25)
    sent = Counter(spec.monitor_id for spec in outbox.specs())
    assert set(sent.values()) == {1}
    due_in_any_25_s = Monitor.objects.filter(interval_s__lte=25).values_list("pk", flat=True)
    assert set(due_in_any_25_s) <= set(sent)


# A minute ahead, as on Lambda


class Parcels(Outbox):
    """A queue that takes many a call, and keeps with each spec when it is to be taken."""

    def __init__(self, room=1000):
        super().__init__(room)
        self.parcels, self.now = [], T0

    def send_all(self, queue, parcels):
        assert queue == "checks"
        self.parcels += [(self.now + timedelta(seconds=p.delay_s), p) for p in parcels]

    def sent(self):
        """(monitor, slot, when it is taken, region) of every spec."""
        return [
            (spec.monitor_id, spec.scheduled_at, at, parcel.region)
            for at, parcel in self.parcels
            for spec in decode(parcel.body).specs
        ]


@pytest.fixture
def ahead():
    box = Parcels()
    dispatch.use_sender(box)
    yield box
    dispatch.use_sender(None)


MINUTE = timedelta(minutes=1)


def tick(box, seconds, owner="me"):
    box.now = after(seconds)
    return schedule(owner=owner, now=after(seconds), ahead=MINUTE)


def slots_of(box, monitor):
    return sorted(slot for pk, slot, _, _ in box.sent() if pk == monitor.pk)


def test_a_tick_sends_every_slot_of_the_coming_minute_to_be_taken_when_it_is_due(ahead):
    team = make_team()
    quick, slow = (make_monitor(team, name=str(n), interval_s=n) for n in (10, 60))
    tick(ahead, 0)
    assert [len(slots_of(ahead, m)) for m in (quick, slow)] == [6, 1]
    assert all(T0 <= slot < T0 + MINUTE for _, slot, _, _ in ahead.sent())
    for _, slot, taken_at, region in ahead.sent():
        assert timedelta(0) <= taken_at - slot <= timedelta(seconds=GROUP_S + 1)
        assert region == "local"


def test_slots_that_are_near_each_other_share_a_message(ahead):
    team = make_team()
    for number in range(60):
        make_monitor(team, name=str(number), interval_s=60)
    tick(ahead, 0)
    assert len(ahead.sent()) == 60
    assert len(ahead.parcels) <= 60 // GROUP_S + 1


@pytest.mark.parametrize(
    "ticks",
    [
        [0, 60, 120, 180, 240],
        [0, 60, 60, 120, 120, 180, 240, 240],  # doubled
        [0, 75, 120, 200, 240],  # late
        [0, 55, 118, 180, 240],  # early
        [0, 120, 180, 240],  # one was skipped
        [3.7, 61.2, 119.9, 187.4, 240],
    ],
)
def test_ticks_that_are_late_doubled_early_or_skipped_lose_and_double_nothing(ahead, ticks):
    team = make_team()
    monitors = [make_monitor(team, name=str(n), interval_s=(10, 60)[n % 2]) for n in range(8)]
    for number, seconds in enumerate(ticks):
        tick(ahead, seconds, owner=f"tick-{number}")
    for monitor in monitors:
        found = slots_of(ahead, monitor)
        step = timedelta(seconds=monitor.interval_s)
        assert {later - earlier for earlier, later in pairwise(found)} == {step}
        assert found[0] < after(ticks[0]) + step
        assert found[-1] + step >= after(300)


def test_two_ticks_at_the_same_moment_send_once(ahead, monkeypatch):
    make_monitor(interval_s=10)
    ahead.now = T0
    send_all = ahead.send_all

    def send_and_meanwhile(queue, parcels):
        send_all(queue, parcels)
        monkeypatch.setattr(ahead, "send_all", send_all)
        assert tick(ahead, 0.1, owner="other").messages == 0  # the first holds the lease

    monkeypatch.setattr(ahead, "send_all", send_and_meanwhile)
    tick(ahead, 0, owner="me")
    assert len(ahead.sent()) == 6


def test_a_scheduler_whose_clock_is_ten_seconds_behind_goes_on_where_the_other_ended(ahead):
    monitor = make_monitor(interval_s=10)
    tick(ahead, 0, owner="right")
    ahead.now = after(60)
    schedule(owner="slow", now=after(50), ahead=MINUTE)
    tick(ahead, 120, owner="right")
    found = slots_of(ahead, monitor)
    assert len(set(found)) == len(found) == 18


def test_after_a_long_absence_there_is_a_gap_and_late_slots_are_sent_at_once(ahead):
    monitor = make_monitor(interval_s=10)
    tick(ahead, 0)
    ahead.parcels.clear()
    scheduled = tick(ahead, 3600)
    assert scheduled.away_from == after(60)
    found = slots_of(ahead, monitor)
    assert found[0] >= after(3600) - MAX_LATE - MINUTE
    late = [taken - after(3600) for _, slot, taken, _ in ahead.sent() if slot < after(3595)]
    assert set(late) == {timedelta(0)}


def test_a_region_that_is_taken_away_leaves_its_monitors_to_the_others(ahead, settings):
    settings.REGIONS = ["eu", "us", "mars"]
    team = make_team()
    both = make_monitor(team, now=T0, interval_s=60, regions=["us", "mars"])
    only = make_monitor(team, now=T0, interval_s=60, regions=["mars"])
    settings.REGIONS = ["eu", "us"]
    tick(ahead, 0)
    seen = {(pk, region) for pk, _, _, region in ahead.sent()}
    assert seen == {(both.pk, "us"), (only.pk, "eu"), (only.pk, "us")}


def test_each_region_gets_messages_of_its_own(ahead, settings):
    settings.REGIONS = ["eu", "us"]
    team = make_team()
    both, one = make_monitor(team, interval_s=60), make_monitor(team, interval_s=60, regions=["us"])
    tick(ahead, 0)
    assert Counter((pk, region) for pk, _, _, region in ahead.sent()) == {
        (both.pk, "eu"): 1,
        (both.pk, "us"): 1,
        (one.pk, "us"): 1,
    }
    for _, parcel in ahead.parcels:
        assert {spec.region for spec in decode(parcel.body).specs} == {parcel.region}
