"""A result, a job or a page that fails keeps no other from being recorded, run or told."""

from datetime import timedelta

import pytest

from incidents.models import Incident
from monitors.models import Heartbeat, Monitor, Result
from pipeline.entrypoints import aws_clock
from pipeline.jobs import periodic
from pipeline.messages import Receipts, Results, Wake, encode
from pipeline.stages import record as stage
from pipeline.stages.settle import settle
from pipeline.timetable import find_job
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import T0, make_result

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def fail_for(monkeypatch, bad):
    from monitors import recording

    believe = recording.Watched.believe

    def explode(watched):
        if watched.monitor.pk == bad.pk:
            raise KeyError("poison")
        return believe(watched)

    monkeypatch.setattr(recording.Watched, "believe", explode)


def test_a_result_that_cannot_be_recorded_fails_its_message_alone_and_the_others_are_recorded(monkeypatch):
    """Before, the whole batch was rolled back, and after some attempts a message of a hundred was dead."""
    good = [make_monitor(name=f"Shop {n}") for n in range(4)]
    bad = make_monitor(name="Bad")
    fail_for(monkeypatch, bad)
    bodies = [
        encode(Results([make_result(good[0]), make_result(good[1])])),
        encode(Results([make_result(good[2]), make_result(bad), make_result(good[3])])),
    ]
    failed = {1: f"A result of monitor {bad.pk} cannot be recorded; the log says why."}
    assert stage.record_messages(bodies, now=T0) == failed
    assert set(Result.objects.values_list("monitor_id", flat=True)) == {monitor.pk for monitor in good}
    assert stage.record_messages(bodies, now=T0) == failed  # again: nothing is doubled
    assert Result.objects.count() == 4


def test_a_page_that_cannot_be_told_keeps_no_incident_from_being_recorded(monkeypatch):
    monitor = make_monitor()
    monkeypatch.setattr("statuspages.incident_events.write_posts", lambda events, now: 1 / 0)
    for number in range(2):
        at = T0 + number * MINUTE
        assert stage.record([make_result(monitor, at, "D")], now=at).left_out == []
    assert Incident.objects.get().monitor == monitor


@pytest.mark.parametrize(
    "config", [{}, [], "x", {"cron": "x", "timezone": "Mars", "grace_s": 1, "period_s": None}]
)
def test_a_late_heartbeat_whose_schedule_cannot_be_computed_keeps_no_other_from_being_found(config):
    team = make_team()
    made = [
        make_monitor(team, kind="heartbeat", url="", name=name, config={"period_s": 60, "grace_s": 0})
        for name in ("bad", "good")
    ]
    Heartbeat.objects.update(deadline_at=T0, last_ping_at=T0 - MINUTE)
    Monitor.objects.filter(pk=made[0].pk).update(config=config)
    periodic.record(periodic.heartbeats.find_late(now=T0 + MINUTE), now=T0 + MINUTE)
    assert periodic.heartbeats.advance(periodic.heartbeats.find_late(now=T0 + MINUTE), now=T0 + MINUTE) == 2
    assert Result.objects.filter(status="down").count() == 2
    assert periodic.heartbeats.find_late(now=T0 + MINUTE) == []
    bad, good = Heartbeat.objects.order_by("pk")
    assert bad.deadline_at is None
    assert good.deadline_at > T0 + MINUTE


def test_a_job_that_fails_keeps_no_other_of_its_batch_from_running(monkeypatch):
    ran = []

    def run(job, *, owner, now):
        ran.append(job.name)
        if job.name == "send alerts":
            raise KeyError("poison")
        return False

    monkeypatch.setattr("pipeline.stages.jobs.run_job", run)
    bodies = [encode(Wake("send alerts")), encode(Receipts([])), encode(Wake("send notices"))]
    assert settle(bodies, now=T0) == {0: "The job 'send alerts' failed; the log says why."}
    assert ran == ["send alerts", "send notices"]


def test_a_schedule_that_fails_keeps_no_job_from_being_woken(monkeypatch):
    sent = []
    monkeypatch.setattr(aws_clock, "send_due_checks", lambda **kwargs: 1 / 0)
    monkeypatch.setattr(aws_clock.dispatch, "send_all", lambda queue, parcels: sent.extend(parcels))
    job = find_job("send alerts")

    def ask(one, *, now, until):
        if one == job:
            raise OverflowError("poison")
        return []

    monkeypatch.setattr(aws_clock, "ask_soon", ask)
    with pytest.raises(ZeroDivisionError):
        aws_clock.run_minute(owner="test", now=T0)
    assert encode(Wake("send alerts")) in {parcel.body for parcel in sent}
    assert len(sent) > 5
