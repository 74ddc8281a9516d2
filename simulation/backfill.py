"""The history before raw results are kept: a block of rolled-up weeks, copied back in time."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from analytics.models import LatencyRollup, Period, Rollup
from analytics.uptime import in_list
from analytics.windows import DAY, Span
from core.instants import to_ms

MONITORS_AT_ONCE = 25


def block_of(raw_from: datetime, days: int) -> Span:
    """What is copied of ``days`` of raw results: whole weeks, so that a Sunday stays one, and no day that may
    not be rolled up yet."""
    length = (days - 1) // 7 * 7 or max(1, days - 1)
    return raw_from, raw_from + length * DAY


def shifts_of(block: Span, start: datetime) -> Iterator[timedelta]:
    """How far the block is moved back, again and again, to cover everything from ``start`` on. The last one
    may begin before it."""
    shift = length = block[1] - block[0]
    while block[1] - shift > start:
        yield shift
        shift += length


def copy_back(
    ids: Sequence[int],
    block: Span,
    *,
    start: datetime,
    hours_from: datetime,
    told: Callable[[int], None] = lambda _: None,
) -> None:
    """Copy the rollups of ``block`` before it, from ``start`` (a midnight) on; hours from ``hours_from`` on.

    Calls ``told`` with how many monitors it has done.
    """
    for first in range(0, len(ids), MONITORS_AT_ONCE):
        some = ids[first : first + MONITORS_AT_ONCE]
        for shift in shifts_of(block, start):
            with transaction.atomic():
                for model in (Rollup, LatencyRollup):
                    _copy(model, some, Period.HOUR, block, shift, max(start, hours_from))
                    _copy(model, some, Period.DAY, block, shift, start)
        told(min(first + MONITORS_AT_ONCE, len(ids)))


def _copy(
    model: type[Rollup | LatencyRollup],
    ids: Sequence[int],
    period: Period,
    block: Span,
    shift: timedelta,
    not_before: datetime,
) -> None:
    key = ("monitor_id", "period_h", "start_at")
    others = ", ".join(f.attname for f in model._meta.concrete_fields if f.attname not in key)
    table, start = model._meta.db_table, max(block[0], not_before + shift)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (monitor_id, period_h, start_at, {others})"
            f" SELECT monitor_id, period_h, start_at - {shift // timedelta(milliseconds=1)}, {others}"
            f" FROM {table}"
            f" WHERE monitor_id IN ({in_list(ids)}) AND period_h = {period:d}"
            f" AND start_at >= {to_ms(start)} AND start_at < {to_ms(block[1])}"
            " ORDER BY monitor_id, start_at"
        )
