"""SLA reports: a month by hand, and what freezing means."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import rollups
from analytics.models import Rollup
from analytics.reports.figures import read_sla_lines
from analytics.stats import read_stats
from incidents.models import Incident
from monitors.models import Monitor, Result
from tests.analytics.factories import make_old, store_at
from tests.analytics.months import (
    SETTLED,
    make_october,
    month_of,
    roll_until,
    store_month,
    told,
    utc,
)
from tests.factories import TeamFactory, make_monitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def berlin(db):
    return TeamFactory(timezone="Europe/Berlin")


@pytest.fixture
def shop(berlin):
    return make_october(berlin)


def of_day(figures, on):
    return next(day for day in figures["days"] if day["on"] == date.fromisoformat(on))


# A month by hand


def test_the_figures_of_a_month_are_those_computed_by_hand(berlin, shop):
    report = told(berlin, month_of("2026-10", "Europe/Berlin"))
    (line,) = report["monitors"]
    # 745 h are 2,682,000 s: 3,600 of maintenance, 7,200 without data, 2,400 down, 2,668,800 up.
    figures = {
        "uptime": 0.999101,  # 2,668,800 / 2,671,200
        "coverage": 0.997311,  # 2,671,200 / 2,678,400
        "downtime_s": 2_400,
        "maintenance_s": 3_600,
        "incidents": 2,
    }
    assert {name: report[name] for name in figures} == figures
    assert {name: value for name, value in line.items() if name != "days"} == {
        "monitor": shop.pk,
        "name": "Shop",
        "kind": "http",
        "interval_s": 60,
        "tags": ["web"],
        **figures,
        "mttr_s": 600,  # of the one resolved within the month
        "mtbf_s": 1_334_400,  # 2,668,800 / 2
        "latency_ms": {"p50": 30, "p95": 45, "p99": 45},
    }


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-10-01", (1.0, 1.0, 0, 0, 0)),
        ("2026-10-05", (0.993055, 1.0, 600, 0, 1)),
        ("2026-10-12", (1.0, 1.0, 0, 3600, 0)),
        ("2026-10-20", (1.0, 0.916666, 0, 0, 0)),
        ("2026-10-25", (1.0, 1.0, 0, 0, 0)),  # of 25 hours
        ("2026-10-31", (0.979166, 1.0, 1800, 0, 1)),
    ],
)
def test_each_day_is_the_teams_own(berlin, shop, on, expected):
    report = told(berlin, month_of("2026-10", "Europe/Berlin"))
    names = ("uptime", "coverage", "downtime_s", "maintenance_s", "incidents")
    assert len(report["days"]) == 31
    for days in (report, report["monitors"][0]):
        assert tuple(of_day(days, on)[name] for name in names) == expected


@pytest.mark.parametrize(
    ("month", "day", "hours", "all_hours"), [("2026-03", 29, 23, 743), ("2026-10", 25, 25, 745)]
)
def test_the_days_on_which_the_clock_is_changed_have_23_and_25_hours(berlin, month, day, hours, all_hours):
    month = month_of(month, "Europe/Berlin")
    store_month(make_old(berlin), month)
    roll_until("2026-11-01 04:00")
    (line,) = read_sla_lines(Monitor.objects.all(), month, now=SETTLED)
    days = line.figures["days"]
    assert (days["up_ms"][day - 1], days["life_ms"][day - 1]) == (hours * 3_600_000, hours * 3_600_000)
    assert sorted(set(days["life_ms"])) == sorted({hours * 3_600_000, 24 * 3_600_000})
    assert line.figures["total"]["life_ms"] == all_hours * 3_600_000
    assert {day["coverage"] for day in told(berlin, month)["days"]} == {1.0}


def test_where_midnight_lies_within_an_hour_days_are_exact_too():
    team = TeamFactory(timezone="Asia/Kolkata")
    month = month_of("2026-05", "Asia/Kolkata")
    assert month.start == utc("2026-04-30 18:30")
    unlike = {
        "2026-04-30 18:30": {"down_ms": 1_800_000},  # the first half hour of the month
        "2026-05-09 18:00": {"up_ms": 900_000, "down_ms": 900_000},  # the last of the 9th
        "2026-05-31 18:00": {"degraded_ms": 1_800_000},
    }
    store_month(make_old(team), month, unlike)
    roll_until("2026-11-01 04:00")
    report = told(team, month)
    down = {day["on"].isoformat(): day["downtime_s"] for day in report["days"] if day["downtime_s"]}
    assert down == {"2026-05-01": 1800, "2026-05-09": 900}
    assert {day["coverage"] for day in report["days"]} == {1.0}
    assert (report["uptime"], report["downtime_s"]) == (0.998991, 2700)  # of 2,678,400 s


def test_a_monitor_is_only_expected_to_be_measured_while_there_was_one(berlin):
    monitor = make_monitor(berlin, now=utc("2026-10-31 11:00"))
    Monitor.objects.filter(pk=monitor.pk).update(created_at=utc("2026-10-31 11:30"))
    store_month(monitor, month_of("2026-10", "Europe/Berlin"))
    make_later = make_monitor(berlin, name="November's")
    Monitor.objects.filter(pk=make_later.pk).update(created_at=utc("2026-10-31 23:00"))
    roll_until("2026-11-01 04:00")
    (line,) = read_sla_lines(Monitor.objects.all(), month_of("2026-10", "Europe/Berlin"), now=SETTLED)
    assert line.name == "Shop"
    assert line.figures["total"]["life_ms"] == 11.5 * 3_600_000
    assert line.figures["days"]["life_ms"][:30] == [0] * 30


def test_a_tag_or_team_is_the_sum_of_its_monitors_time(berlin, shop):
    other = make_monitor(berlin, name="Other", tags=["web"])
    Monitor.objects.filter(pk=other.pk).update(created_at=utc("2026-10-31 13:00"))
    store_month(other, month_of("2026-10", "Europe/Berlin"), {"2026-10-31 21:00": {"down_ms": 3_600_000}})
    rows = Rollup.objects.filter(monitor=other, start_at__lt=utc("2026-10-31 13:00"))
    rows.delete()
    report = told(berlin, month_of("2026-10", "Europe/Berlin"))
    assert [line["uptime"] for line in report["monitors"]] == [0.999101, 0.9]
    assert report["uptime"] == 0.997783  # (2,668,800 + 32,400) / (2,671,200 + 36,000)
    assert of_day(report, "2026-10-31")["uptime"] == 0.955882  # (84,600 + 32,400) / (86,400 + 36,000)
    assert report["coverage"] == 0.997347  # 2,707,200 / 2,714,400


def test_the_month_that_runs_is_read_up_to_now_and_agrees_with_the_stats():
    team = TeamFactory(timezone="UTC")
    start = utc("2026-03-01 00:00")
    monitor = make_monitor(team, now=start, interval_s=600)
    Monitor.objects.filter(pk=monitor.pk).update(created_at=start)
    slots = [start + timedelta(minutes=10 * n) for n in range(6 * 51)]
    letters = "U" * 100 + "D" * 6 + "S" * 50 + "M" * 6 + "?" * 6 + "U" * 200
    store_at(monitor, *((slot, letters[n], 20 + n % 25) for n, slot in enumerate(slots)))
    now = utc("2026-03-03 03:25")
    rollups.catch_up(owner="test", now=utc("2026-03-03 02:30"))
    report = told(team, month_of("2026-03"), now=now)
    stats = read_stats(Monitor.objects.get(), "30d", now=now, zone=month_of("2026-03").zone)
    for name in ("uptime", "coverage", "downtime_s", "maintenance_s", "incidents"):
        assert report[name] == stats[name]
    line = report["monitors"][0]
    assert line["latency_ms"] == {name: stats["latency_ms"][name] for name in ("p50", "p95", "p99")}
    assert [day["on"].day for day in report["days"]] == [1, 2, 3]
    assert report["downtime_s"] == 3600
    assert Result.objects.count() == len(slots)


def test_an_incident_that_ends_later_is_in_a_past_month_still_open(berlin, shop):
    before = told(berlin, month_of("2026-10", "Europe/Berlin"))
    Incident.objects.filter(started_at=utc("2026-10-31 22:30")).update(resolved_at=utc("2026-11-20 00:00"))
    assert told(berlin, month_of("2026-10", "Europe/Berlin")) == before


@pytest.mark.parametrize("pages", [1, 3])
def test_the_queries_do_not_depend_on_how_many_monitors_there_are(berlin, monkeypatch, pages):
    month = month_of("2026-10", "Europe/Berlin")
    roll_until("2026-10-20 00:00")

    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert (
                len(list(read_sla_lines(Monitor.objects.all(), month, now=utc("2026-10-21 00:00")))) == made
            )
        return len(queries)

    for made in range(1, 4):
        make_old(berlin, name=f"m{made}", tags=["web"])
    few = count()
    for made in range(4, 31):
        make_old(berlin, name=f"m{made}", tags=["web"])
    if pages == 1:
        assert count() == few
    else:  # a page more is as many queries more, less what is read once
        monkeypatch.setattr("analytics.reports.figures.MONITORS_AT_ONCE", 10)
        assert count() <= pages * few


def test_a_heartbeats_interval_is_that_of_its_job():
    monitor = make_old(kind="heartbeat", url="", config={"period_s": 7200, "grace_s": 60})
    month = month_of("2026-01", "UTC")
    (line,) = read_sla_lines(Monitor.objects.filter(pk=monitor.pk), month, now=utc("2026-02-02T00:00"))
    assert (monitor.interval_s, line.interval_s) == (60, 7200)
