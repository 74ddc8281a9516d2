"""An hour and a day, summed up: by hand, cut at midnights, in a constant number of statements."""

import math
import sqlite3

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.histogram import parse
from analytics.models import LatencyRollup, Period, Rollup
from analytics.rollups import roll_again
from monitors.models import Monitor
from tests.analytics.factories import HOUR, MINUTE, at, make_old, store, store_at
from tests.analytics.rolling import NOON, SETTLED, begin_at, roll, rows, sums
from tests.factories import make_team

pytestmark = pytest.mark.django_db


def test_the_rollup_of_an_hour_is_what_was_computed_by_hand():
    monitor = make_old(interval_s=600)
    begin_at(NOON - HOUR)
    store_at(
        monitor,
        (NOON - 65 * MINUTE, "U", 90),  # holds five minutes into the hour
        (NOON - 55 * MINUTE, "S", 900),
        (NOON - 45 * MINUTE, "D", 5000),
        (NOON - 35 * MINUTE, "?"),
        (NOON - 25 * MINUTE, "M", 40),
        (NOON - 15 * MINUTE, "U", 200),
        (NOON - 5 * MINUTE, "U", 100),  # holds five minutes beyond it
    )
    assert roll() == 1
    (row,) = rows()
    assert (row["monitor_id"], row["start_at"], row["holds_s"]) == (monitor.pk, NOON - HOUR, 600)
    minutes = 60_000
    assert sums(row) == (20 * minutes, 10 * minutes, 10 * minutes, 10 * minutes, 2, 1, 1, 1, 1)
    (timed,) = rows(LatencyRollup)
    assert (timed["count"], timed["sum_ms"], timed["min_ms"], timed["max_ms"]) == (3, 1200, 100, 900)
    assert sorted(parse(timed["histogram"]).values()) == [1, 1, 1]


def test_a_day_is_the_sum_of_its_hours():
    monitor = make_old(interval_s=3600)
    begin_at(at("2026-02-28T00:00"))
    letters = "UUUDDUUUSSUUUUUUUU??UUMU"
    store_at(
        monitor, *((at("2026-02-28T00:00") + n * HOUR, letter, 10 * n) for n, letter in enumerate(letters))
    )
    roll(at("2026-03-01T00:05"))
    (day,) = rows(period=Period.DAY)
    assert day["start_at"] == at("2026-02-28T00:00")
    hour = 3_600_000
    assert sums(day) == (17 * hour, 2 * hour, 2 * hour, hour, 17, 2, 2, 2, 1)
    hours = rows()
    assert len(hours) == 24
    assert tuple(map(sum, zip(*map(sums, hours), strict=True)))[:4] == sums(day)[:4]
    (timed,) = rows(LatencyRollup, Period.DAY)
    values = [10 * n for n, letter in enumerate(letters) if letter in "US"]
    assert (timed["count"], timed["sum_ms"]) == (len(values), sum(values))
    assert (timed["min_ms"], timed["max_ms"]) == (0, 230)
    assert sum(parse(timed["histogram"]).values()) == len(values)


def test_an_interval_that_was_edited_since_does_not_change_what_was():
    monitor = make_old(interval_s=60)
    begin_at(NOON - HOUR)
    store_at(monitor, (NOON - 50 * MINUTE, "U"), (NOON - 20 * MINUTE, "U"))
    roll()
    assert rows()[0]["up_ms"] == 120_000
    Monitor.objects.update(holds_s=1800)
    roll_again(NOON - HOUR, NOON, owner="test", now=SETTLED)
    assert rows()[0]["up_ms"] == 120_000


def test_a_teams_midnight_within_an_hour_cuts_it():
    team = make_team()
    team.timezone = "Asia/Kolkata"  # midnight is at 18:30 UTC
    team.save()
    indian, other = make_old(team, interval_s=600), make_old(interval_s=600)
    begin_at(at("2026-02-28T18:00"))
    for monitor in (indian, other):
        store_at(monitor, *((at("2026-02-28T18:00") + 10 * n * MINUTE, "UUUDDD"[n], n) for n in range(6)))
    roll(at("2026-02-28T19:05"))
    found = [(row["monitor_id"], row["start_at"].minute, row["up_ms"], row["down_ms"]) for row in rows()]
    half = 30 * 60_000
    assert found == [(indian.pk, 0, half, 0), (indian.pk, 30, 0, half), (other.pk, 0, half, half)]
    team.timezone = "Europe/Berlin"
    team.save()
    roll_again(at("2026-02-28T18:00"), at("2026-02-28T19:00"), owner="test", now=at("2026-02-28T20:00"))
    assert [sums(row)[:3] for row in rows()] == [(half, 0, half), (half, 0, half)]
    assert len(rows(LatencyRollup)) == 2


def test_three_monitors_and_thirty_are_rolled_up_in_the_same_number_of_statements():
    counts = []
    for more in (3, 27):
        for _ in range(more):
            store(make_old(interval_s=600), (600, "U", 5), (1200, "D", 5), now=NOON)
        begin_at(NOON - HOUR)
        with CaptureQueriesContext(connection) as queries:
            roll()
        counts.append((Rollup.objects.count(), len(queries)))
    assert [number for number, _ in counts] == [3, 30]
    assert counts[0][1] == counts[1][1]


def test_deleting_a_monitor_takes_its_figures_along():
    monitor, other = make_old(), make_old()
    begin_at(NOON - HOUR)
    for one in (monitor, other):
        store(one, (600, "U", 5), now=NOON)
    roll()
    monitor.delete()
    assert {row["monitor_id"] for row in rows() + rows(LatencyRollup)} == {other.pk}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="MariaDB and MySQL lock rows, not the database")
def test_who_writes_is_not_kept_waiting_while_sums_are_made(shared_database):
    """In the middle of the statement that sums up, somebody else writes, and would not wait for a moment."""
    store(make_old(interval_s=600), *((600 * n, "U", 40 * n) for n in range(1, 6)), now=NOON)
    begin_at(NOON - HOUR)
    heard = []

    def ln_that_writes(value):
        if not heard:
            with sqlite3.connect(connection.settings_dict["NAME"], timeout=0) as other:
                heard.append(other.execute("UPDATE monitors_monitor SET name = 'Written'").rowcount)
            other.close()
        return math.log(value)

    connection.ensure_connection()
    connection.connection.create_function("LN", 1, ln_that_writes)
    assert roll() == 1
    assert heard == [1]
    assert rows(LatencyRollup)[0]["count"] == 5
