"""Monitors whose checks stop, or tell nothing: found by the clock, on every path."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Trouble, TroubleKind
from analytics.stats import read_stats
from incidents.models import Incident
from monitors.models import Heartbeat, Monitor, RegionState
from monitors.no_data import read_no_data
from monitors.selectors import show_status
from monitors.services import edit_monitors, pause_monitors, resume_monitors, update_monitor
from pipeline.jobs.no_data import watch_for_data
from pipeline.models import DataWatch
from pipeline.stages.record import record
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import T0, make_result

pytestmark = pytest.mark.django_db
OURS = {"error_code": "ping_not_permitted", "error": "This system does not let the prober send ICMP."}


def at(seconds):
    return T0 + timedelta(seconds=seconds)


class Clock:
    """Looks every 30 s, half as often as the timetable does."""

    def __init__(self):
        self.now = T0 - timedelta(days=2)
        watch_for_data(now=self.now)
        DataWatch.objects.update(looked_at=T0, since=T0 - timedelta(days=2), away_from=T0 - timedelta(days=2))
        self.now = T0

    def until(self, seconds):
        while self.now < at(seconds):
            self.now = min(self.now + timedelta(seconds=30), at(seconds))
            watch_for_data(now=self.now)
        return self


@pytest.fixture
def clock():
    return Clock()


def status(monitor):
    fresh = Monitor.objects.prefetch_related("region_states").get(pk=monitor.pk)
    return show_status(fresh, in_maintenance=False)


def why(monitor):
    lost = read_no_data(RegionState.objects.filter(monitor=monitor))
    return (lost.since, lost.reason_code, lost.reason) if lost else None


def feed(monitor, seconds, letter, **fields):
    record([make_result(monitor, at(seconds), letter, **fields)], now=at(seconds + 1))


def open_troubles():
    found = Trouble.objects.filter(kind=TroubleKind.NO_DATA, closed_at__isnull=True)
    return list(found.order_by("pk").values_list("title", flat=True))


def test_a_monitor_whose_checks_stop_has_no_data_after_three_slots(clock):
    monitor = make_monitor()
    feed(monitor, 0, "U")
    clock.until(205)
    assert (status(monitor), why(monitor)) == ("up", None)
    clock.until(220)
    assert status(monitor) == "no_data"
    assert why(monitor) == (at(0), "no_results", "No result since 2026-03-01 12:00:00 UTC.")
    assert open_troubles() == ["Shop has no data"]
    feed(monitor, 240, "U")
    assert (status(monitor), why(monitor)) == ("up", None)
    clock.until(255)
    assert open_troubles() == []


def test_one_whose_results_are_unknown_has_none_and_says_what_they_say(clock):
    monitor = make_monitor(kind="ping", url="example.com")
    feed(monitor, 0, "U")
    for seconds in (60, 120, 180):
        feed(monitor, seconds, "?", **OURS)
    clock.until(195)
    assert status(monitor) == "up"
    clock.until(210)
    assert why(monitor) == (at(0), OURS["error_code"], OURS["error"])
    feed(monitor, 240, "?", error_code="internal", error="Something broke.")
    assert why(monitor) == (at(0), "internal", "Something broke.")
    assert (
        read_stats(monitor, "1h", now=at(250), zone=ZoneInfo("UTC"))["uptime"] == 1.0
    )  # of what was measured


def test_three_slots_of_a_quick_monitor_are_not_enough_before_two_minutes_are_over(clock):
    monitor = make_monitor(interval_s=10)
    feed(monitor, 0, "U")
    clock.until(120)
    assert status(monitor) == "up"
    clock.until(135)
    assert status(monitor) == "no_data"


def test_one_that_never_gave_a_result_waits_as_long(clock):
    monitor = make_monitor()
    clock.until(195)
    assert status(monitor) == "pending"
    clock.until(210)
    assert status(monitor) == "no_data"
    assert why(monitor)[1] == "no_results"
    assert why(monitor)[2].startswith("No result has come since 2026-03-01 12:00:00 UTC, when")


def test_the_reason_is_told_where_no_check_can_be_made_at_all(clock, settings):
    monitor = make_monitor(config={"auth": {"type": "bearer", "token": "secret"}})
    settings.FIELD_ENCRYPTION_KEY = Fernet.generate_key().decode()
    clock.until(210)
    assert why(monitor)[1:] == (
        "secrets_unreadable",
        "FIELD_ENCRYPTION_KEY does not open the stored secrets; restore the old key.",
    )


def test_a_monitor_that_is_checked_once_a_day_has_none_after_three_days(clock):
    monitor = make_monitor(kind="domain", url="example.com", interval_s=86_400)
    feed(monitor, 0, "U")
    for days, expected in ((2.9, "up"), (3.01, "no_data")):
        now = T0 + timedelta(days=days)
        DataWatch.objects.update(looked_at=now)
        watch_for_data(now=now)
        assert status(monitor) == expected


def test_after_an_absence_of_ours_all_get_their_slots_before_anybody_is_told(clock):
    monitors = [make_monitor(name=name, interval_s=10) for name in "ABC"]
    for monitor in monitors:
        feed(monitor, 0, "U")
    clock.now = at(3600)  # we were off for an hour
    watch_for_data(now=clock.now)
    clock.until(3600 + 60)
    assert {status(monitor) for monitor in monitors} == {"up"}
    for monitor in monitors[:2]:
        feed(monitor, 3670, "U")
    clock.until(3600 + 180)
    assert [status(monitor) for monitor in monitors] == ["up", "up", "no_data"]
    assert open_troubles() == ["C has no data"]


@pytest.mark.parametrize("jump", [timedelta(days=1), -timedelta(days=1)])
def test_a_clock_that_jumps_finds_nobody(clock, jump):
    monitor = make_monitor()
    feed(monitor, 0, "U")
    for seconds in range(0, 120, 15):
        watch_for_data(now=at(seconds) + jump)
    assert status(monitor) == "up"
    assert open_troubles() == []


def test_a_result_of_a_clock_that_ran_ahead_is_no_data(clock):
    monitor = make_monitor()
    feed(monitor, 0, "U")
    record([make_result(monitor, at(86_400))], now=at(1))
    clock.until(220)
    assert status(monitor) == "no_data"


def test_looking_twice_or_at_once_changes_nothing(clock):
    monitor = make_monitor()
    feed(monitor, 0, "U")
    clock.until(220)
    before = list(RegionState.objects.values()), list(Trouble.objects.values())
    assert watch_for_data(now=at(220)) == 0
    assert watch_for_data(now=at(219)) == 0
    assert (list(RegionState.objects.values()), list(Trouble.objects.values())) == before


def test_an_incident_that_is_open_while_data_stops_stays_open_and_says_so(clock):
    monitor = make_monitor()
    for seconds in (0, 60):
        feed(monitor, seconds, "D")
    incident = Incident.objects.get()
    clock.until(280)
    assert status(monitor) == "no_data"
    incident.refresh_from_db()
    assert incident.status == "investigating"
    assert [update.text for update in incident.updates.all()] == [
        "Expected 200-299, got 503.",
        "No data any more: No result since 2026-03-01 12:01:00 UTC. "
        "The incident stays open until a check tells that it is over.",
    ]
    feed(monitor, 300, "D")
    assert status(monitor) == "down"
    assert incident.updates.last().text == "There is data again, and it is still down."
    clock.until(520)
    feed(monitor, 540, "U")
    incident.refresh_from_db()
    assert (incident.status, incident.resolved_at) == ("resolved", at(540))
    assert Incident.objects.count() == 1


def test_a_paused_monitor_has_no_data_to_miss_and_begins_anew(clock):
    monitor = make_monitor()
    feed(monitor, 0, "U")
    clock.until(220)
    pause_monitors([monitor], now=at(230))
    clock.until(245)
    assert (status(monitor), open_troubles()) == ("paused", [])
    assert Trouble.objects.get().cause["ended_by"] == "paused"
    clock.until(700)
    resume_monitors([monitor], now=at(700))
    assert status(monitor) == "pending"
    clock.until(895)
    assert status(monitor) == "pending"
    clock.until(930)
    assert status(monitor) == "no_data"


def test_a_deleted_monitor_leaves_no_trouble(clock):
    monitor = make_monitor()
    clock.until(220)
    monitor.delete()
    clock.until(235)
    assert open_troubles() == []


def test_an_edit_makes_no_data_of_nothing_and_nothing_of_no_data(clock):
    slow, lost = make_monitor(name="Slow", interval_s=3600), make_monitor(name="Lost")
    feed(slow, 0, "U")
    feed(lost, 0, "U")
    clock.until(600)
    edit_monitors([slow], now=at(600), interval_s=10)
    Monitor.objects.filter(pk=slow.pk).update(updated_at=at(600))
    clock.until(630)
    assert status(slow) == "up"
    clock.until(735)
    assert status(slow) == "no_data"
    assert status(lost) == "no_data"
    update_monitor(lost, now=at(740), timeout_s=5)
    assert status(lost) == "no_data"
    feed(Monitor.objects.get(pk=lost.pk), 750, "U")
    assert status(lost) == "up"


def test_results_that_come_too_late_do_not_make_it_come_and_go(clock):
    """Our own queues lag by more than the patience: there is no data of now, and it stays so."""
    monitor = make_monitor(interval_s=10)
    feed(monitor, 0, "U")
    clock.until(135)
    record([make_result(monitor, at(10))], now=at(140))
    assert status(monitor) == "no_data"
    record([make_result(monitor, at(130))], now=at(150))
    assert status(monitor) == "up"


def test_a_heartbeat_waits_for_its_first_ping_and_its_deadline(clock):
    waits = make_monitor(kind="heartbeat", url="", config={"period_s": 3600, "grace_s": 60})
    due = make_monitor(kind="heartbeat", url="", config={"period_s": 3600, "grace_s": 60})
    Heartbeat.objects.filter(pk=due.pk).update(deadline_at=at(900), last_ping_at=at(0))
    clock.until(1020)
    assert (status(waits), status(due)) == ("pending", "pending")
    clock.until(1035)  # it is late, and nobody found it so: whoever looks at deadlines is stuck
    assert status(due) == "no_data"
    assert why(due) == (
        at(900),
        "deadline_not_checked",
        "A ping was expected by 2026-03-01 12:15:00 UTC, and nobody looked.",
    )
    Heartbeat.objects.filter(pk=due.pk).update(deadline_at=at(4500))
    clock.until(1050)
    assert status(due) == "pending"


# Several regions


@pytest.fixture
def _three_regions(settings):
    settings.REGIONS = ["a", "b", "c"]


def feed_regions(monitor, seconds, **found):
    for region, letter in found.items():
        feed(monitor, seconds, letter, region=region)


@pytest.mark.usefixtures("_three_regions")
def test_regions_without_data_have_no_say_and_hold_back_no_alert(clock):
    monitor = make_monitor(fail_after=1)
    feed_regions(monitor, 0, a="U", b="U", c="U")
    for seconds in (60, 120, 180, 240):
        feed_regions(monitor, seconds, a="U")
    clock.until(240)
    assert status(monitor) == "up"
    assert set(RegionState.objects.filter(no_data_since__isnull=False).values_list("region", flat=True)) == {
        "b",
        "c",
    }
    assert open_troubles() == []
    feed_regions(monitor, 300, a="D")
    assert status(monitor) == "down"
    assert Incident.objects.get().started_at == at(300)
    feed_regions(monitor, 360, b="U")
    assert Incident.objects.get().resolved_at == at(360)  # one of two is no quorum
    assert status(monitor) == "degraded"


@pytest.mark.usefixtures("_three_regions")
def test_what_those_believed_that_are_silent_is_over_and_what_the_others_find_begins(clock):
    over, begins = make_monitor(name="Over", fail_after=1), make_monitor(name="Begins", fail_after=1)
    feed_regions(over, 0, a="D", b="D", c="U")
    feed_regions(begins, 0, a="D", b="U", c="U")
    for seconds in (60, 120, 180, 240):
        feed_regions(over, seconds, c="U")
        feed_regions(begins, seconds, a="D")
    assert list(Incident.objects.values_list("title", "resolved_at")) == [("Over is down", None)]
    clock.until(240)
    assert (status(over), status(begins)) == ("up", "down")
    ended, begun = Incident.objects.order_by("pk")
    assert ended.resolved_at == at(210)
    assert (begun.title, begun.started_at, begun.resolved_at) == ("Begins is down", at(0), None)
    for seconds in (300, 360):
        feed_regions(over, seconds, c="U")
        feed_regions(begins, seconds, a="D")
    assert Incident.objects.count() == 2


@pytest.mark.usefixtures("_three_regions")
def test_a_history_that_is_read_again_gives_those_without_data_no_say(clock):
    monitor = make_monitor(fail_after=1)
    feed_regions(monitor, 0, a="U", b="U", c="U")
    for seconds in (60, 120, 180, 240):
        feed_regions(monitor, seconds, a="U")
    clock.until(240)
    feed_regions(monitor, 300, a="D")
    feed_regions(monitor, 360, a="D")
    record([make_result(monitor, at(330), "D", region="a")], now=at(370))  # late: all is read again
    assert status(monitor) == "down"
    incident = Incident.objects.get()
    assert (incident.started_at, incident.resolved_at, incident.retracted) == (at(300), None, False)


@pytest.mark.usefixtures("_three_regions")
def test_a_late_result_ends_no_outage_while_nobody_has_data(clock):
    monitor = make_monitor(fail_after=1)
    feed_regions(monitor, 0, a="D", b="D", c="D")
    feed_regions(monitor, 60, a="D", b="D")
    clock.until(300)
    assert status(monitor) == "no_data"
    record([make_result(monitor, at(30), "D", region="c")], now=at(310))
    assert status(monitor) == "no_data"
    assert Incident.objects.get().resolved_at is None


# What it costs


def test_looking_costs_as_many_statements_for_thirty_monitors_as_for_three(clock):
    def count():
        clock.now += timedelta(seconds=15)
        with CaptureQueriesContext(connection) as queries:
            watch_for_data(now=clock.now)
        return len(queries)

    team = make_team()

    def add(monitors):
        for number in range(monitors):
            feed(make_monitor(team, name=str(number)), 0, "U")

    add(3)
    of_three = count()
    add(27)
    assert count() == of_three
    assert of_three <= 16


def test_a_round_that_finds_thirty_costs_as_many_statements_as_one_that_finds_three(clock):
    team = make_team()

    def find(monitors, *, start):
        for number in range(monitors):
            feed(make_monitor(team, name=str(number)), start, "U")
        clock.until(start + 195)
        with CaptureQueriesContext(connection) as queries:
            clock.until(start + 210)
        return len(queries)

    of_three = find(3, start=0)
    assert find(27, start=600) <= of_three
    assert len(open_troubles()) == 30
