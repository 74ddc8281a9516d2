"""One hour, or one day, summed up: two statements a table, INSERT … SELECT in the database, for 500 monitors.

To sum up again replaces the rows and changes nothing else, so it needs neither a lock nor a transaction. A
monitor that cannot be summed up is left out; the others are summed up all the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from analytics import dialect
from analytics.calendar import parts_of
from analytics.latency import COLUMNS, latency_sql
from analytics.models import LatencyRollup, Period, Rollup
from analytics.uptime import MONITORS_AT_ONCE, SUMS, Sql, in_list, run, time_sql, within
from analytics.windows import DAY, HOUR, Span
from core.instants import to_ms
from core.isolation import do_together
from core.time_zones import find_zone
from monitors.models import Monitor

ROLL_UP = "roll up"
DAY_MONITORS_AT_ONCE = 100
"""Fewer than of an hour: a day's histograms are taken apart and added up."""


def sum_up_hour(hour: datetime, ids: Collection[int] | None = None) -> None:
    """Sum up the raw results of an hour of UTC, of all monitors or of ``ids``."""
    for holds, parts in _groups(hour, ids):
        do_together(ROLL_UP, list(holds), partial(_sum_up_parts, holds=holds, parts=parts), name=_name)


def _sum_up_parts(ids: Sequence[int], *, holds: Mapping[int, int], parts: Sequence[Span]) -> None:
    _clear_other_parts(ids, parts)
    mine = {pk: holds[pk] for pk in ids}
    for part in parts:
        _replace(Rollup, Period.HOUR, ("holds_s", *SUMS), time_sql(mine, [part], rolling=True))
        _replace(LatencyRollup, Period.HOUR, COLUMNS, latency_sql(mine, [part]))


def _name(monitor_id: int) -> tuple[str, int]:
    return "monitor", monitor_id


def _groups(hour: datetime, ids: Collection[int] | None) -> Iterator[tuple[dict[int, int], tuple[Span, ...]]]:
    """Monitors, each with how long its results may hold, and the parts in which the hour is rolled for
    them."""
    monitors = Monitor.objects.order_by("pk").values_list("pk", "holds_s", "team__timezone")
    for rows in _in_chunks(monitors, ids, MONITORS_AT_ONCE):
        rolled = (
            "SELECT monitor_id, holds_s FROM analytics_rollup"
            f" WHERE monitor_id IN ({in_list(row[0] for row in rows)})"
            f" AND period_h = {Period.HOUR:d} AND start_at = %s"
        )
        held = dict(run(rolled, [to_ms(hour)]))
        groups: dict[tuple[Span, ...], dict[int, int]] = defaultdict(dict)
        for pk, holds_s, zone in rows:
            groups[_parts(hour, zone)][pk] = max(holds_s, held.get(pk, 0))
        yield from ((holds, parts) for parts, holds in groups.items())


def _parts(hour: datetime, zone: str) -> tuple[Span, ...]:
    try:
        return tuple(parts_of(hour, find_zone(zone)))
    except ValueError:  # a zone that left the database must stop nobody
        return ((hour, hour + HOUR),)


def _in_chunks(rows: QuerySet[Any, Any], ids: Collection[int] | None, size: int) -> Iterator[list[Any]]:
    """``rows`` (ordered by their first column, the key), ``size`` at once; never all in memory."""
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    last = 0
    while True:
        chunk = list(rows.filter(pk__gt=last)[:size])
        if chunk:
            yield chunk
        if len(chunk) < size:
            return
        last = chunk[-1][0]


def _clear_other_parts(ids: Collection[int], parts: Sequence[Span]) -> None:
    """Delete the parts of an hour that was cut at another midnight before the team changed its time zone."""
    others = (
        f"monitor_id IN ({in_list(ids)}) AND period_h = {Period.HOUR:d}"
        f" AND start_at > %s AND start_at < %s AND start_at NOT IN ({', '.join(['%s'] * len(parts))})"
    )
    values = [to_ms(at) for at in (parts[0][0], parts[-1][1], *(start for start, _ in parts))]
    with connection.cursor() as cursor:
        for model in (Rollup, LatencyRollup):
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE {others}", values)


