"""All monitors of some teams at a glance: a light row each, in a number of queries that does not depend on
how many there are.

Columns are read as they are stored, and a row is made only where any of them is not as it was: a thousand
rows that are the same as a moment ago cost little more than their queries.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Any, NamedTuple

from django.db import connection

from analytics.models import Slo
from analytics.pieces import read_pieces
from analytics.uptime import in_list, measure, read_rolled_until, run
from core.formats import spell_rfc3339
from core.instants import from_ms, to_ms
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

WINDOWS = {"24h": timedelta(hours=24), "30d": timedelta(days=30)}
CLOCK_TOLERANCE = timedelta(minutes=1)
FIGURES_FOR_S, FIGURES_RENEWED_FOR_S = 0.25, 0.03
"""How long one request may measure uptime: where there is none yet, and where that of an hour ago will do."""
ROWS_REMEMBERED = 10_000
"""In a process."""


class Settings(NamedTuple):
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


class Standing(NamedTuple):
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
    settings: Settings
    standing: Standing
    mark: bytes


MARK = Struct("!q8s8s")


@dataclass(frozen=True, slots=True)
class Overview:
    """The ``rows``, ordered by id, and how many incidents are open."""

    rows: Sequence[Row]
    open_incidents: int

    def count_by_status(self) -> dict[str, int]:
        found = Counter(row.standing.status for row in self.rows)
        return {status: found[status] for status in SHOWN}


_Columns = tuple[Any, ...]
_Found = tuple[Any, ...]
"""What a region believes of a monitor, with its newest result, in the order of ``_FOUND``."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is read of all monitors, by monitor."""

    found: Mapping[int, Sequence[_Found]]
    tags: Mapping[int, Sequence[tuple[int, int, str]]]
    schedules: Mapping[int, str]
    incidents: Mapping[int, Incident]
    running: Mapping[int, Running]
    figures: Mapping[int, tuple[float | None, ...]]
    slos: Mapping[tuple[str, int], tuple[float, int]]

    def pick(self, columns: _Columns) -> "_Picked":
        pk = columns[0]
        tags = self.tags.get(pk, ())
        incident = self.incidents.get(pk)
        return (
            columns,
            self.found.get(pk, ()),
            tags,
            self.schedules.get(pk),
            incident and (incident.pk, incident.acknowledged_at is not None, incident.started_at),
            self.running.get(pk),
            self.figures.get(pk),
            _strictest(self.slos, pk, tags) if self.slos else None,
        )


_Picked = tuple[Any, ...]
"""What is read of one monitor: all that its row is made of."""
_remembered: dict[int, tuple[_Picked, Row]] = {}
"""By monitor, what its row was last made of. Most rows are the same as a moment ago."""


def read_overview(team_ids: Collection[int], *, now: datetime) -> Overview:
    """Every monitor of the teams, as it is ``now``."""
    stored = _read_columns(team_ids)
    incidents = list_open_incidents(team_ids)
    facts = _Facts(
        _read_found(team_ids, now=now),
        _read_tags(team_ids),
        _read_schedules(team_ids),
        by_monitor(incidents),
        read_running(team_ids, now=now),
        _read_figures(stored),
        _read_slos(team_ids),
    )
    picked = list(map(facts.pick, stored))
    rows = do_each("show in a list", picked, _make_row, name=lambda one: ("monitor", one[0][0]))
    return Overview(rows, len(incidents))


def _make_row(picked: _Picked) -> Row:
    """Raises whatever what is stored of the monitor makes it raise: it cannot be shown."""
    pk = picked[0][0]
    before = _remembered.get(pk)
    if before is not None and before[0] == picked:
        return before[1]
    settings, standing = _make_settings(picked), _make_standing(picked)
    row = Row(pk, settings, standing, MARK.pack(pk, _digest(settings), _digest(standing)))
    if len(_remembered) >= ROWS_REMEMBERED:
        _remembered.clear()
    _remembered[pk] = picked, row
    return row


def _digest(part: tuple[Any, ...]) -> bytes:
    return blake2b(json.dumps(part).encode(), digest_size=8).digest()


def _make_settings(picked: _Picked) -> Settings:
    columns, _, tags, schedule, _, _, figures, slo = picked
    _, team_id, name, kind, url, _, interval_s = columns
    day, month = figures or (None, None)
    return Settings(
        team=team_id,
        name=name,
        kind=kind,
        target=url if schedule is None else schedule,
        tags=tuple(sorted(tag for _, _, tag in tags)),
        interval_s=interval_s,
        slo={"target": slo[0], "window_days": slo[1]} if slo else None,
        uptime_24h=day,
        uptime_30d=month,
    )


