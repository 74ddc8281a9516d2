"""Bars and curves of many monitors at once, for a list: a letter a day, and a digit or letter an hour.

They are made of roll-ups alone, so they change once an hour. Two days, and the hours, are then made anew; the
days before are kept for a day, for only results that come later than that could change them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from string import ascii_lowercase, digits

from accounts.models import Team
from analytics.calendar import date_of, day_span
from analytics.daily import read_day_sums
from analytics.latency import TABLE
from analytics.models import Period
from analytics.pieces import read_pieces
from analytics.reports.freezing import zone_of
from analytics.uptime import Measured, read_rolled_until, run_rolled
from analytics.windows import HOUR, floor_hour
from core.instants import to_ms
from monitors.models import Monitor
from probes.registry import HEARTBEAT

MAX_DAYS, MAX_HOURS = 90, 48
MADE_FOR_S = 0.15
"""How long one request may make each of the two parts of graphs."""
RECENT_DAYS = 2
NOTABLE = 0.01
"""The share of a day from which on it is bad: less than that of downtime is a scratch."""
NOTHING = "-"
HEIGHTS = digits + ascii_lowercase


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
    def shape(self) -> str:
        return f"{self.team_id}-{len(self.dates)}-{len(self.hours)}"

    @property
    def name(self) -> str:
        until = to_ms(self.until) if self.until else 0
        return f"{self.shape}-{self.timezone}-{self.dates[-1]}-{until}"


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


@dataclass(frozen=True, slots=True)
class Graph:
    """``days``: a letter each. ``hours``: the mean response of each in 35ths of the greatest, 0 to 9, then a
    to z."""

    id: int
    days: str
    hours: str


@dataclass(frozen=True, slots=True)
class Graphs:
    """``complete``: of all monitors of the team. Otherwise there was no time for some, but will be: those are
    as they were an hour ago, or missing."""

    rows: Sequence[Graph]
    complete: bool


def read_graphs(team: Team, frame: GraphFrame) -> Graphs:
    """A row for each of the team's monitors. What is not kept is made within ``MADE_FOR_S``, in three queries
    for every ``pieces.PIECE`` monitors."""
    kinds = dict(Monitor.objects.filter(team=team).order_by("pk").values_list("pk", "kind"))
    until = frame.until
    if until is None:
        return Graphs([], complete=True)
    zone, ids = zone_of(team), list(kinds)
    settled = [on for on in frame.dates[:-RECENT_DAYS] if day_span(on, zone)[1] <= until]
    recent = frame.dates[len(settled) :]

    def grade(ids: Collection[int], dates: Sequence[date]) -> dict[int, str]:
        return _grade_days(read_day_sums(ids, dates, rolled_until=until, zone=zone), ids, dates)

    def draw(ids: Collection[int]) -> dict[int, tuple[str, str]]:
        hours = _draw_hours([pk for pk in ids if kinds[pk] != HEARTBEAT], frame)
        days = grade(ids, recent)
        return {pk: (days[pk], hours.get(pk, NOTHING * len(frame.hours))) for pk in ids}

    before = read_pieces(
        f"graph-days:{frame.shape}",
        f"{frame.timezone}-{settled[-1] if settled else 0}",
        ids,
        lambda some: grade(some, settled),
        for_s=MADE_FOR_S,
        renew_for_s=MADE_FOR_S,
    )
    now = read_pieces(
        f"graphs:{frame.shape}", frame.name, ids, draw, for_s=MADE_FOR_S, renew_for_s=MADE_FOR_S
    )
    drawn = [pk for pk in ids if pk in before.found and pk in now.found]
    rows = [Graph(pk, before.found[pk] + now.found[pk][0], now.found[pk][1]) for pk in drawn]
    fitting = [row for row in rows if len(row.days) == len(frame.dates)]
    return Graphs(fitting, complete=before.complete and now.complete)


def _grade_days(
    sums: Iterable[tuple[int, date, Measured]], ids: Collection[int], dates: Sequence[date]
) -> dict[int, str]:
    place = {on: number for number, on in enumerate(dates)}
    letters = {pk: [str(DayLetter.NO_DATA)] * len(dates) for pk in ids}
    for monitor_id, on, measured in sums:
        letters[monitor_id][place[on]] = choose_day_letter(measured)
    return {pk: "".join(some) for pk, some in letters.items()}


def _draw_hours(ids: Collection[int], frame: GraphFrame) -> dict[int, str]:
    """Of each monitor that was timed."""
    if not ids or not frame.hours or frame.until is None:
        return {}
    first_ms, columns = to_ms(frame.hours[0]), ("monitor_id", "start_at", "count", "sum_ms")
    counted: dict[int, list[tuple[int, int]]] = {}
    for pk, start_ms, count, sum_ms in run_rolled(
        TABLE, columns, ids, [(Period.HOUR, frame.hours[0], frame.until)]
    ):
        hours = counted.setdefault(pk, [(0, 0)] * len(frame.hours))
        place = (start_ms - first_ms) // _HOUR_MS
        hours[place] = (hours[place][0] + int(count), hours[place][1] + int(sum_ms))
    return {pk: _draw_line([ms / n if n else None for n, ms in hours]) for pk, hours in counted.items()}


_HOUR_MS = HOUR // timedelta(milliseconds=1)


def _draw_line(means: Sequence[float | None]) -> str:
    """As fine as a curve of this size can show, in a character each."""
    greatest = max((mean for mean in means if mean), default=1.0)
    return "".join(
        NOTHING if mean is None else HEIGHTS[round(mean / greatest * (len(HEIGHTS) - 1))] for mean in means
    )


def choose_day_letter(found: Measured) -> DayLetter:
    if not found.measured_ms:
        return DayLetter.MAINTENANCE if found.maintenance_ms else DayLetter.NO_DATA
    if found.down_ms > found.measured_ms * NOTABLE:
        return DayLetter.DOWN
    if found.down_ms or found.degraded_ms > found.measured_ms * NOTABLE:
        return DayLetter.DEGRADED
    return DayLetter.UP
