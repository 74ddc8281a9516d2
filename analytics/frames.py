"""Which stretch of time a chart shows, and how long its points are: a fixed window, or any other. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.windows import DAY, HOUR, WINDOWS, ceil_day, ceil_hour, floor_day, floor_hour, start_of

STEPS: Mapping[str, timedelta] = {
    "1h": timedelta(minutes=1),
    "24h": timedelta(minutes=15),
    "7d": HOUR,
    "30d": timedelta(hours=6),
    "90d": DAY,
    "365d": DAY,
}
"""How long a point of each window's chart is; a step begins on a whole multiple of itself, in UTC."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=366)
"""Of a stretch that somebody asks for."""
_LADDER = (
    (timedelta(minutes=15), timedelta(seconds=10)),
    (timedelta(hours=2), timedelta(minutes=1)),
    (timedelta(hours=12), timedelta(minutes=5)),
    (timedelta(hours=48), timedelta(minutes=15)),
    (timedelta(days=8), HOUR),
    (timedelta(days=45), timedelta(hours=6)),
    (LONGEST, DAY),
)
"""(up to which length, the step): at most 200 points, but for days. Steps of less than an hour are read from
raw results, so those stretches are short."""


@dataclass(frozen=True, slots=True)
class Frame:
    """``[start, end)`` in points of ``step``. ``window`` is its name, None where it has none."""

    start: datetime
    end: datetime
    step: timedelta
    window: str | None = None


def frame_window(window: str, now: datetime, *, hours_from: datetime) -> Frame:
    """The fixed window that ends ``now``. ``KeyError``: there is no such window."""
    start = start_of(WINDOWS[window], now, hours_from=hours_from)
    return Frame(start, now, STEPS[window], window)


def frame_between(
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    interval: timedelta,
    raw_from: datetime,
    hours_from: datetime,
) -> Frame:
    """Any stretch, ``end`` at most ``now``. Where roll-ups are read it becomes whole hours, or whole days.

    Points are no shorter than ``interval``, the time between two checks. Before ``raw_from`` there are hours
    at best, before ``hours_from`` days.
    """
    length = end - start
    wanted = max(next(step for longest, step in _LADDER if length <= longest), interval)
    step = next((step for _, step in _LADDER if step >= wanted), DAY)
    if start < hours_from:
        return Frame(floor_day(start), min(ceil_day(end), now), DAY)
    if step < HOUR and start >= raw_from:
        return Frame(start, end, step)
    return Frame(floor_hour(start), min(ceil_hour(end), now), max(step, HOUR))
