"""All monitors of some teams at a glance: a light row each, in a number of queries that does not depend on
how many there are.

Columns are read as they are stored, since a thousand instants made for nothing cost more than the queries.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import connection

from analytics.models import Slo
from analytics.uptime import in_list, measure, read_rolled_until, run
from core.instants import to_ms
from core.isolation import do_each, read_rows
from incidents.maintenance import Running, read_running
from incidents.models import Incident
from incidents.selectors import by_monitor, list_open_incidents
from monitors.models import Monitor, RegionState, Result
from monitors.selectors import SHOWN
from monitors.status import Belief, explain, find_since
from monitors.transitions import State, verdict
from probes.heartbeat_schedule import say_schedule
from probes.result import Status

WINDOWS = {"24h": timedelta(hours=24), "30d": timedelta(days=30), "90d": timedelta(days=90)}
CLOCK_TOLERANCE = timedelta(minutes=1)
FIGURES_KEPT_S = 2 * 3_600
ROWS_REMEMBERED = 10_000
"""In a process."""


class Row(NamedTuple):
    """What is shown of a monitor. Plain values, in the order of the columns; instants in ms."""

    id: int
    team: int
    name: str
    kind: str
    target: str
    status: str
    since_ms: int | None
    reason: str
    incident: tuple[int, bool] | None
    """Id, and whether somebody acknowledged it."""
    enabled: bool
    maintenance: tuple[int, str, int] | None
    """Id, title and end of the window that runs."""
    tags: tuple[str, ...]
    interval_s: int
    response_ms: int | None
    checked_at_ms: int | None
    uptime: tuple[float | None, ...]
    slo: tuple[float, int] | None
    """Target, and days of its window."""

    @property
    def digest(self) -> bytes:
        """Eight bytes that tell this row from others of the monitor. ``TypeError``: it cannot be shown."""
        return blake2b(json.dumps(self).encode(), digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class Overview:
    """The ``rows`` by id and their ``digests``, and how many incidents are open."""

    rows: Mapping[int, Row]
    digests: Mapping[int, bytes]
    open_incidents: int

    def count_by_status(self) -> dict[str, int]:
        found = Counter(row.status for row in self.rows.values())
        return {status: found[status] for status in SHOWN}


class _Found(NamedTuple):
    """What one region believes of a monitor, and its newest result."""

    region: str
    belief: Belief
    status: str | None
    checked_at_ms: int | None
    total_ms: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is read of all monitors, by monitor."""

    found: Mapping[int, tuple[_Found, ...]]
    tags: Mapping[int, tuple[tuple[int, str], ...]]
    schedules: Mapping[int, str]
    incidents: Mapping[int, Incident]
    running: Mapping[int, Running]
    figures: Mapping[int, tuple[float | None, ...]]
    slos: Mapping[tuple[str, int], tuple[float, int]]

    def pick(self, columns: tuple[Any, ...]) -> "_Picked":
        pk = columns[0]
        tags, incident = self.tags.get(pk, ()), self.incidents.get(pk)
        return _Picked(
            columns,
            self.found.get(pk, ()),
            tags,
            self.schedules.get(pk),
            _Open.of(incident) if incident else None,
            self.running.get(pk),
            self.figures.get(pk),
            _strictest(self.slos, pk, tags),
        )


class _Open(NamedTuple):
    """The open incident."""

    id: int
    acknowledged: bool
    started_ms: int

    @classmethod
    def of(cls, incident: Incident) -> "_Open":
        return cls(incident.pk, incident.acknowledged_at is not None, to_ms(incident.started_at))


class _Picked(NamedTuple):
    """What is read of one monitor: all that its row is made of."""

    columns: tuple[Any, ...]
    found: tuple[_Found, ...]
    tags: tuple[tuple[int, str], ...]
    schedule: str | None
    incident: _Open | None
    running: Running | None
    figures: tuple[float | None, ...] | None
    slo: tuple[float, int] | None


