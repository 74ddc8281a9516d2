"""What a job said last in a maintenance window counts when the window is over."""

from datetime import timedelta

import pytest

from alerts.models import Event, Trouble
from incidents.models import Incident, MaintenanceWindow
from monitors.heartbeats import advance, find_late
from monitors.models import RegionState, Result
from monitors.services import pause_monitors, resume_monitors
from monitors.transitions import State
from pipeline.jobs.after_maintenance import judge_after_maintenance
from pipeline.jobs.periodic import judge_last_words
from pipeline.stages.record import record
from pipeline.timetable import find_job
from tests.factories import make_monitor
from tests.monitors.pings import DAY, FAIL, MINUTE, SUCCESS, T0, make_heartbeat, send
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db
OVER = T0 + 30 * MINUTE


def make_window(monitor, *, starts_at=T0, ends_at=OVER):
    window = MaintenanceWindow.objects.create(
        team=monitor.team, title="Disks", starts_at=starts_at, ends_at=ends_at
    )
    window.monitors.set([monitor])
    return window


def ping(heartbeat, at, kind=SUCCESS, **fields):
    record([send(heartbeat, at, kind, **fields)], now=at)


def belief(monitor):
    return RegionState.objects.get(monitor=monitor).state


@pytest.fixture
def daily(db):
    """A job that pings once a day, did so before the window, and is in the window now."""
    heartbeat = make_heartbeat(period_s=86_400)
    make_window(heartbeat.monitor)
    ping(heartbeat, T0 - 5 * MINUTE)
    return heartbeat


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        ({"kind": FAIL}, "The job reported failure."),
        ({"exit_status": 3}, "The job ended with exit status 3."),
    ],
)
def test_a_job_that_failed_in_maintenance_is_down_when_it_is_over(daily, ended, sentence):
    ping(daily, T0 + 10 * MINUTE, **ended)
    judge_last_words(owner="a", now=OVER - timedelta(seconds=1))
    assert not Incident.objects.exists()

    judge_last_words(owner="a", now=OVER)
    incident = Incident.objects.get()
    assert (incident.monitor, incident.started_at) == (daily.monitor, OVER)
    assert (incident.cause["error_code"], incident.cause["error"]) == ("heartbeat_failed", sentence)
    assert Trouble.objects.get(incident=incident).event == Event.HEARTBEAT_LATE
    assert belief(daily.monitor) == State.DOWN


def test_judging_twice_changes_nothing(daily):
    ping(daily, T0 + 10 * MINUTE, FAIL)
    assert judge_after_maintenance(now=OVER) == 1
    assert judge_after_maintenance(now=OVER) == 0
    assert judge_after_maintenance(now=OVER + MINUTE) == 0
    assert (Incident.objects.count(), Result.objects.count()) == (1, 3)


def test_a_deadline_that_passed_in_maintenance_counts_when_it_is_over(db):
    heartbeat = make_heartbeat(period_s=86_400)
    make_window(heartbeat.monitor)
    ping(heartbeat, T0 - DAY)
    late = find_late(now=T0 + 5 * MINUTE)
    record(late, now=T0 + 5 * MINUTE)
    assert advance(late, now=T0 + 5 * MINUTE) == 1
    assert not Incident.objects.exists()

    assert judge_after_maintenance(now=OVER) == 1
    assert Incident.objects.get().cause["error_code"] == "heartbeat_late"


def test_a_job_that_succeeded_since_is_well(daily):
    ping(daily, T0 + 10 * MINUTE, FAIL)
    ping(daily, T0 + 20 * MINUTE)
    assert judge_after_maintenance(now=OVER) == 0
    assert belief(daily.monitor) == State.UP


def test_a_second_window_excuses_as_the_first_did(daily):
    make_window(daily.monitor, starts_at=T0 + 20 * MINUTE, ends_at=OVER + 10 * MINUTE)
    ping(daily, T0 + 10 * MINUTE, FAIL)
    assert judge_after_maintenance(now=OVER) == 0
    assert judge_after_maintenance(now=OVER + 10 * MINUTE) == 1


def test_a_window_that_is_deleted_is_over(daily):
    ping(daily, T0 + 10 * MINUTE, FAIL)
    MaintenanceWindow.objects.all().delete()
    assert judge_after_maintenance(now=T0 + 11 * MINUTE) == 1


def test_the_next_ping_ends_what_began_with_the_windows_end(daily):
    ping(daily, T0 + 10 * MINUTE, FAIL)
    judge_after_maintenance(now=OVER)
    ping(daily, OVER + MINUTE)
    assert Incident.objects.get().resolved_at == OVER + MINUTE


def test_what_was_down_before_maintenance_stays_one_incident(daily):
    ping(daily, T0 - MINUTE, FAIL)
    ping(daily, T0 + 10 * MINUTE, FAIL)
    assert judge_after_maintenance(now=OVER) == 0
    assert Incident.objects.get().started_at == T0 - MINUTE


def test_a_job_that_is_paused_or_was_resumed_is_not_held_to_what_it_said_before(daily):
    ping(daily, T0 + 10 * MINUTE, FAIL)
    pause_monitors([daily.monitor], now=T0 + 20 * MINUTE)
    assert judge_after_maintenance(now=OVER) == 0
    resume_monitors([daily.monitor], now=OVER + MINUTE)
    assert judge_after_maintenance(now=OVER + 2 * MINUTE) == 0


def test_what_is_checked_is_judged_by_its_next_check(db):
    monitor = make_monitor(now=T0 - DAY)
    make_window(monitor)
    record([make_result(monitor, T0 - MINUTE), make_result(monitor, T0 + MINUTE, "D")], now=T0 + MINUTE)
    assert judge_after_maintenance(now=OVER) == 0
    record([make_result(monitor, OVER + n * MINUTE, "D") for n in range(2)], now=OVER + 2 * MINUTE)
    assert Incident.objects.get().started_at == OVER


def test_the_timetable_judges():
    job = find_job("judge after maintenance")
    assert job is not None
    assert (job.run, job.lane) == ("pipeline.jobs.periodic:judge_last_words", "heartbeats")
