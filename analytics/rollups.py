"""Results summed by hour, hours by day: made again at will, for a result is never counted, only measured.

Each period is two statements a table for up to 500 monitors, INSERT … SELECT in the database; rolling it
again replaces its rows. ``Progress`` is moved when an hour is whole. What comes later leaves a ``StaleSpan``.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet

from analytics import dialect
from analytics.calendar import find_zone, parts_of
from analytics.latency import COLUMNS, latency_sql
from analytics.models import LatencyRollup, Period, Progress, Rollup, StaleSpan
from analytics.uptime import MONITORS_AT_ONCE, SUMS, Sql, in_list, time_sql
from analytics.windows import DAY, HOUR, Span, ceil_hour, floor_day, floor_hour
from monitors.instants import to_ms
from monitors.models import Monitor

logger = logging.getLogger(__name__)

SETTLE = timedelta(minutes=5)
"""An hour is rolled up so long after its end, when what was measured in it has come."""
LATE = timedelta(minutes=1)
"""A result recorded so long after its hour's end is taken for late. Shorter than SETTLE by what a slow
transaction may need."""
LEASE = timedelta(minutes=5)
CLOCK_TOLERANCE = timedelta(minutes=1)
HOURS_AT_ONCE = 100
DAY_MONITORS_AT_ONCE = 100
STALE_AT_ONCE = 1_000


class Busy(Exception):
    """Another process is rolling up."""

    def __init__(self) -> None:
        super().__init__("Another process is rolling up at this moment; try again in a minute.")


def catch_up(
    *, owner: str, now: datetime, most: int = HOURS_AT_ONCE, told: Callable[[datetime], None] = lambda _: None
) -> int:
    """Roll up every hour that is over, ``most`` at once, then what went stale; how many hours were rolled.

    Safe to run twice at once: one of the two does nothing. Killed in between, the next run does it again.
    Calls ``told`` with how far it has come.
    """
    progress = take_lease(owner, now=now)
    if progress is None:
        return 0
    stale = list(StaleSpan.objects.order_by("pk")[:STALE_AT_ONCE])
    until, hour, hours = floor_hour(now - SETTLE), progress.rolled_until, 0
    while hour < until and hours < most:
        _roll_hour(hour)
        hour, hours = hour + HOUR, hours + 1
        if not _move(owner, hour):
            logger.warning("rollup lost its lease owner=%s", owner)
            return hours
        told(hour)
    # What was rolled just now held the late results already.
    _roll_stale(stale, before=progress.rolled_until, raw_from=progress.raw_from)
    _release(owner, now=now)
    if hours or stale:
        logger.info("rollup hours=%d stale=%d until=%s", hours, len(stale), hour.isoformat())
    return hours


def catch_up_wholly(
    *, owner: str, clock: Callable[[], datetime], told: Callable[[datetime], None] = lambda _: None
) -> int:
    """Catch up until nothing is left to do; how many hours were rolled. Raises ``Busy``.

    Takes a clock, for it may run for longer than a lease, which each ``HOURS_AT_ONCE`` renew.
    """
    hours = 0
    while True:
        now = clock()
        if take_lease(owner, now=now) is None:
            raise Busy
        rolled = catch_up(owner=owner, now=now, told=told)
        hours += rolled
        if not rolled and not StaleSpan.objects.exists():
            return hours


def roll_again(
    start: datetime,
    end: datetime,
    *,
    owner: str,
    now: datetime,
    told: Callable[[datetime], None] = lambda _: None,
) -> int:
    """Roll up again the hours of ``[start, end)`` that are rolled up and whose results are still there.

    Returns how many those were. Raises ``Busy`` while another process rolls up.
    """
    progress = take_lease(owner, now=now)
    if progress is None:
        raise Busy
    first, last = find_rollable(start, end, progress)
    days, hours = set(), 0
    for hour in hours_of(first, last):
        _roll_hour(hour)
        days.add(floor_day(hour))
        hours += 1
        told(hour + HOUR)
    for day in sorted(days):
        if day + DAY <= progress.rolled_until:
            _roll_day(day)
    _release(owner, now=now)
    return hours


def find_rollable(start: datetime, end: datetime, progress: Progress) -> Span:
    """The whole hours of ``[start, end)`` that were rolled up and can be again."""
    first = floor_hour(start)
    if progress.raw_from is not None:
        first = max(first, ceil_hour(progress.raw_from))
    return first, min(ceil_hour(end), progress.rolled_until)


def begin_at(start: datetime, *, raw_from: datetime | None, now: datetime) -> None:
    """Let rolling up begin at ``start``, a whole hour, unless it has begun already."""
    defaults = {"rolled_until": start, "raw_from": raw_from, "lease_until": now}
    Progress.objects.get_or_create(pk=Progress.UPTIME, defaults=defaults)


def roll_monitors(
    ids: Collection[int],
    start: datetime,
    end: datetime,
    *,
    told: Callable[[datetime], None] = lambda _: None,
) -> None:
    """Roll up the hours of ``[start, end)``, and its whole days, of some monitors alone: for results that
    were not recorded but put there. Needs no lease, for it moves nothing; safe to run twice."""
    for hour in hours_of(start, end):
        _roll_hour(hour, ids)
        if hour + HOUR == floor_day(hour + HOUR):
            _roll_day(floor_day(hour), ids)
        told(hour + HOUR)


def hours_of(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR


# What comes late


def mark_stale(late: Iterable[tuple[Monitor, datetime]], *, now: datetime) -> int:
    """Remember which figures results that are being recorded may change: those recorded after their hour was
    over. To be called in the transaction that stores them; the number of marks."""
    spans = [
        StaleSpan(monitor=monitor, start_at=at, end_at=at + max(timedelta(seconds=monitor.holds_s), HOUR))
        for monitor, at in late
        if floor_hour(at) + HOUR + LATE <= now
    ]
    StaleSpan.objects.bulk_create(spans, batch_size=500)
    return len(spans)


def _roll_stale(spans: Sequence[StaleSpan], *, before: datetime, raw_from: datetime | None) -> None:
    hours: dict[datetime, set[int]] = defaultdict(set)
    days: dict[datetime, set[int]] = defaultdict(set)
    for span in spans:
        first = (
            floor_hour(span.start_at)
            if raw_from is None
            else max(floor_hour(span.start_at), ceil_hour(raw_from))
        )
        for hour in hours_of(first, min(span.end_at, before)):
            hours[hour].add(span.monitor_id)
            days[floor_day(hour)].add(span.monitor_id)
    for hour, ids in sorted(hours.items()):
        _roll_hour(hour, ids)
    for day, ids in sorted(days.items()):
        if day + DAY <= before:
            _roll_day(day, ids)
    # By key: a mark that was made meanwhile has another one, and stays.
    StaleSpan.objects.filter(pk__in=[span.pk for span in spans]).delete()


# The lease: one process moves the progress at a time


def take_lease(owner: str, *, now: datetime) -> Progress | None:
    """The progress, if it is ours to move now. The first start begins where the oldest monitor does."""
    if not Progress.objects.filter(pk=Progress.UPTIME).exists():
        oldest = Monitor.objects.aggregate(oldest=Min("created_at"))["oldest"]
        defaults = {"rolled_until": floor_hour(min(oldest or now, now)), "lease_until": now}
        Progress.objects.get_or_create(pk=Progress.UPTIME, defaults=defaults)
    free = Q(lease_owner=owner) | Q(lease_until__lte=now) | Q(lease_until__gt=now + LEASE + CLOCK_TOLERANCE)
    taken = Progress.objects.filter(free, pk=Progress.UPTIME).update(
        lease_owner=owner, lease_until=now + LEASE
    )
    return Progress.objects.get(pk=Progress.UPTIME) if taken else None


def _move(owner: str, rolled_until: datetime) -> bool:
    ours = Progress.objects.filter(pk=Progress.UPTIME, lease_owner=owner, rolled_until__lte=rolled_until)
    return bool(ours.update(rolled_until=rolled_until))


def _release(owner: str, *, now: datetime) -> None:
    Progress.objects.filter(pk=Progress.UPTIME, lease_owner=owner).update(lease_until=now)


# Hours and days


def _roll_hour(hour: datetime, ids: Collection[int] | None = None) -> None:
    """Roll up an hour of all monitors, or of ``ids``; and of all, the day that ends with it."""
    for holds, parts in _groups(hour, ids):
        with transaction.atomic():
            _clear_other_parts(holds, parts)
            for part in parts:
                _replace(Rollup, Period.HOUR, ("holds_s", *SUMS), time_sql(holds, [part], rolling=True))
                _replace(LatencyRollup, Period.HOUR, COLUMNS, latency_sql(holds, [part]))
    if ids is None and hour + HOUR == floor_day(hour + HOUR):
        _roll_day(floor_day(hour))


def _groups(hour: datetime, ids: Collection[int] | None) -> Iterator[tuple[dict[int, int], tuple[Span, ...]]]:
    """Monitors, each with how long its results may hold, and the parts in which the hour is rolled for
    them."""
    monitors = Monitor.objects.order_by("pk").values_list("pk", "holds_s", "team__timezone")
    for rows in _in_chunks(monitors, ids, MONITORS_AT_ONCE):
        rolled = Rollup.objects.filter(
            monitor_id__in=[row[0] for row in rows], period_h=Period.HOUR, start_at=hour
        )
        held = dict(rolled.values_list("monitor_id", "holds_s"))
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
    while chunk := list(rows.filter(pk__gt=last)[:size]):
        last = chunk[-1][0]
        yield chunk


def _clear_other_parts(ids: Collection[int], parts: Sequence[Span]) -> None:
    """An hour that was cut elsewhere before, by the midnight of a zone that the team has left."""
    start, end = parts[0][0], parts[-1][1]
    for model in (Rollup, LatencyRollup):
        rows = model.objects.filter(
            monitor_id__in=ids, period_h=Period.HOUR, start_at__gt=start, start_at__lt=end
        )
        rows.exclude(start_at__in=[part[0] for part in parts]).delete()


def _roll_day(day: datetime, ids: Collection[int] | None = None) -> None:
    """Sum up the hours of a day of UTC, of all monitors or of ``ids``."""
    for rows in _in_chunks(Monitor.objects.order_by("pk").values_list("pk"), ids, DAY_MONITORS_AT_ONCE):
        chosen = [row[0] for row in rows]
        with transaction.atomic():
            _replace(Rollup, Period.DAY, ("holds_s", *SUMS), _day_time_sql(chosen, day))
            _replace(LatencyRollup, Period.DAY, COLUMNS, _day_latency_sql(chosen, day))


def _hours_of_day(ids: Collection[int], day: datetime) -> str:
    return (
        f"monitor_id IN ({in_list(ids)}) AND period_h = {Period.HOUR:d}"
        f" AND start_at >= {to_ms(day)} AND start_at < {to_ms(day + DAY)}"
    )


def _day_time_sql(ids: Collection[int], day: datetime) -> Sql:
    sums = ", ".join(f"SUM({name}) AS {name}" for name in SUMS)
    return (
        f"SELECT monitor_id, {to_ms(day)} AS start_at, MAX(holds_s) AS holds_s, {sums} FROM analytics_rollup"
        f" WHERE {_hours_of_day(ids, day)} GROUP BY monitor_id",
        [],
    )


def _day_latency_sql(ids: Collection[int], day: datetime) -> Sql:
    """The hours' figures added up; their histograms taken apart, added and put together again."""
    within = _hours_of_day(ids, day)
    return (
        f"""
        SELECT t.monitor_id, {to_ms(day)} AS start_at, t.count, t.sum_ms, t.min_ms, t.max_ms, h.histogram
        FROM ( SELECT monitor_id, SUM(count) AS count, SUM(sum_ms) AS sum_ms,
                   COALESCE(MIN(CASE WHEN count > 0 THEN min_ms END), 0) AS min_ms, MAX(max_ms) AS max_ms
            FROM analytics_latencyrollup WHERE {within} GROUP BY monitor_id
        ) t JOIN (
            SELECT monitor_id, {dialect.spell("pairs")} AS histogram FROM (
                SELECT l.monitor_id, {dialect.spell("code")} AS code, SUM({dialect.spell("n")}) AS n
                FROM (SELECT monitor_id, histogram FROM analytics_latencyrollup WHERE {within}) l,
                     {dialect.spell("unpacked")}
                GROUP BY l.monitor_id, code
            ) counted GROUP BY monitor_id
        ) h ON h.monitor_id = t.monitor_id""",
        [],
    )


def _replace(
    model: type[Rollup | LatencyRollup], period: Period, columns: Sequence[str], select: Sql
) -> None:
    """``select`` gives monitor, start and ``columns``. REPLACE is spelled the same on every database."""
    statement, values = select
    with connection.cursor() as cursor:
        cursor.execute(
            f"REPLACE INTO {model._meta.db_table} (monitor_id, start_at, {', '.join(columns)}, period_h)"
            f" SELECT made.*, {period:d} FROM ({statement}) made",
            values,
        )
