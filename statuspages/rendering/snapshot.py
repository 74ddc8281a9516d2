"""A page's whole data, as a tree of values: what every form of it is rendered from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from statuspages.models import StatusPage

UPTIME_DAYS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class DayBar:
    """One bar."""

    on: date
    uptime: float | None
    down_s: int
    maintenance_s: int
    grade: str


@dataclass(frozen=True, slots=True)
class ShownComponent:
    """``uptime_shown`` is that of ``days`` together. ``hourly_ms``: the mean response of each of the last 24
    hours in ms, None where there was none. ``response_ms``: that of all of them together."""

    pk: int
    name: str
    description: str
    state: str
    days: Sequence[DayBar]
    uptime_shown: float | None
    uptime: Mapping[int, float | None]
    hourly_ms: Sequence[int | None]
    response_ms: int | None


@dataclass(frozen=True, slots=True)
class ComponentGroup:
    """Components under one heading. Without a name they stand for themselves."""

    name: str
    components: Sequence[ShownComponent]


@dataclass(frozen=True, slots=True)
class ShownPost:
    """One public post."""

    pk: int
    at: datetime
    status: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class ShownIncident:
    """An incident as the page tells it, the newest post first."""

    pk: int
    title: str
    status: str
    severity: str
    started_at: datetime
    resolved_at: datetime | None
    names: Sequence[str]
    posts: Sequence[ShownPost]


@dataclass(frozen=True, slots=True)
class ShownMaintenance:
    """One occurrence of planned maintenance."""

    title: str
    starts_at: datetime
    ends_at: datetime
    running: bool
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``page`` is its configuration; nothing of it is asked of the database any more. ``rest`` are incidents
    that the HTML leaves out, for the page stays small; status.json has them."""

    page: StatusPage
    zone: ZoneInfo
    generated_at: datetime
    state: str
    groups: Sequence[ComponentGroup]
    open: Sequence[ShownIncident]
    past: Sequence[ShownIncident]
    rest: Sequence[ShownIncident]
    maintenance: Sequence[ShownMaintenance]
    logo: str
    """The file's name, empty without one."""

    @property
    def components(self) -> list[ShownComponent]:
        return [component for group in self.groups for component in group.components]

    @property
    def incidents(self) -> list[ShownIncident]:
        return [*self.open, *self.past]

    @property
    def more_open(self) -> int:
        return len(self.rest) - self.more_past

    @property
    def more_past(self) -> int:
        return sum(incident.status == "resolved" for incident in self.rest)

    def mean_uptime(self, days: int) -> float | None:
        """Of the components that have any, each counting the same; rounded down."""
        found = [ratio for each in self.components if (ratio := each.uptime[days]) is not None]
        return int(sum(found) / len(found) * 1_000_000) / 1_000_000 if found else None

    def mean_response_ms(self) -> int | None:
        found = [each.response_ms for each in self.components if each.response_ms is not None]
        return round(sum(found) / len(found)) if found else None
