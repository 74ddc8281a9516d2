"""Bars and curves of many monitors at once, for a list: a letter a day, and the mean response of each hour.

They are made of roll-ups alone, so they change once an hour, and are kept until then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core.cache import cache

from accounts.models import Team
from analytics.calendar import date_of
from analytics.daily import measure_days, read_responses
from analytics.reports.freezing import zone_of
from analytics.uptime import Measured, read_rolled_until
from analytics.windows import HOUR, floor_hour
from core.instants import to_ms
from core.isolation import read_rows
from monitors.models import Monitor

MAX_DAYS, MAX_HOURS = 90, 48
KEPT_S = 2 * 3_600
NOTABLE = 0.01
"""The share of a day from which on it is bad: less than that of downtime is a scratch."""


class DayLetter(StrEnum):
    """What a day was. ``DOWN``: for more than a hundredth of what was measured. ``DEGRADED``: down for less,
    or degraded for more than a hundredth. ``MAINTENANCE``: nothing else."""

    UP = "u"
    DEGRADED = "g"
    DOWN = "d"
    MAINTENANCE = "m"
    NO_DATA = "-"


@dataclass(frozen=True, slots=True)
class GraphFrame:
    """Which days and hours are shown, and until when they are known. ``name`` tells frames apart."""

    team_id: int
    timezone: str
    dates: Sequence[date]
    hours: Sequence[datetime]
    until: datetime | None

    @property
    def name(self) -> str:
        until = to_ms(self.until) if self.until else 0
        return f"{self.team_id}-{self.timezone}-{self.dates[-1]}-{len(self.dates)}-{len(self.hours)}-{until}"


def find_frame(team: Team, *, days: int, hours: int, now: datetime) -> GraphFrame:
    """The last ``days`` of the team's time zone, and the last whole ``hours`` that are rolled up. One
    query."""
    until, zone = read_rolled_until(), zone_of(team)
    today, end = date_of(now, zone), until or floor_hour(now)
    return GraphFrame(
        team.pk,
        zone.key,
        [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)],
        [end - HOUR * ago for ago in range(hours, 0, -1)],
        until,
    )


def read_graphs(team: Team, frame: GraphFrame) -> list[dict[str, Any]]:
    """A row for each of the team's monitors, as the API shows it. Five queries for every
    ``MONITORS_AT_ONCE`` monitors, and one while they are kept."""
    key = f"overview-graphs:{frame.name}"
    kept: list[dict[str, Any]] | None = cache.get(key)
    if kept is None:
        kept = _draw(team, frame)
        cache.set(key, kept, KEPT_S)
    return kept


def _draw(team: Team, frame: GraphFrame) -> list[dict[str, Any]]:
    stored = Monitor.objects.filter(team=team).only("kind", "holds_s").order_by("pk")
    monitors, until = read_rows("show in a list", stored), frame.until
    if until is None:
        return []
    zone = zone_of(team)
    days = measure_days(monitors, frame.dates, now=until, rolled_until=until, zone=zone)
    timed = [monitor.pk for monitor in monitors if monitor.kind != "heartbeat"] if frame.hours else []
    responses = read_responses(timed, frame.hours[0], now=until, rolled_until=until) if timed else {}
    return [_draw_one(pk, by_day, responses.get(pk, {}), frame) for pk, by_day in days.items()]


def _draw_one(
    pk: int,
    by_day: Mapping[date, Measured],
    by_hour: Mapping[datetime, tuple[int, int]],
    frame: GraphFrame,
) -> dict[str, Any]:
    measured = [by_day.get(on, Measured()) for on in frame.dates]
    ratios = [found.uptime_ratio for found in measured]
    counted = [by_hour.get(hour, (0, 0)) for hour in frame.hours]
    return {
        "id": pk,
        "days": "".join(grade_day(found) for found in measured),
        "below": {
            str(place): int(ratio * 10_000) / 10_000
            for place, ratio in enumerate(ratios)
            if ratio is not None and ratio < 1
        },
        "hours": [_round(sum_ms / count) if count else None for count, sum_ms in counted],
    }


def _round(ms: float) -> int:
    """To two digits: a curve of this size shows no more, and packed it is much smaller."""
    return round(float(f"{ms:.1e}"))


def grade_day(found: Measured) -> DayLetter:
    if not found.measured_ms:
        return DayLetter.MAINTENANCE if found.maintenance_ms else DayLetter.NO_DATA
    if found.down_ms > found.measured_ms * NOTABLE:
        return DayLetter.DOWN
    if found.down_ms or found.degraded_ms > found.measured_ms * NOTABLE:
        return DayLetter.DEGRADED
    return DayLetter.UP
