"""How is uptime computed? By time: each result holds until the next one, for ``Monitor.holds_s`` at most.

Time that no result covers is no data, neither up nor down; so is what we could not measure. Maintenance is
counted apart. A monitor watched from several regions was up for as long as they saw it up on average.

One statement does it from raw results, for any monitors and periods: what is rolled up, and what is read raw.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from operator import add, attrgetter
from typing import Any

from django.db import connection

from analytics.models import Period, Progress
from analytics.windows import Range, Sources, Span, find_sources, share_ranges
from core.instants import from_ms, to_ms
from monitors.models import Monitor

Sql = tuple[str, list[Any]]

MONITORS_AT_ONCE = 500
"""In one statement. They are named one by one, for MariaDB and MySQL read a monitor's whole history when
they may choose (measured: 4.6 s against 0.06); from 1,000 on MariaDB makes a table of the list, and does
so again."""
_REACHES_S = (60, 300, 900, 3_600, 6 * 3_600, 86_400, 7 * 86_400, 31 * 86_400)
MAX_REACH_S = 30 * 366 * 86_400
"""How far before a period its first result may lie: in classes, so that a statement has few branches; and no
farther than any schedule that we take waits."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of a period, in milliseconds and in checks. Sums, so that periods add up."""

    up_ms: int = 0
    degraded_ms: int = 0
    down_ms: int = 0
    maintenance_ms: int = 0
    checks_up: int = 0
    checks_degraded: int = 0
    checks_down: int = 0
    checks_unknown: int = 0
    checks_maintenance: int = 0

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(*map(add, _all_of(self), _all_of(other)))

    @property
    def measured_ms(self) -> int:
        return self.up_ms + self.degraded_ms + self.down_ms

    @property
    def uptime_ratio(self) -> float | None:
        """0 to 1 (degraded is up), None where nothing was measured. Rounded down: 1 says never down."""
        if not self.measured_ms:
            return None
        return (self.up_ms + self.degraded_ms) * 1_000_000 // self.measured_ms / 1_000_000

    def coverage_ratio(self, life_ms: int) -> float | None:
        """The share of ``life_ms``, less maintenance, that was measured; None where there was no such
        time."""
        due_ms = life_ms - self.maintenance_ms
        return min(1_000_000, self.measured_ms * 1_000_000 // due_ms) / 1_000_000 if due_ms > 0 else None


SUMS = tuple(field.name for field in fields(Measured))
TIMES = tuple(name for name in SUMS if name.endswith("_ms"))
_all_of = attrgetter(*SUMS)


def life_ms(monitor: Monitor, start: datetime, end: datetime) -> int:
    """For how long of ``[start, end)`` there was the monitor, in ms."""
    return max(0, (end - max(start, monitor.created_at)) // timedelta(milliseconds=1))


def read_rolled_until() -> datetime | None:
    """Until when readers may take rollups; None before the first was made."""
    return Progress.objects.filter(pk=Progress.UPTIME).values_list("rolled_until", flat=True).first()


def measure(
    monitors: Iterable[Monitor], starts: Mapping[str, datetime], *, now: datetime
) -> dict[int, dict[str, Measured]]:
    """Each monitor's figures in each window ``[start, now)``, by its key and the window's name.

    Three queries for every ``MONITORS_AT_ONCE`` monitors, whatever the windows.
    """
    holds = {monitor.pk: monitor.holds_s for monitor in monitors}
    found = {pk: dict.fromkeys(starts, Measured()) for pk in holds}
    if not holds or not starts:
        return found
    rolled_until = read_rolled_until()
    sources = {name: find_sources(start, now, rolled_until) for name, start in starts.items()}
    for some in in_chunks(holds):
        _add_rolled(found, some, sources)
        _add_raw(found, some, sources)
    return found


def in_chunks(holds: Mapping[int, int]) -> Iterable[dict[int, int]]:
    items = sorted(holds.items())
    for first in range(0, len(items), MONITORS_AT_ONCE):
        yield dict(items[first : first + MONITORS_AT_ONCE])


def _add_rolled(
    found: dict[int, dict[str, Measured]], ids: Collection[int], sources: Mapping[str, Sources]
) -> None:
    """Add the rollups of each window. Windows share pieces, each of which is one range of the key and is read
    once.

    OR between the windows' ranges would make SQLite read all rollups that a monitor has: measured for 200
    monitors with 90 days, 371 ms against 41.
    """
    pieces = share_ranges({name: source.rolled for name, source in sources.items()})
    if not pieces:
        return
    sums = ", ".join(f"SUM({name})" for name in SUMS)
    statement = " UNION ALL ".join(
        f"SELECT monitor_id, {number}, {sums} FROM analytics_rollup"
        f" WHERE monitor_id IN ({in_list(ids)}) AND {within(piece)} GROUP BY monitor_id"
        for number, (piece, _) in enumerate(pieces)
    )
    for monitor_id, number, *figures in run(statement, []):
        part = Measured(*map(int, figures))
        for name in pieces[number][1]:
            found[monitor_id][name] += part


def run_rolled(
    table: str, columns: Sequence[str], ids: Iterable[int], ranges: Iterable[Range]
) -> list[tuple[Any, ...]]:
    """``columns`` of the monitors' rollups in the ranges; a branch for each, which the key serves."""
    statement = " UNION ALL ".join(
        f"SELECT {', '.join(columns)} FROM {table} WHERE monitor_id IN ({in_list(ids)}) AND {within(part)}"
        for part in ranges
    )
    return run(statement, []) if statement else []


def within(part: Range) -> str:
    period, start, end = part
    return f"period_h = {period:d} AND start_at >= {to_ms(start)} AND start_at < {to_ms(end)}"


def _add_raw(
    found: dict[int, dict[str, Measured]], holds: Mapping[int, int], sources: Mapping[str, Sources]
) -> None:
    spans = sorted({source.raw for source in sources.values() if source.raw})
    if not spans:
        return
    measured = {(monitor_id, start): figures for monitor_id, start, figures in read_raw(holds, spans)}
    for monitor_id in holds:
        for name, source in sources.items():
            if source.raw:
                found[monitor_id][name] += measured.get((monitor_id, source.raw[0]), Measured())


def read_raw(holds: Mapping[int, int], spans: Sequence[Span]) -> Iterable[tuple[int, datetime, Measured]]:
    """(monitor, start of span, figures) of raw results, for each that has any. Spans differ in their
    start."""
    starts = {to_ms(start): start for start, _ in spans}
    statement, values = time_sql(holds, spans)
    for monitor_id, start_ms, _, *figures in run(statement, values):
        yield monitor_id, starts[start_ms], Measured(*map(int, figures))


def read_uptime_parts(
    monitor: Monitor, rolled: Iterable[Range], raw: Sequence[Span]
) -> Iterator[tuple[datetime, Measured]]:
    """(begin, figures) of each rollup of one monitor in the ranges, then of each raw span; two queries."""
    for start_ms, *figures in run_rolled("analytics_rollup", ("start_at", *SUMS), [monitor.pk], rolled):
        yield from_ms(start_ms), Measured(*figures)
    if raw:
        for _, start, measured in read_raw({monitor.pk: monitor.holds_s}, raw):
            yield start, measured


def time_sql(holds: Mapping[int, int], spans: Sequence[Span], *, rolling: bool = False) -> Sql:
    """A SELECT of monitor, start of the span in ms, ``holds_s`` and ``SUMS``, by monitor and span.

    ``holds`` tells how many seconds before the spans a result may still hold, by monitor. When ``rolling`` an
    hour again, results hold as long as when it was first rolled: an interval edited since changes nothing.
    """
    clock = (
        "(CASE WHEN f.until < p.end_at THEN f.until ELSE p.end_at END)"
        " - (CASE WHEN f.at > p.start_at THEN f.at ELSE p.start_at END)"
    )
    known = "f.in_maintenance = 0 AND f.status"
    times = [
        f"SUM(CASE WHEN {known} = '{state}' THEN {clock} ELSE 0 END)" for state in ("up", "degraded", "down")
    ]
    times.append(f"SUM(CASE WHEN f.in_maintenance = 1 THEN {clock} ELSE 0 END)")
    begun = "f.at >= p.start_at"
    checks = [
        f"SUM(CASE WHEN {begun} AND {known} = '{status}' THEN 1 ELSE 0 END)"
        for status in ("up", "degraded", "down", "unknown")
    ]
    checks.append(f"SUM(CASE WHEN {begun} AND f.in_maintenance = 1 THEN 1 ELSE 0 END)")
    sums = ", ".join(f"{sql} AS {name}" for sql, name in zip([*times, *checks], SUMS, strict=True))
    shared = ", ".join(
        f"({name} - {name} %% regions) / regions AS {name}" if name.endswith("_ms") else name for name in SUMS
    )
    found, values = _found_sql(holds, spans, rolling=rolling)
    periods, period_values = periods_sql(spans)
    return (
        f"""
        SELECT monitor_id, start_at, holds_s, {shared} FROM (
            SELECT f.monitor_id, p.start_at, MAX(f.holds_s) AS holds_s,
                   COUNT(DISTINCT f.region) AS regions, {sums}
            FROM ({found}) f JOIN ({periods}) p ON f.at < p.end_at AND f.until > p.start_at
            GROUP BY f.monitor_id, p.start_at
        ) t""",
        [*values, *period_values],
    )


def _found_sql(holds: Mapping[int, int], spans: Sequence[Span], *, rolling: bool) -> Sql:
    """Raw results, each with the instant ``until`` it holds; also those that hold into the first span.

    ``+ 0`` keeps MariaDB from asking for one monitor after another (LATERAL DERIVED), each time reading its
    whole history: measured for 500 monitors with 4 days of results, 300 ms against 44.
    """
    start, end = min(spans)[0], max(end for _, end in spans)
    branches, values = [], list[Any]()
    for reach_s, ids in _by_reach(holds).items():
        branches.append(
            "SELECT monitor_id, region, scheduled_at, status, in_maintenance FROM monitors_result"
            f" WHERE monitor_id IN ({in_list(ids)}) AND scheduled_at >= %s AND scheduled_at < %s"
        )
        values += [to_ms(start - timedelta(seconds=reach_s)), to_ms(end)]
    held, held_values = _holds_sql(holds, start if rolling else None)
    return (
        f"""
        SELECT r.monitor_id, r.region, r.status, r.in_maintenance, r.at, h.holds_s,
               CASE WHEN r.next_at - r.at > h.holds_s * 1000
                    THEN r.at + h.holds_s * 1000 ELSE r.next_at END AS until
        FROM (
            SELECT monitor_id, region, status, in_maintenance, scheduled_at AS at,
                   COALESCE(LEAD(scheduled_at) OVER (
                       PARTITION BY monitor_id, region ORDER BY scheduled_at), %s) AS next_at
            FROM ({" UNION ALL ".join(branches)}) some
        ) r JOIN ({held}) h ON h.id = r.monitor_id + 0""",
        [to_ms(end), *values, *held_values],
    )


def _holds_sql(ids: Iterable[int], rolled_at: datetime | None) -> Sql:
    """A join, not a subquery: SQLite would ask that once for every use of ``holds_s``, 18 times a result."""
    if rolled_at is None:
        return f"SELECT m.id, m.holds_s FROM monitors_monitor m WHERE m.id IN ({in_list(ids)})", []
    return (
        "SELECT m.id, COALESCE(o.holds_s, m.holds_s) AS holds_s FROM monitors_monitor m"
        " LEFT JOIN analytics_rollup o ON o.monitor_id = m.id"
        f" AND o.period_h = {Period.HOUR:d} AND o.start_at = %s"
        f" WHERE m.id IN ({in_list(ids)})",
        [to_ms(rolled_at)],
    )


def _by_reach(holds: Mapping[int, int]) -> dict[int, list[int]]:
    classes: dict[int, list[int]] = {}
    for monitor_id, holds_s in holds.items():
        reach_s = next((reach for reach in _REACHES_S if reach >= holds_s), min(holds_s, MAX_REACH_S))
        classes.setdefault(reach_s, []).append(monitor_id)
    return classes


def periods_sql(spans: Sequence[Span]) -> Sql:
    rows = ["SELECT %s AS start_at, %s AS end_at", *["SELECT %s, %s"] * (len(spans) - 1)]
    return " UNION ALL ".join(rows), [to_ms(at) for span in spans for at in span]


def in_list(ids: Iterable[int]) -> str:
    """For ``IN``: whole numbers, written out, for the planner looks at them."""
    return ", ".join(str(int(number)) for number in ids)


def run(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
