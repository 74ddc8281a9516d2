"""All data of a page, as a tree of values. Every file of the page is rendered from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from incidents.models import IncidentStatus
from statuspages.models import StatusPage

UPTIME_DAYS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day of a component. ``uptime``: 0 to 1, None when nothing was measured. ``grade``: see
    ``grade_day``."""

    on: date
    uptime: float | None
    down_s: int
    maintenance_s: int
    grade: str


@dataclass(frozen=True, slots=True)
class ShownComponent:
    """A component with its figures. ``state``: a word of ``component_status.ORDER``. ``days``: the oldest
    first.

    ``uptime_shown``: the uptime of all ``days`` together; ``uptime``: by number of days (``UPTIME_DAYS``);
    ratios from 0 to 1, None without data. ``hourly_ms``: the mean response in ms for each of the last 24
    hours, None where nothing was measured. ``response_ms``: the mean of these 24 hours.
    """

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
    """Components under one heading. An empty ``name`` means no heading."""

    name: str
    components: Sequence[ShownComponent]


@dataclass(frozen=True, slots=True)
class ShownPost:
    """One public post. ``text`` is Markdown, ``html`` the same as safe HTML."""

    pk: int
    at: datetime
    status: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class ShownIncident:
    """An incident as the page shows it. ``posts``: the newest first. ``names``: those of its components."""

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
    """All that the files of a page show; rendering makes no further query, except for the logo's bytes.

    ``open`` and ``past``: the incidents that are shown. ``rest``: incidents that the HTML leaves out, so that
    it stays small; status.json holds them.
    """

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
    """The logo's file name; empty when the page has no logo."""

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
        return sum(incident.status == IncidentStatus.RESOLVED for incident in self.rest)

    def mean_uptime(self, days: int) -> float | None:
        """The mean uptime of the components, 0 to 1, rounded down to six digits. Each component with data
        counts the same; None when no component has data. ``days``: one of ``UPTIME_DAYS``."""
        found = [ratio for each in self.components if (ratio := each.uptime[days]) is not None]
        return int(sum(found) / len(found) * 1_000_000) / 1_000_000 if found else None

    def mean_response_ms(self) -> int | None:
        found = [each.response_ms for each in self.components if each.response_ms is not None]
        return round(sum(found) / len(found)) if found else None