def sum_up_day(day: datetime, ids: Collection[int] | None = None) -> None:
    """Sum up the hours of a day of UTC, of all monitors or of ``ids``."""
    for rows in _in_chunks(Monitor.objects.order_by("pk").values_list("pk"), ids, DAY_MONITORS_AT_ONCE):
        do_together(ROLL_UP, [row[0] for row in rows], partial(_sum_up_day, day=day), name=_name)


def _sum_up_day(ids: Sequence[int], *, day: datetime) -> None:
    _replace(Rollup, Period.DAY, ("holds_s", *SUMS), _day_time_sql(ids, day))
    _replace(LatencyRollup, Period.DAY, COLUMNS, _day_latency_sql(ids, day))


def _hours_of_day(ids: Collection[int], day: datetime) -> str:
    return f"monitor_id IN ({in_list(ids)}) AND {within((Period.HOUR, day, day + DAY))}"


def _day_time_sql(ids: Collection[int], day: datetime) -> Sql:
    sums = ", ".join(f"SUM({name}) AS {name}" for name in SUMS)
    return (
        f"SELECT monitor_id, {to_ms(day)} AS start_at, MAX(holds_s) AS holds_s, {sums} FROM analytics_rollup"
        f" WHERE {_hours_of_day(ids, day)} GROUP BY monitor_id",
        [],
    )


def _day_latency_sql(ids: Collection[int], day: datetime) -> Sql:
    """The hours' figures added up; their histograms taken apart, added and put together again."""
    hours = _hours_of_day(ids, day)
    return (
        f"""
        SELECT t.monitor_id, {to_ms(day)} AS start_at, t.count, t.sum_ms, t.min_ms, t.max_ms, h.histogram
        FROM (
            SELECT monitor_id, SUM(count) AS count, SUM(sum_ms) AS sum_ms,
                   COALESCE(MIN(CASE WHEN count > 0 THEN min_ms END), 0) AS min_ms, MAX(max_ms) AS max_ms
            FROM analytics_latencyrollup WHERE {hours} GROUP BY monitor_id
        ) t JOIN (
            SELECT monitor_id, {dialect.spell_sql("pairs")} AS histogram FROM (
                SELECT l.monitor_id, {dialect.spell_sql("code")} AS code, SUM({dialect.spell_sql("n")}) AS n
                FROM (SELECT monitor_id, histogram FROM analytics_latencyrollup WHERE {hours}) l,
                     {dialect.spell_sql("unpacked")}
                GROUP BY l.monitor_id, code
            ) counted GROUP BY monitor_id
        ) h ON h.monitor_id = t.monitor_id""",
        [],
    )


def _replace(
    model: type[Rollup | LatencyRollup], period: Period, columns: Sequence[str], select: Sql
) -> None:
    """Store the rows of ``select``: monitor, start and ``columns``. REPLACE is spelled the same on every
    database.

    SQLite lets one connection write at a time, so the recorder would wait while the sums are made. So they
    are made in a temporary table of this connection, and copied from there.
    """
    (made, values), table = select, model._meta.db_table
    names = ", ".join(("monitor_id", "start_at", *columns))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Kept and emptied: were it dropped, SQLite would plan all of this connection's statements anew.
            own = f"temp.made_for_{table}"
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {own} ({names})")
            cursor.execute(f"DELETE FROM {own}")
            cursor.execute(f"INSERT INTO {own} {made}", values)
            made, values = f"SELECT * FROM {own}", []
        cursor.execute(
            f"REPLACE INTO {table} ({names}, period_h) SELECT made.*, {period:d} FROM ({made}) made",
            values,
        )
