"""Which instants a figure is of, and where each part of it is read: days, hours, or raw results. Pure.

A window of more than an hour begins on the whole hour, so that rollups say all of it; ``from`` in the answers
tells when that was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from analytics.models import Period

Span = tuple[datetime, datetime]
Range = tuple[Period, datetime, datetime]
"""Rollups of a period that begin in ``[start, end)``."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

WINDOWS: Mapping[str, timedelta] = {
    "1h": HOUR,
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "365d": timedelta(days=365),
}
LISTED = ("24h", "7d", "30d", "90d")


def floor_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def floor_day(at: datetime) -> datetime:
    """Midnight UTC at or before ``at``, which is UTC."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def ceil_hour(at: datetime) -> datetime:
    floor = floor_hour(at)
    return floor if floor == at else floor + HOUR


def ceil_day(at: datetime) -> datetime:
    floor = floor_day(at)
    return floor if floor == at else floor + DAY


def start_of(length: timedelta, now: datetime, *, hours_from: datetime) -> datetime:
    """Where a window that ends ``now`` (UTC) begins: on the whole hour unless it is short, and on the whole
    day where no hours are kept any more."""
    start = now - length
    if length <= HOUR:
        return start
    return floor_hour(start) if start >= hours_from else floor_day(start)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where ``[start, end)`` is read: half-open ranges of rollups by period, and of raw results."""

    rolled: tuple[Range, ...] = ()
    raw: Span | None = None


def find_sources(start: datetime, end: datetime, rolled_until: datetime | None) -> Sources:
    """Days where whole days are rolled up, hours around them, raw from ``rolled_until`` (a whole hour) on.

    A ``start`` within an hour can only be answered by raw results.
    """
    if rolled_until is None or start >= rolled_until or start != floor_hour(start):
        return Sources(raw=(start, end))
    rolled_until = min(rolled_until, floor_hour(end))
    first, last = ceil_day(start), floor_day(rolled_until)
    ranges = (
        [(Period.HOUR, start, first), (Period.DAY, first, last), (Period.HOUR, last, rolled_until)]
        if first < last
        else [(Period.HOUR, start, rolled_until)]
    )
    raw = (rolled_until, end) if rolled_until < end else None
    return Sources(tuple(part for part in ranges if part[1] < part[2]), raw)


def share_ranges(ranges: Mapping[str, Sequence[Range]]) -> list[tuple[Range, list[str]]]:
    """Ranges that do not overlap, each with the names of those that it is part of: every name's add up to its
    own."""
    pieces = []
    for period in Period:
        mine = [(name, start, end) for name, some in ranges.items() for p, start, end in some if p == period]
        edges = sorted({edge for _, start, end in mine for edge in (start, end)})
        for since, until in pairwise(edges):
            if names := [name for name, start, end in mine if start <= since and until <= end]:
                pieces.append(((period, since, until), names))
    return pieces
