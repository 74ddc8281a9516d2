"""How far the figures are rolled up, and who rolls: hours when they are over, and again when results come
late.

A result is never counted, only measured, so an hour is made again at will. ``Progress`` is moved when an
hour is whole. What comes later leaves a ``StaleSpan``.
"""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import Min

from analytics.models import Progress, StaleSpan
from analytics.rollup_sql import sum_up_day, sum_up_hour
from analytics.windows import DAY, HOUR, Span, ceil_day, ceil_hour, floor_day, floor_hour
from core import leases
from core.leases import Lease
from core.retention import results_kept
from monitors.models import Monitor

logger = logging.getLogger(__name__)

SETTLE = timedelta(minutes=5)
"""An hour is rolled up so long after its end, when what was measured in it has come."""
LATE = timedelta(minutes=1)
"""A result recorded so long after its hour's end is taken for late. Shorter than SETTLE by what a slow
transaction may need."""
LEASE = timedelta(minutes=5)
HOURS_AT_ONCE = 100
STALE_AT_ONCE = 1_000


class RollupBusy(Exception):
    """Another process is rolling up."""

    def __init__(self) -> None:
        super().__init__("Another process is rolling up at this moment; try again in a minute.")


def catch_up(
    *,
    owner: str,
    now: datetime,
    most: int = HOURS_AT_ONCE,
    for_s: float = math.inf,
    told: Callable[[datetime], None] = lambda _: None,
) -> int:
    """Roll up every hour that is over, ``most`` at once, then what went stale; how many hours were rolled.
    After ``for_s`` no other hour is begun.

    Safe to run twice at once: one of the two does nothing. Killed in between, the next run does it again.
    Calls ``told`` with how far it has come.
    """
    lease = lease_progress(owner, now=now)
    if lease is None:
        return 0
    progress = lease.read()
    stale = list(StaleSpan.objects.order_by("pk")[:STALE_AT_ONCE])
    begun = hour = progress.rolled_until
    stop_at = time.perf_counter() + for_s
    for hour in hours_of(begun, min(floor_hour(now - SETTLE), begun + most * HOUR)):
        sum_up_hour(hour)
        if hour + HOUR == ceil_day(hour):
            sum_up_day(floor_day(hour))
        if not lease.keep(rolled_until=hour + HOUR):
            logger.warning("rollup lost its lease owner=%s", owner)
            return (hour - begun) // HOUR
        told(hour + HOUR)
        hour += HOUR
        if time.perf_counter() > stop_at:
            break
    # What was rolled just now held the late results already.
    _roll_stale(stale, before=begun, raw_from=progress.raw_from)
    lease.end()
    if hour > begun or stale:
        logger.info("rollup hours=%d stale=%d until=%s", (hour - begun) // HOUR, len(stale), hour.isoformat())
    return (hour - begun) // HOUR


def has_hours_to_roll(*, now: datetime) -> bool:
    """Is there an hour that is over and not rolled up?"""
    return Progress.objects.filter(pk=Progress.UPTIME, rolled_until__lt=floor_hour(now - SETTLE)).exists()


def catch_up_wholly(
    *, owner: str, clock: Callable[[], datetime], told: Callable[[datetime], None] = lambda _: None
) -> int:
    """Catch up until nothing is left to do; how many hours were rolled. Raises ``RollupBusy``."""
    hours = 0
    while True:
        now = clock()
        if lease_progress(owner, now=now) is None:
            raise RollupBusy
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

    Returns how many those were. Raises ``RollupBusy`` while another process rolls up.
    """
    lease = lease_progress(owner, now=now)
    if lease is None:
        raise RollupBusy
    progress, days, hours = lease.read(), set(), 0
    for hour in hours_of(*find_rollable(start, end, progress)):
        sum_up_hour(hour)
        days.add(floor_day(hour))
        hours += 1
        if not lease.keep():
            raise RollupBusy
        told(hour + HOUR)
    for day in sorted(days):
        if day + DAY <= progress.rolled_until:
            sum_up_day(day)
    lease.end()
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
        sum_up_hour(hour, ids)
        if hour + HOUR == floor_day(hour + HOUR):
            sum_up_day(floor_day(hour), ids)
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
    # Nothing older is left of the raw results; and a span may begin in 1970, which is half a million hours.
    oldest = floor_day(before) - results_kept()
    if raw_from is not None:
        oldest = max(oldest, ceil_hour(raw_from))
    for span in spans:
        for hour in hours_of(max(floor_hour(span.start_at), oldest), min(span.end_at, before)):
            hours[hour].add(span.monitor_id)
            days[floor_day(hour)].add(span.monitor_id)
    for hour, ids in sorted(hours.items()):
        sum_up_hour(hour, ids)
    for day, ids in sorted(days.items()):
        if day + DAY <= before:
            sum_up_day(day, ids)
    # By key: a mark that was made meanwhile has another one, and stays.
    StaleSpan.objects.filter(pk__in=[span.pk for span in spans]).delete()


def lease_progress(owner: str, *, now: datetime) -> Lease[Progress] | None:
    """Take the right to move the progress and to purge what was rolled up. None while another process has it.
    The first time, the progress begins at the hour in which the oldest monitor was made."""
    if not Progress.objects.filter(pk=Progress.UPTIME).exists():
        oldest = Monitor.objects.aggregate(oldest=Min("created_at"))["oldest"]
        begin_at(floor_hour(min(oldest or now, now)), raw_from=None, now=now)
    rows = Progress.objects.filter(pk=Progress.UPTIME)
    return leases.take(rows, owner, lasts=LEASE, now=now, again=True)
