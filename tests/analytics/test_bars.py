"""Bars and heat map: local days and hours, both changes of the clock, rolled up and raw alike."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.models import Progress
from analytics.rollups import catch_up
from analytics.stats import read_stats
from tests.analytics.factories import DAY, HOUR, MINUTE, at, make_old, store_at

pytestmark = pytest.mark.django_db
HOUR_MS = 3_600_000


def stats(monitor, now, *, zone, window="7d"):
    return read_stats(monitor, window, now=now, zone=ZoneInfo(zone))


def fill(monitor, start, end, *, down=()):
    """A result an hour in ``[start, end)``, down in the hours of ``down``."""
    hours = int((end - start) / HOUR)
    slots = (start + number * HOUR for number in range(hours))
    store_at(monitor, *((slot, "D" if slot in down else "U", 20) for slot in slots))


def roll_all(now, start):
    Progress.objects.update_or_create(
        pk=Progress.UPTIME, defaults={"rolled_until": start, "lease_until": start, "lease_owner": ""}
    )
    catch_up(owner="test", now=now, most=10_000)


def day_of(figures, on):
    return next(day for day in figures["days"] if day["on"] == on)


def hours_of(figures, on):
    return next(row["hours"] for row in figures["heat_map"] if row["on"] == on)


@pytest.mark.parametrize("rolled", [False, True])
@pytest.mark.parametrize(
    ("on", "first", "hours", "cells"),
    [
        (date(2026, 3, 29), "2026-03-28T23:00", 23, [1.0] * 2 + [None] + [1.0] * 21),  # 02:00 is skipped
        (date(2026, 10, 25), "2026-10-24T22:00", 25, [1.0] * 24),  # 02:00 comes twice
        (date(2026, 11, 3), "2026-11-02T23:00", 24, [1.0] * 24),
    ],
)
def test_a_local_day_is_whole_when_the_clock_changes(rolled, on, first, hours, cells):
    monitor, start = make_old(interval_s=3600, now=at(first)), at(first)
    end = start + hours * HOUR
    bad = start + 5 * HOUR
    fill(monitor, start - DAY, end + 12 * HOUR, down={start - HOUR, bad, end})
    now = end + 12 * HOUR
    if rolled:
        roll_all(now, start - 2 * DAY)
    figures = stats(monitor, now, zone="Europe/Berlin")
    day = day_of(figures, on)
    assert (day["downtime_s"], day["coverage"]) == (3600, 1.0)
    assert day["uptime"] == (hours - 1) * 1_000_000 // hours / 1_000_000
    cells[bad.astimezone(ZoneInfo("Europe/Berlin")).hour] = 0.0
    assert hours_of(figures, on) == cells


def test_an_hour_that_comes_twice_is_one_cell():
    monitor = make_old(interval_s=3600, now=at("2026-10-25T00:00"))
    fill(monitor, at("2026-10-25T00:00"), at("2026-10-25T02:00"), down={at("2026-10-25T01:00")})
    figures = stats(monitor, at("2026-10-25T12:00"), zone="Europe/Berlin")
    assert hours_of(figures, date(2026, 10, 25))[1:4] == [None, 0.5, None]


@pytest.mark.parametrize("rolled", [False, True])
def test_where_midnight_lies_within_an_hour_the_day_begins_there(rolled):
    monitor = make_old(interval_s=600, now=at("2026-03-02T00:00"))
    monitor.team.timezone = "Asia/Kolkata"
    monitor.team.save()
    start = at("2026-03-01T18:00")  # half past eleven at night
    store_at(monitor, *((start + 10 * n * MINUTE, "UDDDDU"[n] if n < 6 else "U") for n in range(12)))
    now = at("2026-03-01T20:05")
    if rolled:
        roll_all(now, at("2026-03-01T00:00"))
    figures = stats(monitor, now, zone="Asia/Kolkata")
    assert day_of(figures, date(2026, 3, 1))["downtime_s"] == 20 * 60
    assert day_of(figures, date(2026, 3, 2))["downtime_s"] == 20 * 60


def test_there_are_ninety_bars_up_to_today_and_what_was_not_is_no_data():
    now = at("2026-03-01T12:00")
    monitor = make_old(interval_s=3600, now=now, age=36 * HOUR)
    fill(monitor, now - 36 * HOUR, now)
    figures = stats(monitor, now, zone="UTC")
    days = figures["days"]
    assert (len(days), days[0]["on"], days[-1]["on"]) == (90, date(2025, 12, 2), date(2026, 3, 1))
    empty = {"uptime": None, "coverage": None, "downtime_s": 0, "maintenance_s": 0, "incidents": 0}
    assert days[-3] == {"on": date(2026, 2, 27)} | empty
    assert [(day["uptime"], day["coverage"]) for day in days[-2:]] == [(1.0, 1.0), (1.0, 1.0)]


@pytest.mark.parametrize(("window", "days"), [("1h", 1), ("24h", 2), ("7d", 8), ("30d", 30), ("365d", 30)])
def test_the_heat_map_has_the_days_of_the_window_thirty_at_most(window, days):
    now = at("2026-03-01T12:00")
    figures = stats(make_old(now=now), now, zone="UTC", window=window)
    found = [row["on"] for row in figures["heat_map"]]
    assert found == [date(2026, 3, 1) - timedelta(days=back) for back in range(days - 1, -1, -1)]
    assert all(row["hours"] == [None] * 24 for row in figures["heat_map"])
