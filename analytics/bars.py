"""The last 90 days as bars, and the window's days by hour as a heat map: in local time, out of the same
hours."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics import outages, uptime
from analytics.calendar import date_of, day_span, day_start, parts_of
from analytics.models import Period
from analytics.uptime import Measured, life_ms
from analytics.windows import Span, floor_hour
from monitors.models import Monitor

BARS, MAP_DAYS = 90, 30
RAW_AT_MOST = timedelta(days=2)
"""Of what is not rolled up yet; more would be read while rolling up catches up after a long pause only."""


def read_bars(
    monitor: Monitor, start: datetime, *, now: datetime, rolled_until: datetime | None, zone: ZoneInfo
) -> dict[str, Any]:
    """``days``: 90 bars up to today. ``heat_map``: the days of ``[start, now)``, 30 at most, each with its 24
    hours. An hour that autumn repeats is one cell; one that spring skips has no data."""
    today = date_of(now, zone)
    first = today - timedelta(days=BARS - 1)
    by_hour = dict(read_hours(monitor, day_start(first, zone), now, rolled_until, zone))
    incidents = outages.read_outages([monitor.pk], day_start(first, zone), now)
    by_day: dict[date, Measured] = defaultdict(Measured)
    cells: dict[tuple[date, int], Measured] = defaultdict(Measured)
    for at, measured in by_hour.items():
        local = at.astimezone(zone)
        by_day[local.date()] += measured
        cells[local.date(), local.hour] += measured
    mapped_from = max(date_of(start, zone), today - timedelta(days=MAP_DAYS - 1))
    return {
        "days": [
            describe_day(on, by_day[on], monitor, incidents, now=now, zone=zone)
            for on in _dates(first, today)
        ],
        "heat_map": [
            {"on": on, "hours": [cells[on, hour].uptime_ratio for hour in range(24)]}
            for on in _dates(mapped_from, today)
        ],
    }


def read_hours(
    monitor: Monitor, start: datetime, now: datetime, rolled_until: datetime | None, zone: ZoneInfo
) -> Iterator[tuple[datetime, Measured]]:
    """(begin, figures) of each hour of ``[start, now)`` that has any, cut at the midnights of ``zone``."""
    raw_from = (
        max(start, now - RAW_AT_MOST) if rolled_until is None else max(start, rolled_until, now - RAW_AT_MOST)
    )
    rolled = (
        ((Period.HOUR, start, rolled_until),) if rolled_until is not None and start < rolled_until else ()
    )
    spans = list(_cut_hours(raw_from, now, zone)) if raw_from < now else []
    yield from uptime.read_uptime_parts(monitor, rolled, spans)


def _cut_hours(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Span]:
    hour = floor_hour(start)
    while hour < end:
        for since, until in parts_of(hour, zone):
            if max(since, start) < min(until, end):
                yield max(since, start), min(until, end)
        hour = until


def _dates(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def describe_day(
    on: date,
    measured: Measured,
    monitor: Monitor,
    incidents: Iterable[outages.Outage],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> dict[str, Any]:
    since, until = day_span(on, zone)
    return {
        "on": on,
        "uptime": measured.uptime_ratio,
        "coverage": measured.coverage_ratio(life_ms(monitor, since, min(until, now))),
        "downtime_s": measured.down_ms // 1000,
        "maintenance_s": measured.maintenance_ms // 1000,
        "incidents": sum(since <= incident.started_at < until for incident in incidents),
    }