def read_overview(team_ids: Collection[int], *, now: datetime) -> Overview:
    """Every monitor of the teams, as it is ``now``."""
    mine = Monitor.objects.filter(team_id__in=team_ids).order_by("pk")
    stored = list(mine.values_list("pk", "team_id", "name", "kind", "url", "enabled", "interval_s"))
    incidents = list_open_incidents(team_ids)
    facts = _Facts(
        _read_found(team_ids, now=now),
        _read_tags(team_ids),
        _read_schedules(team_ids),
        by_monitor(incidents),
        read_running(team_ids, now=now),
        _read_figures(team_ids),
        _read_slos(team_ids),
    )
    made: list[tuple[Row, bytes]] = do_each(
        "show in a list",
        stored,
        lambda columns: _make_row(facts.pick(columns)),
        name=lambda columns: ("monitor", columns[0]),
    )
    return Overview(
        {row.id: row for row, _ in made}, {row.id: digest for row, digest in made}, len(incidents)
    )


@lru_cache(maxsize=ROWS_REMEMBERED)
def _make_row(picked: _Picked) -> tuple[Row, bytes]:
    """The row and its digest. Remembered, for most rows are the same as a moment ago."""
    pk, team_id, name, kind, url, enabled, interval_s = picked.columns
    found, incident, running = picked.found, picked.incident, picked.running
    state = verdict([one.belief.health for one in found])
    status, since_ms, reason = state.value, find_since(state, [one.belief for one in found]), ""
    if not enabled:
        status, since_ms = "paused", None
    elif running:
        status, since_ms, reason = "maintenance", to_ms(running.start), running.title
    else:
        reason = explain(state, [(one.belief, one.status, one.error) for one in found])
        if state is State.DOWN and incident:
            since_ms = incident.started_ms
    newest = max(found, key=lambda one: (one.checked_at_ms or 0, one.region), default=None)
    timed = newest and newest.status in (Status.UP, Status.DEGRADED)
    row = Row(
        id=pk,
        team=team_id,
        name=name,
        kind=kind,
        target=url if picked.schedule is None else picked.schedule,
        status=status,
        since_ms=since_ms,
        reason=reason,
        incident=(incident.id, incident.acknowledged) if incident else None,
        enabled=enabled,
        maintenance=(running.window_id, running.title, to_ms(running.end)) if running else None,
        tags=tuple(sorted(tag for _, tag in picked.tags)),
        interval_s=interval_s,
        response_ms=newest.total_ms if newest and timed else None,
        checked_at_ms=newest.checked_at_ms if newest else None,
        uptime=picked.figures or (None,) * len(WINDOWS),
        slo=picked.slo,
    )
    return row, row.digest


def _strictest(
    slos: Mapping[tuple[str, int], tuple[float, int]], pk: int, tags: Iterable[tuple[int, str]]
) -> tuple[float, int] | None:
    if not slos:
        return None
    named = [("monitor", pk), *(("tag", tag_id) for tag_id, _ in tags)]
    return max((slos[name] for name in named if name in slos), default=None)


# Reading, a statement or two each


