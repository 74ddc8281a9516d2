"""All monitors of some teams at a glance: a light row each, in a number of queries that does not depend on
how many there are, but on how many have new results.

A row is made only where what it is made of is not as it was: a thousand rows that are the same as a moment
ago cost little more than their queries.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from struct import Struct
from typing import Any, NamedTuple

from analytics.overview_facts import (
    ROWS_REMEMBERED,
    Columns,
    Found,
    Tags,
    read_columns,
    read_figures,
    read_found,
    read_schedules,
    read_slos,
    read_tags,
)
from core.formats import spell_rfc3339
from core.instants import from_ms, to_ms
from core.isolation import do_each
from incidents.maintenance import Running, read_running
from incidents.models import Incident
from incidents.selectors import by_monitor, list_open_incidents
from monitors.status import Belief, MonitorStatus, explain_state, find_since
from monitors.transitions import State, decide_state
from probes.result import Status


class RowSettings(NamedTuple):
    """What of a row changes when somebody edits it, or once an hour. As JSON takes it."""

    team: int
    name: str
    kind: str
    target: str
    tags: tuple[str, ...]
    interval_s: int
    slo: Mapping[str, Any] | None
    uptime_24h: float | None
    uptime_30d: float | None


class RowState(NamedTuple):
    """What of a row changes with its checks. As JSON takes it; instants are to the second."""

    status: str
    since: str | None
    reason: str
    incident: Mapping[str, Any] | None
    enabled: bool
    maintenance: Mapping[str, Any] | None
    response_ms: int | None


class Row(NamedTuple):
    """What is shown of a monitor. ``mark`` is 24 bytes that tell it from all that it ever was: its id, and a
    digest of each part."""

    id: int
    settings: RowSettings
    state: RowState
    mark: bytes


MARK = Struct("!q8s8s")


@dataclass(frozen=True, slots=True)
class Overview:
    """The ``rows``, ordered by id, and how many incidents are open."""

    rows: Sequence[Row]
    open_incidents: int

    def count_by_status(self) -> dict[str, int]:
        found = Counter(row.state.status for row in self.rows)
        return {status: found[status] for status in MonitorStatus.values}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is read of all monitors, by monitor."""

    found: Mapping[int, Sequence[Found]]
    tags: Mapping[int, Tags]
    schedules: Mapping[int, str]
    incidents: Mapping[int, Incident]
    running: Mapping[int, Running]
    figures: Mapping[int, tuple[float | None, ...]]
    slos: Mapping[tuple[str, int], tuple[float, int]]

    def pick(self, columns: Columns) -> "_Picked":
        pk = columns[0]
        tags, incident = self.tags.get(pk, ()), self.incidents.get(pk)
        slo = _strictest(self.slos, pk, tags) if self.slos else None
        opened = incident and (incident.pk, incident.acknowledged_at is not None, incident.started_at)
        return (
            (columns, tags, self.schedules.get(pk), self.figures.get(pk), slo),
            (pk, columns[5], self.found.get(pk, ()), opened, self.running.get(pk)),
        )


_Picked = tuple[tuple[Any, ...], tuple[Any, ...]]
"""What is read of one monitor: all that the two parts of its row are made of."""
_remembered: dict[int, tuple[_Picked, Row]] = {}
"""By monitor, what its row was last made of. Most rows are the same as a moment ago."""


def read_overview(team_ids: Collection[int], *, now: datetime) -> Overview:
    """Every monitor of the teams, as it is ``now``."""
    stored = read_columns(team_ids)
    incidents = list_open_incidents(team_ids)
    facts = _Facts(
        read_found(team_ids, now=now),
        read_tags(team_ids),
        read_schedules(team_ids),
        by_monitor(incidents),
        read_running(team_ids, now=now),
        read_figures(stored),
        read_slos(team_ids),
    )
    picked = list(map(facts.pick, stored))
    rows = do_each("show in a list", picked, _make_row, name=lambda one: ("monitor", one[1][0]))
    return Overview(rows, len(incidents))


def _make_row(picked: _Picked) -> Row:
    """Raises whatever what is stored of the monitor makes it raise: it cannot be shown."""
    pk = picked[1][0]
    before, row = _remembered.get(pk, (None, None))
    if row is not None and before == picked:
        return row
    if row is not None and before is not None and before[0] == picked[0]:
        settings, seal = row.settings, MARK.unpack(row.mark)[1]
    else:
        settings = _make_settings(*picked[0])
        seal = _digest(settings)
    state = _make_state(*picked[1])
    row = Row(pk, settings, state, MARK.pack(pk, seal, _digest(state)))
    if len(_remembered) >= ROWS_REMEMBERED:
        _remembered.clear()
    _remembered[pk] = picked, row
    return row


def _digest(part: tuple[Any, ...]) -> bytes:
    return blake2b(json.dumps(part).encode(), digest_size=8).digest()


def _make_settings(
    columns: Columns,
    tags: Tags,
    schedule: str | None,
    figures: tuple[float | None, ...] | None,
    slo: tuple[float, int] | None,
) -> RowSettings:
    _, team_id, name, kind, url, _, interval_s = columns
    day, month = figures or (None, None)
    return RowSettings(
        team=team_id,
        name=name,
        kind=kind,
        target=url if schedule is None else schedule,
        tags=tuple(sorted(tag for _, tag in tags)),
        interval_s=interval_s,
        slo={"target": slo[0], "window_days": slo[1]} if slo else None,
        uptime_24h=day,
        uptime_30d=month,
    )


def _make_state(
    _: int,
    enabled: bool,
    found: Sequence[Found],
    incident: tuple[int, bool, datetime] | None,
    running: Running | None,
) -> RowState:
    regions = [_Region.of(one) for one in found]
    state = decide_state([one.belief.health for one in regions])
    status, since_ms, reason = state.value, find_since(state, [one.belief for one in regions]), ""
    if not enabled:
        status, since_ms = "paused", None
    elif running:
        status, since_ms, reason = "maintenance", to_ms(running.start), running.title
    else:
        reason = explain_state(state, [(one.belief, one.status, one.error) for one in regions])
        if state is State.DOWN and incident:
            since_ms = to_ms(incident[2])
    newest = max(regions, key=lambda one: (one.checked_at_ms or 0, one.name), default=None)
    return RowState(
        status=status,
        since=None if since_ms is None else spell_second(from_ms(since_ms)),
        reason=reason,
        incident={"id": incident[0], "acknowledged": incident[1]} if incident else None,
        enabled=bool(enabled),
        maintenance=(
            {"id": running.window_id, "title": running.title, "until": spell_second(running.end)}
            if running
            else None
        ),
        response_ms=newest.total_ms if newest and newest.status in (Status.UP, Status.DEGRADED) else None,
    )


def spell_second(at: datetime) -> str:
    """To the second: shorter, and packed better."""
    return spell_rfc3339(at, timespec="seconds")


class _Region(NamedTuple):
    """What one region believes of a monitor, and its newest result."""

    name: str
    belief: Belief
    status: str | None
    checked_at_ms: int | None
    total_ms: int | None
    error: str | None

    @classmethod
    def of(cls, found: Found) -> "_Region":
        (_, name, *belief, _), (_, status, checked_at_ms, total_ms, error) = found
        return cls(name, Belief(*belief), status, checked_at_ms, total_ms, error)


def _strictest(
    slos: Mapping[tuple[str, int], tuple[float, int]], pk: int, tags: Tags
) -> tuple[float, int] | None:
    named = [("monitor", pk), *(("tag", tag_id) for tag_id, _ in tags)]
    return max((slos[name] for name in named if name in slos), default=None)
