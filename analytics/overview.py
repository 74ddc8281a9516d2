"""All monitors of some teams at a glance: a light row each, in a number of queries that does not depend on
how many there are.

Columns are read as they are stored, since a thousand instants made for nothing cost more than the queries.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
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

    found: Mapping[int, Sequence[_Found]]
    tags: Mapping[int, Sequence[tuple[int, str]]]
    schedules: Mapping[int, str]
    incidents: Mapping[int, Incident]
    running: Mapping[int, Running]
    figures: Mapping[int, tuple[float | None, ...]]
    slos: Mapping[tuple[str, int], tuple[float, int]]


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
        lambda columns: (row := _make_row(columns, facts), row.digest),
        name=lambda columns: ("monitor", columns[0]),
    )
    return Overview(
        {row.id: row for row, _ in made}, {row.id: digest for row, digest in made}, len(incidents)
    )


def _make_row(columns: tuple[Any, ...], facts: _Facts) -> Row:
    pk, team_id, name, kind, url, enabled, interval_s = columns
    found = facts.found.get(pk, ())
    incident, running = facts.incidents.get(pk), facts.running.get(pk)
    state = verdict([one.belief.health for one in found])
    tags = sorted(facts.tags.get(pk, ()), key=lambda tag: tag[1])
    status, since_ms, reason = state.value, find_since(state, [one.belief for one in found]), ""
    if not enabled:
        status, since_ms = "paused", None
    elif running:
        status, since_ms, reason = "maintenance", to_ms(running.start), running.title
    else:
        reason = explain(state, [(one.belief, one.status, one.error) for one in found])
        if state is State.DOWN and incident:
            since_ms = to_ms(incident.started_at)
    newest = max(found, key=lambda one: (one.checked_at_ms or 0, one.region), default=None)
    timed = newest and newest.status in (Status.UP, Status.DEGRADED)
    return Row(
        id=pk,
        team=team_id,
        name=name,
        kind=kind,
        target=facts.schedules.get(pk, url),
        status=status,
        since_ms=since_ms,
        reason=reason,
        incident=(incident.pk, incident.acknowledged_at is not None) if incident else None,
        enabled=enabled,
        maintenance=(running.window_id, running.title, to_ms(running.end)) if running else None,
        tags=tuple(name for _, name in tags),
        interval_s=interval_s,
        response_ms=newest.total_ms if newest and timed else None,
        checked_at_ms=newest.checked_at_ms if newest else None,
        uptime=facts.figures.get(pk, (None,) * len(WINDOWS)),
        slo=_strictest(facts.slos, pk, tags),
    )


def _strictest(
    slos: Mapping[tuple[str, int], tuple[float, int]], pk: int, tags: Iterable[tuple[int, str]]
) -> tuple[float, int] | None:
    if not slos:
        return None
    named = [("monitor", pk), *(("tag", tag_id) for tag_id, _ in tags)]
    return max((slos[name] for name in named if name in slos), default=None)


# Reading, a statement or two each


def _read_found(team_ids: Collection[int], *, now: datetime) -> dict[int, list[_Found]]:
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
    return by_monitor


def _columns_of(model: Any) -> Any:
    quote = connection.ops.quote_name
    return lambda name: f"{quote(model._meta.db_table)}.{quote(name)}"


def _read_tags(team_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    worn = Monitor.tags.through.objects.filter(monitor__team_id__in=team_ids)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for monitor_id, tag_id, name in worn.values_list("monitor_id", "tag_id", "tag__name"):
        found[monitor_id].append((tag_id, name))
    return found


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