def _make_standing(picked: _Picked) -> Standing:
    columns, found, _, _, incident, running, _, _ = picked
    enabled = bool(columns[5])
    regions = [_Region.of(one) for one in found]
    state = verdict([one.belief.health for one in regions])
    status, since_ms, reason = state.value, find_since(state, [one.belief for one in regions]), ""
    if not enabled:
        status, since_ms = "paused", None
    elif running:
        status, since_ms, reason = "maintenance", to_ms(running.start), running.title
    else:
        reason = explain(state, [(one.belief, one.status, one.error) for one in regions])
        if state is State.DOWN and incident:
            since_ms = to_ms(incident[2])
    newest = max(regions, key=lambda one: (one.checked_at_ms or 0, one.name), default=None)
    return Standing(
        status=status,
        since=None if since_ms is None else spell_second(from_ms(since_ms)),
        reason=reason,
        incident={"id": incident[0], "acknowledged": incident[1]} if incident else None,
        enabled=enabled,
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
    def of(cls, found: _Found) -> "_Region":
        _, name, *belief, status, checked_at_ms, total_ms, error = found
        return cls(name, Belief(*belief), status, checked_at_ms, total_ms, error)


def _strictest(
    slos: Mapping[tuple[str, int], tuple[float, int]], pk: int, tags: Iterable[tuple[int, int, str]]
) -> tuple[float, int] | None:
    named = [("monitor", pk), *(("tag", tag_id) for _, tag_id, _ in tags)]
    return max((slos[name] for name in named if name in slos), default=None)


# Reading, a statement or two each, without Django's models where there is a row for each monitor: making
# them takes longer than the database does


def _read_columns(team_ids: Collection[int]) -> list[_Columns]:
    if not team_ids:
        return []
    return run(
        "SELECT id, team_id, name, kind, url, enabled, interval_s FROM monitors_monitor"
        f" WHERE team_id IN ({in_list(team_ids)}) ORDER BY id",
        [],
    )


def _read_found(team_ids: Collection[int], *, now: datetime) -> Mapping[int, Sequence[_Found]]:
    """By monitor, what its regions believe, with the newest result of each: in one statement, which looks up
    the end of each region's results in their key."""
    state, result = _columns_of(RegionState), _columns_of(Result)
    beliefs = ("monitor_id", "region", *_BELIEF)
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
    return _group(run(statement, [to_ms(now + CLOCK_TOLERANCE)]) if team_ids else [])


_BELIEF = ("state", "changed_at", "counted_from", "no_data_since", "no_data_reason")
"""As ``Belief`` takes them."""


def _group(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[Any]]:
    """By their first column."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _columns_of(model: Any) -> Any:
    quote = connection.ops.quote_name
    return lambda name: f"{quote(model._meta.db_table)}.{quote(name)}"


def _read_tags(team_ids: Collection[int]) -> Mapping[int, Sequence[tuple[int, int, str]]]:
    """(monitor, tag, its name) of each monitor's tags."""
    if not team_ids:
        return {}
    return _group(
        run(
            "SELECT w.monitor_id, w.tag_id, t.name FROM monitors_tag t"
            " JOIN monitors_monitor_tags w ON w.tag_id = t.id"
            f" WHERE t.team_id IN ({in_list(team_ids)})",
            [],
        )
    )


def _read_schedules(team_ids: Collection[int]) -> dict[int, str]:
    """Of each heartbeat, when it is called: what it watches is no address."""
    if not team_ids:
        return {}
    stored = run(
        "SELECT id, config FROM monitors_monitor"
        f" WHERE kind = 'heartbeat' AND team_id IN ({in_list(team_ids)})",
        [],
    )
    said = do_each(
        "show in a list",
        stored,
        lambda row: (row[0], _say_stored(row[1])),
        name=lambda row: ("monitor", row[0]),
    )
    return dict(said)


@lru_cache(maxsize=ROWS_REMEMBERED)
def _say_stored(config: Any) -> str:
    return say_schedule(Monitor._meta.get_field("config").from_db_value(config, None, connection))


def _read_slos(team_ids: Collection[int]) -> dict[tuple[str, int], tuple[float, int]]:
    """(target, days) of the strictest promise, by what it is of."""
    found: dict[tuple[str, int], tuple[float, int]] = {}
    for slo in read_rows("show in a list", Slo.objects.filter(team_id__in=team_ids).order_by("pk")):
        of = ("monitor", slo.monitor_id) if slo.monitor_id else ("tag", slo.tag_id or 0)
        found[of] = max(found.get(of, (0.0, 0)), (float(Decimal(slo.target_ratio)), slo.window_days))
    return found


def _read_figures(stored: Iterable[_Columns]) -> dict[int, tuple[float | None, ...]]:
    """Uptime in ``WINDOWS`` up to where rolling up has come, of each monitor that has any. When that comes
    farther, requests measure piece by piece, and tell of the hour before meanwhile."""
    until = read_rolled_until()
    if until is None:
        return {}
    ids: dict[int, list[int]] = defaultdict(list)
    for columns in stored:
        ids[columns[1]].append(columns[0])
    found: dict[int, tuple[float | None, ...]] = {}
    for team_id, some in ids.items():
        found |= read_pieces(
            f"overview-figures:{team_id}",
            str(to_ms(until)),
            some,
            lambda due: _measure(due, until),
            for_s=FIGURES_FOR_S,
            renew_for_s=FIGURES_RENEWED_FOR_S,
        ).found
    return found


def _measure(ids: Collection[int], until: datetime) -> dict[int, tuple[float | None, ...]]:
    monitors = Monitor.objects.filter(pk__in=ids).only("holds_s").order_by("pk")
    starts = {name: until - length for name, length in WINDOWS.items()}
    measured = measure(read_rows("show in a list", monitors), starts, now=until)
    return {
        pk: tuple(_floor(windows[name].uptime_ratio) for name in WINDOWS) for pk, windows in measured.items()
    }


def _floor(ratio: float | None) -> float | None:
    """To hundredths of a percent, so that 1 says never down. The ratio comes in millionths."""
    return None if ratio is None else round(ratio * 1_000_000) // 100 / 10_000
