"""What is kept and what goes; and that nobody who records is kept waiting meanwhile."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import retention
from analytics.models import LatencyRollup, Period, Progress, Rollup
from analytics.retention import Purged, purge_results
from analytics.rollups import LEASE, catch_up
from analytics.uptime import measure
from core.instants import to_ms
from monitors.models import Result
from pipeline.stages.record import record
from tests.analytics.factories import DAY, HOUR, MINUTE, NOW, make_old, store_at
from tests.factories import make_team
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db
FIRST_KEPT = NOW - 30 * DAY


def never(seconds):
    """A rest that costs a test no time."""
    assert seconds >= 0


def clean(now=NOW, rest=never):
    return purge_results(owner="test", now=now, rest=rest)


def rolled_until(at):
    Progress.objects.update_or_create(pk=Progress.UPTIME, defaults={"rolled_until": at, "lease_until": at})


def slots(monitor):
    return list(
        Result.objects.filter(monitor=monitor).order_by("scheduled_at").values_list("scheduled_at", flat=True)
    )


def add_rollup(monitor, at, period):
    sums = {f"{state}_ms": 0 for state in ("up", "degraded", "down", "maintenance")}
    checks = {f"checks_{status}": 0 for status in ("up", "degraded", "down", "unknown", "maintenance")}
    Rollup.objects.create(monitor=monitor, period_h=period, start_at=at, holds_s=60, **sums, **checks)
    LatencyRollup.objects.create(
        monitor=monitor, period_h=period, start_at=at, count=1, sum_ms=1, min_ms=1, max_ms=1, histogram="1:1"
    )


def test_raw_results_are_kept_for_thirty_days_and_the_last_one_before():
    monitor = make_old()
    rolled_until(NOW - HOUR)
    kept = [FIRST_KEPT - HOUR, FIRST_KEPT, FIRST_KEPT + HOUR, NOW - MINUTE]
    store_at(monitor, *((at, "U") for at in [FIRST_KEPT - 3 * HOUR, FIRST_KEPT - 2 * HOUR, *kept]))
    assert clean() == Purged(results=2)
    assert slots(monitor) == kept
    assert Progress.objects.get().raw_from == FIRST_KEPT
    assert clean() == Purged()


def test_the_only_result_of_a_monitor_that_was_paused_long_ago_stays():
    monitor = make_old(enabled=False)
    rolled_until(NOW - HOUR)
    store_at(monitor, (NOW - 300 * DAY, "D"))
    assert clean() == Purged()
    assert slots(monitor) == [NOW - 300 * DAY]


def test_how_long_is_a_setting(settings):
    settings.RAW_RETENTION_DAYS = 8
    monitor = make_old()
    rolled_until(NOW)
    store_at(monitor, *((NOW - number * DAY, "U") for number in range(12)))
    assert clean() == Purged(
        results=2
    )  # the eleventh and the tenth day back; the ninth holds into the eighth
    assert len(slots(monitor)) == 10


def test_nothing_raw_goes_before_it_is_rolled_up():
    monitor = make_old()
    rolled_until(NOW - 40 * DAY)
    store_at(monitor, *((NOW - number * DAY, "U") for number in (50, 45, 35, 33, 1)))
    assert clean() == Purged(results=1)
    assert slots(monitor)[0] == NOW - 45 * DAY


def test_nothing_goes_while_somebody_rolls_up():
    monitor = make_old()
    rolled_until(NOW)
    Progress.objects.update(lease_owner="other", lease_until=NOW + LEASE)
    store_at(monitor, *((NOW - number * DAY, "U") for number in (50, 45)))
    assert clean() == Purged()
    assert len(slots(monitor)) == 2
    assert Progress.objects.get().raw_from is None


def test_hours_are_kept_for_thirteen_months_and_days_for_ever():
    monitor = make_old(age=3000 * DAY)
    rolled_until(NOW)
    midnight = NOW - 12 * HOUR
    for days in (2000, 397, 396, 395):
        for period in Period:
            add_rollup(monitor, midnight - days * DAY, period)
    assert clean() == Purged(hours=4)
    assert [row.start_at for row in Rollup.objects.filter(period_h=Period.HOUR).order_by("start_at")] == [
        midnight - 396 * DAY,
        midnight - 395 * DAY,
    ]
    assert Rollup.objects.filter(period_h=Period.DAY).count() == 4
    assert LatencyRollup.objects.count() == 6


def test_days_go_too_where_a_setting_says_so(settings):
    settings.DAY_RETENTION_DAYS = 1000
    monitor = make_old(age=3000 * DAY)
    rolled_until(NOW)
    for days in (2000, 1001, 1000, 5):
        add_rollup(monitor, NOW - 12 * HOUR - days * DAY, Period.DAY)
    assert clean() == Purged(days=4)
    assert Rollup.objects.count() == LatencyRollup.objects.count() == 2


def test_a_purge_goes_in_small_steps_with_a_rest_after_each(monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 10)
    monitor, other = make_old(), make_old()
    rolled_until(NOW)
    for one in (monitor, other):
        store_at(one, *((NOW - 40 * DAY + number * MINUTE, "U") for number in range(26)))
    rests, before = [], Result.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert clean(rest=rests.append) == Purged(results=50)
    assert Result.objects.count() == before - 50
    deletes = [q["sql"] for q in queries if q["sql"].startswith("DELETE") and "monitors_result" in q["sql"]]
    assert len(deletes) == len(rests) == 6  # 10, 10 and 5 of each
    assert all("scheduled_at" in sql and "monitor_id" in sql for sql in deletes)


def test_a_purge_that_has_no_time_left_says_so_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    monitor = make_old()
    rolled_until(NOW - HOUR)
    store_at(monitor, *((FIRST_KEPT - number * HOUR, "U") for number in range(1, 8)))
    parts = []
    while not parts or parts[-1].more:
        parts.append(purge_results(owner="test", now=NOW, rest=never, for_s=0))
    assert [part.results for part in parts][:3] == [2, 2, 2]
    assert slots(monitor) == [FIRST_KEPT - HOUR]


def test_killed_between_two_steps_the_next_purge_goes_on(monkeypatch):
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 10)
    monitor = make_old()
    rolled_until(NOW)
    store_at(monitor, *((NOW - 40 * DAY + number * MINUTE, "U") for number in range(26)))

    def die(seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clean(rest=die)
    assert len(slots(monitor)) == 16
    assert clean() == Purged(results=15)


def test_figures_of_a_purged_time_stay_as_they_were(settings):
    settings.RAW_RETENTION_DAYS = 8
    monitor = make_old(interval_s=3600)
    first = NOW - 10 * DAY
    rolled_until(first)
    store_at(monitor, *((first + number * HOUR, "UUD"[number % 3], 30) for number in range(10 * 24)))
    catch_up(owner="test", now=NOW, most=10_000)
    asked = {"90d": NOW - 90 * DAY}
    before = measure([monitor], asked, now=NOW)
    assert clean().results == 2 * 24 - 1
    assert measure([monitor], asked, now=NOW) == before
    assert catch_up(owner="test", now=NOW) == 0


def test_what_was_rolled_up_for_a_deleted_monitor_is_found():
    monitor = make_old()
    rolled_until(NOW)
    add_rollup(monitor, NOW - HOUR, Period.HOUR)
    Rollup.objects.update(monitor_id=monitor.pk + 1000)
    clean()
    assert (Rollup.objects.count(), LatencyRollup.objects.count()) == (0, 1)


def fill(monitors, per_monitor, *, before):
    """``per_monitor`` results a minute apart for each of ``monitors``, the newest at ``before``: made by the
    database, out of the digits of their numbers."""
    digits = " CROSS JOIN ".join(
        f"({' UNION ALL '.join(f'SELECT {10**place * digit} AS d{place}' for digit in range(10))}) t{place}"
        for place in range(len(str(per_monitor - 1)))
    )
    number = "+".join(f"d{place}" for place in range(len(str(per_monitor - 1))))
    with connection.cursor() as cursor:
        for monitor in monitors:
            cursor.execute(
                f"""
                INSERT INTO monitors_result (monitor_id, scheduled_at, region, checked_at, status,
                    in_maintenance, error_code, error, total_ms, address, http_version)
                SELECT %s, %s - 60000 * ({number}), 'local', 0, 'up', 0, '', '', 25, '', ''
                FROM {digits} WHERE {number} < %s""",
                [monitor.pk, to_ms(before), per_monitor],
            )


def test_recording_goes_on_while_millions_are_purged(shared_database):
    """On MariaDB with 5 million results in the table, and a recorder that gives up after a second's wait."""
    on_mysql = connection.vendor == "mysql"
    per_monitor = 50_000 if on_mysql else 2_000
    team = make_team()
    monitors = [make_old(team, name=str(number)) for number in range(100)]
    fill(monitors, per_monitor, before=NOW)
    assert Result.objects.count() == 100 * per_monitor
    kept = per_monitor * 4 // 5 // 60 * 60
    now = NOW - kept * MINUTE + 30 * DAY  # so that a fifth is old
    rolled_until(now)
    if on_mysql:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
    steps = threading.Semaphore(0)
    done: list[Purged] = []

    def purge_all():
        try:
            done.append(purge_results(owner="test", now=now, rest=lambda seconds: steps.release()))
        finally:
            connection.close()
            steps.release()

    purging = threading.Thread(target=purge_all)
    purging.start()
    recorded = during = 0
    while purging.is_alive():
        assert steps.acquire(timeout=60)
        at = now + recorded * timedelta(milliseconds=10)
        assert record([make_result(monitor, at, "U") for monitor in monitors], now=at).stored == 100
        recorded += 1
        during += purging.is_alive()
    purging.join()
    gone = 100 * (per_monitor - kept - 2)  # but one at the edge, and the last one before it
    assert done == [Purged(results=gone)]
    assert during >= 20
    assert Result.objects.count() == 100 * per_monitor - gone + 100 * recorded
