"""The serverless engine's clock: every job of the timetable has its place, and gets its turns."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from monitors.models import Heartbeat
from pipeline import dispatch
from pipeline.entrypoints import aws_clock
from pipeline.entrypoints.aws_clock import GROUP_S, ClockPlace, place_of
from pipeline.messages import Wake, decode
from pipeline.queues.base import Sender
from pipeline.timetable import TIMETABLE, Job, find_job
from tests.factories import make_monitor
from tests.pipeline.factories import T0

pytestmark = pytest.mark.django_db


class Queues(Sender):
    """Keeps the wakes, with their delays; checks are let by."""

    def __init__(self):
        self.wakes = []

    def send_all(self, queue, parcels):
        if queue == "receipts":
            for parcel in parcels:
                message = decode(parcel.body)
                assert isinstance(message, Wake)
                self.wakes.append((message.job, parcel.delay_s))

    def send(self, queue, body, *, delay_s=0.0):
        """Unused: everything goes by ``send_all``."""

    def free(self, queue):
        return 1000

    def figures(self):
        return {}

    def take(self):
        taken, self.wakes = self.wakes, []
        return taken


@pytest.fixture
def queues():
    kept = Queues()
    dispatch.use_sender(kept)
    yield kept
    dispatch.use_sender(None)


def tick(seconds):
    aws_clock.run_minute(owner=f"tick-{seconds}", now=T0 + timedelta(seconds=seconds))


def jobs_at(place):
    return {job.name for job in TIMETABLE if place_of(job) is place}


def test_every_job_of_the_timetable_has_one_place_and_gets_its_turns(queues):
    """Minutes for three turns of the slowest: whoever adds a job finds it here, or in none of the counts."""
    counted = Counter()
    span_s = int(3 * max(job.every_s for job in TIMETABLE if place_of(job) is ClockPlace.DUE))
    for minutes in range(0, span_s // 60):
        tick(minutes * 60)
        counted.update(name for name, delay_s in queues.take() if delay_s == 0)
    aws_clock.run_night()
    counted.update(name for name, _ in queues.take() if name not in jobs_at(ClockPlace.MINUTE))
    expected = {
        job.name: span_s // (60 if place_of(job) is ClockPlace.MINUTE else job.every_s)
        for job in TIMETABLE
        if place_of(job) is not ClockPlace.TICK
    }
    assert set(counted) | jobs_at(ClockPlace.TICK) == {job.name for job in TIMETABLE}
    for name, times in expected.items():
        assert times <= counted[name] <= times + 1, name


def test_the_schedule_alone_runs_in_the_tick_itself():
    assert jobs_at(ClockPlace.TICK) == {"send due checks"}
    assert place_of(Job("new", 86_400, "x:y")) is ClockPlace.NIGHT
    assert place_of(Job("new", 3_600, "x:y")) is ClockPlace.DUE
    assert place_of(Job("new", 5, "x:y")) is ClockPlace.MINUTE


def test_a_doubled_minute_wakes_a_slow_job_once_and_a_skipped_one_later(queues):
    slow = {"purge old figures"}
    tick(0), tick(0)
    assert sum(name in slow for name, _ in queues.take()) == 1
    tick(3_540)
    assert not slow & {name for name, _ in queues.take()}
    tick(3_660)  # the minute at 3,600 did not come
    assert sum(name in slow for name, _ in queues.take()) == 1
    tick(7_200)  # and its turns stay where they were
    assert sum(name in slow for name, _ in queues.take()) == 1


def test_a_clock_that_ran_days_ahead_does_not_keep_jobs_from_their_turns(queues):
    tick(0)
    tick(86_400 * 3)
    queues.take()
    tick(120)
    assert "purge old figures" in {name for name, _ in queues.take()}


def test_a_heartbeats_deadline_within_the_minute_wakes_its_job_just_after_it(queues):
    monitor = make_monitor(kind="heartbeat", url="", config={"period_s": 60, "grace_s": 60})
    deadline = T0 + timedelta(seconds=37)
    Heartbeat.objects.filter(monitor=monitor).update(deadline_at=deadline)
    tick(0)
    delays = [delay_s for name, delay_s in queues.take() if name == "find late heartbeats"]
    assert delays[0] == 0
    (late,) = delays[1:]
    assert 37 < late <= 37 + GROUP_S
    tick(60)
    assert [delay_s for name, delay_s in queues.take() if name == "find late heartbeats"] == [0]


def test_the_night_sums_up_the_day_and_wakes_what_is_done_once_a_day(queues):
    aws_clock.run_night()
    assert {name for name, _ in queues.take()} == {"roll up results"} | jobs_at(ClockPlace.NIGHT)
    assert "flush expired tokens" in jobs_at(ClockPlace.NIGHT)


def test_a_job_that_did_a_part_is_woken_again(queues, monkeypatch):
    from pipeline.stages.settle import settle

    parts = [True, True, False]
    monkeypatch.setattr("pipeline.jobs.retention.purge_figures", lambda *, owner, now: parts.pop(0))
    body = b'{"type":"wake.v1","job":"purge old figures"}'
    for _ in range(3):
        assert settle([body], now=datetime(2026, 3, 1, tzinfo=UTC), owner="me") == {}
    assert [job for job, _ in queues.take()] == ["purge old figures"] * 2
    assert find_job("purge old figures") is not None