def _read_found(team_ids: Collection[int], *, now: datetime) -> dict[int, tuple[_Found, ...]]:
    """By monitor, what its regions believe, with the newest result of each: in one statement, which looks up
    the end of each region's results in their key."""
    state, result = _columns_of(RegionState), _columns_of(Result)
    beliefs = (
        "monitor_id",
        "region",
        "state",
        "changed_at",
        "counted_from",
        "no_data_since",
        "no_data_reason",
    )
    found = ("status", "checked_at", "total_ms", "error")
    statement = f"""
        SELECT {", ".join(f"s.{name}" for name in beliefs)}, {", ".join(result(name) for name in found)}
        FROM (
            SELECT {", ".join(state(name) for name in beliefs)}, (
                SELECT x.scheduled_at FROM monitors_result x
                WHERE x.monitor_id = {state("monitor_id")} AND x.region = {state("region")}
                  AND x.scheduled_at <= %s
                ORDER BY x.monitor_id DESC, x.scheduled_at DESC LIMIT 1
            ) AS newest_at
            FROM monitors_regionstate JOIN monitors_monitor m ON m.id = {state("monitor_id")}
            WHERE m.team_id IN ({in_list(team_ids)})
        ) s
        LEFT JOIN monitors_result ON {result("monitor_id")} = s.monitor_id
            AND {result("scheduled_at")} = s.newest_at AND {result("region")} = s.region"""
    by_monitor: dict[int, list[_Found]] = defaultdict(list)
    rows = run(statement, [to_ms(now + CLOCK_TOLERANCE)]) if team_ids else []
    for monitor_id, region, believed, changed, counted, lost, why, status, checked, total, error in rows:
        belief = Belief(believed, changed, counted, lost, why)
        by_monitor[monitor_id].append(_Found(region, belief, status, checked, total, error))
    return {pk: tuple(some) for pk, some in by_monitor.items()}


def _columns_of(model: Any) -> Any:
    quote = connection.ops.quote_name
    return lambda name: f"{quote(model._meta.db_table)}.{quote(name)}"


def _read_tags(team_ids: Collection[int]) -> dict[int, tuple[tuple[int, str], ...]]:
    worn = Monitor.tags.through.objects.filter(monitor__team_id__in=team_ids)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for monitor_id, tag_id, name in worn.values_list("monitor_id", "tag_id", "tag__name"):
        found[monitor_id].append((tag_id, name))
    return {pk: tuple(some) for pk, some in found.items()}


def _read_schedules(team_ids: Collection[int]) -> dict[int, str]:
    """Of each heartbeat, when it is called: what it watches is no address."""
    waiting = Monitor.objects.filter(team_id__in=team_ids, kind="heartbeat").only("config").order_by("pk")
    rows = read_rows("show in a list", waiting)
    return {monitor.pk: say_schedule(monitor.config) for monitor in rows}


def _read_slos(team_ids: Collection[int]) -> dict[tuple[str, int], tuple[float, int]]:
    """(target, days) of the strictest promise, by what it is of."""
    found: dict[tuple[str, int], tuple[float, int]] = {}
    for slo in read_rows("show in a list", Slo.objects.filter(team_id__in=team_ids).order_by("pk")):
        of = ("monitor", slo.monitor_id) if slo.monitor_id else ("tag", slo.tag_id or 0)
        found[of] = max(found.get(of, (0.0, 0)), (float(Decimal(slo.target_ratio)), slo.window_days))
    return found


def _read_figures(team_ids: Collection[int]) -> dict[int, tuple[float | None, ...]]:
    """Uptime in ``WINDOWS`` up to where rolling up has come, of each monitor that has any. Kept until it
    comes farther, so that an hour costs each team once."""
    until = read_rolled_until()
    if until is None:
        return {}
    found: dict[int, tuple[float | None, ...]] = {}
    for team_id in team_ids:
        key = f"overview-figures:{team_id}:{to_ms(until)}"
        kept = cache.get(key)
        if kept is None:
            kept = _measure(team_id, until)
            cache.set(key, kept, FIGURES_KEPT_S)
        found |= kept
    return found


def _measure(team_id: int, until: datetime) -> dict[int, tuple[float | None, ...]]:
    monitors = Monitor.objects.filter(team_id=team_id).only("holds_s").order_by("pk")
    starts = {name: until - length for name, length in WINDOWS.items()}
    measured = measure(read_rows("show in a list", monitors), starts, now=until)
    return {
        pk: tuple(_floor(windows[name].uptime_ratio) for name in WINDOWS) for pk, windows in measured.items()
    }


def _floor(ratio: float | None) -> float | None:
    """To hundredths of a percent, so that 1 says never down. The ratio comes in millionths."""
    return None if ratio is None else round(ratio * 1_000_000) // 100 / 10_000
