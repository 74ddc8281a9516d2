"""A page's whole data, as a tree of values: what every form of it is rendered from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from statuspages.models import StatusPage

UPTIME_DAYS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Day:
    """One bar."""

    on: date
    uptime: float | None
    down_s: int
    maintenance_s: int
    grade: str


@dataclass(frozen=True, slots=True)
class Line:
    """One component. ``uptime_shown`` is that of ``days`` together. ``pace``: the mean response of each of
    the last 24 hours in ms, None where there was none."""

    pk: int
    name: str
    description: str
    state: str
    days: Sequence[Day]
    uptime_shown: float | None
    uptime: Mapping[int, float | None]
    pace: Sequence[int | None]
    pace_ms: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading; without a name they stand for themselves."""

    name: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Entry:
    """One public post."""

    pk: int
    at: datetime
    status: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Story:
    """An incident as the page tells it, the newest entry first."""

    pk: int
    title: str
    status: str
    severity: str
    started_at: datetime
    resolved_at: datetime | None
    names: Sequence[str]
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Work:
    """One occurrence of planned maintenance."""

    title: str
    starts_at: datetime
    ends_at: datetime
    running: bool
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Board:
    """``page`` is its configuration; nothing of it is asked of the database any more. ``rest`` are stories
    that the HTML leaves out, for the page stays small; status.json has them."""

    page: StatusPage
    zone: ZoneInfo
    generated_at: datetime
    state: str
    groups: Sequence[Group]
    open: Sequence[Story]
    past: Sequence[Story]
    rest: Sequence[Story]
    works: Sequence[Work]
    logo: str
    """The file's name, empty without one."""

    @property
    def lines(self) -> list[Line]:
        return [line for group in self.groups for line in group.lines]

    @property
    def stories(self) -> list[Story]:
        return [*self.open, *self.past]

    @property
    def more_open(self) -> int:
        return len(self.rest) - self.more_past

    @property
    def more_past(self) -> int:
        return sum(story.status == "resolved" for story in self.rest)

    def mean_uptime(self, days: int) -> float | None:
        """Of the components that have any, each counting the same; rounded down."""
        found = [ratio for line in self.lines if (ratio := line.uptime[days]) is not None]
        return int(sum(found) / len(found) * 1_000_000) / 1_000_000 if found else None

    def mean_pace_ms(self) -> int | None:
        found = [line.pace_ms for line in self.lines if line.pace_ms is not None]
        return round(sum(found) / len(found)) if found else None
