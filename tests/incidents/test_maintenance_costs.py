"""What windows cost whoever records, counted in steps."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.db import connection

from incidents import maintenance, recurrence
from incidents.maintenance import in_maintenance, maintenance_ends
from incidents.models import MaintenanceWindow
from incidents.occurrences import DAY_STEPS, Times, find_day, find_last_start, find_window_faults
from incidents.services import save_window
from pipeline.stages import record as recorder
from tests.factories import TeamFactory, make_client, make_member, make_monitor
from tests.incidents.factories import MonitorFactory, WindowFactory
from tests.pipeline.factories import make_result

pytestmark = [pytest.mark.django_db]

NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)  # a Monday
BEGUN = datetime(2009, 1, 1, 4, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAYS = f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, range(1, 32)))};BYDAY=MO;COUNT=1000"
DEAR = "FREQ=YEARLY;BYDAY=SU,MO;BYHOUR=1,2,3,4,5,6,7,8;BYSETPOS=1"
URL = "/api/v1/maintenance/"


@pytest.fixture(autouse=True)
def clock():
    find_day.cache_clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def steps(monkeypatch):
    """Every step that is taken."""
    taken: list[int] = []
    take = recurrence.StepCount.take
    monkeypatch.setattr(recurrence.StepCount, "take", lambda s, n=1: (taken.append(n), take(s, n))[1])
    return taken


def times(rule=MONDAYS, starts_at=BEGUN, zone="UTC"):
    last = find_last_start(starts_at=starts_at, rule=rule, zone=zone)
    return Times(starts_at, starts_at + HOUR, rule, zone, last)


def uncounted(monitor, number):
    """Windows that got past the forms: nobody counted them out, and each is a rule of its own."""
    return [
        WindowFactory(
            team=monitor.team,
            monitors=[monitor],
            starts_at=BEGUN + timedelta(minutes=n),
            ends_at=BEGUN + HOUR,
            rrule=MONDAYS,
        )
        for n in range(number)
    ]


def test_a_window_that_is_saved_is_counted_out_once_and_costs_little_afterwards(steps):
    monitor = MonitorFactory()
    body = {"title": "x", "starts_at": BEGUN.isoformat(), "ends_at": (BEGUN + HOUR).isoformat()}
    answer = make_client(make_member(monitor.team)).post(
        URL, body | {"rrule": MONDAYS, "monitors": [monitor.pk]}
    )
    assert (answer.status_code, answer.json()["running"]) == (201, True)
    assert MaintenanceWindow.objects.get().last_starts_at == datetime(2028, 2, 28, 4, 0, tzinfo=UTC)
    find_day.cache_clear()
    steps.clear()
    assert in_maintenance([(monitor.pk, NOW)], team_ids=[monitor.team_id]) == {(monitor.pk, NOW)}
    assert 0 < sum(steps) < 150
    steps.clear()
    assert in_maintenance([(monitor.pk, NOW + HOUR)], team_ids=[monitor.team_id]) == set()
    assert steps == []  # the day is remembered


@pytest.mark.parametrize(
    ("rule", "zone"),
    [
        ("FREQ=DAILY;COUNT=400", "Europe/Berlin"),
        ("FREQ=WEEKLY;BYDAY=SU;COUNT=3", "UTC"),
        ("FREQ=HOURLY;INTERVAL=5;COUNT=77", "America/New_York"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=9", "Asia/Tokyo"),
        ("FREQ=DAILY;COUNT=1", "UTC"),
    ],
)
def test_counted_out_or_not_it_happens_at_the_same_times(rule, zone):
    out = times(rule, zone=zone)
    assert out.last_starts_at is not None
    counted = Times(out.starts_at, out.ends_at, rule, zone)
    days = [BEGUN.date() + n * DAY for n in range(420)]
    assert [find_day(out, day).spans for day in days] == [find_day(counted, day).spans for day in days]


def test_a_day_costs_no_more_than_its_steps_whatever_the_rule(steps):
    for rule in (MONDAYS, DEAR, "FREQ=DAILY;COUNT=1000"):
        steps.clear()
        day = find_day(Times(BEGUN, BEGUN + HOUR, rule, "UTC"), NOW.date())
        assert isinstance(day.fault, recurrence.BrokenRule)
        assert sum(steps[:-1]) <= DAY_STEPS


def test_a_rule_of_which_a_day_costs_more_is_refused():
    asked = {"starts_at": BEGUN, "ends_at": BEGUN + HOUR, "zone": "UTC", "now": NOW}
    assert "too many" in find_window_faults(rule=DEAR, **asked)["rrule"]
    assert find_window_faults(rule="FREQ=YEARLY;BYDAY=SU;BYSETPOS=1", **asked) == {}


def test_uncounted_windows_of_a_team_harm_neither_its_good_one_nor_another_team(steps):
    """As 2,500 of them did."""
    monitor, other = MonitorFactory(), MonitorFactory()
    good = WindowFactory(team=monitor.team, monitors=[monitor], starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    uncounted(monitor, 60)
    theirs = WindowFactory(team=other.team, monitors=[other], starts_at=NOW - HOUR, ends_at=NOW + 2 * HOUR)
    pairs, teams = [(monitor.pk, NOW), (other.pk, NOW)], [monitor.team_id, other.team_id]
    assert in_maintenance(pairs, team_ids=teams) == set(pairs)
    assert 0 < sum(steps) < maintenance.TEAM_STEPS + 2 * DAY_STEPS
    ends = maintenance_ends([monitor.pk, other.pk], team_ids=teams, now=NOW)
    assert ends == {monitor.pk: good.ends_at, other.pk: theirs.ends_at}


def test_a_window_beyond_the_steps_of_its_team_is_shown_as_broken(monkeypatch):
    monkeypatch.setattr(maintenance, "TEAM_STEPS", 200)
    team = TeamFactory()
    monitors = MonitorFactory.create_batch(6, team=team)
    windows = []
    for monitor in monitors:
        window = MaintenanceWindow(team=team, title="x", starts_at=BEGUN, ends_at=BEGUN + HOUR, rrule=MONDAYS)
        windows.append(save_window(window, monitors=[monitor]))
    covered = in_maintenance([(m.pk, NOW) for m in monitors], team_ids=[team.pk])
    muted = [(m.pk, NOW) in covered for m in monitors]
    assert muted == sorted(muted, reverse=True)
    assert set(muted) == {True, False}
    rows = {row["id"]: row for row in make_client(make_member(team)).get(URL).json()["results"]}
    assert [rows[window.pk]["running"] for window in windows] == muted
    assert ["cost too much" not in rows[window.pk]["problem"] for window in windows] == muted


def test_the_recorder_asks_before_its_transaction_begins(monkeypatch):
    """SQLite lets nobody else write while it lasts."""
    depths = []
    ask = recorder.in_maintenance

    def note(*args, **named):
        depths.append(len(connection.savepoint_ids))
        return ask(*args, **named)

    monkeypatch.setattr(recorder, "in_maintenance", note)
    recorder.record([make_result(make_monitor(), NOW, "U")], now=NOW)
    assert depths == [len(connection.savepoint_ids)]


def test_windows_that_were_saved_before_are_counted_out_by_the_migration():
    old, once = uncounted(MonitorFactory(), 1)[0], WindowFactory(starts_at=NOW, ends_at=NOW + HOUR)
    broken = WindowFactory(starts_at=NOW, ends_at=NOW + HOUR, rrule="FREQ=NEVER;COUNT=3")
    import_module("incidents.migrations.0004_count_out").count_out(apps, connection.schema_editor())
    ends = [MaintenanceWindow.objects.get(pk=window.pk).last_starts_at for window in (old, once, broken)]
    assert ends == [datetime(2028, 2, 28, 4, 0, tzinfo=UTC), None, None]
