"""How long do checks take? Percentiles of each phase, from stored histograms and raw results together.

Results that are down, unknown or in maintenance are left out.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics import dialect
from analytics.histogram import CODES_A_PHASE, PHASES, Histogram, medians, parse, percentiles
from analytics.uptime import Sql, in_list, periods_sql, run, run_rolled
from analytics.windows import Range, Span
from core.instants import from_ms, to_ms

PERCENTILES = (50, 95, 99)
TABLE = "analytics_latencyrollup"
COLUMNS = ("count", "sum_ms", "min_ms", "max_ms", "histogram")


@dataclass(slots=True)
class Latency:
    """What was found of a period. ``count`` to ``max_ms`` are of the total; sums, so that periods add up."""

    count: int = 0
    sum_ms: int = 0
    min_ms: int | None = None
    max_ms: int | None = None
    histogram: Histogram = field(default_factory=Counter)

    def add(self, count: int, sum_ms: int, min_ms: int, max_ms: int, histogram: str) -> None:
        """Take in another period, as it is stored. Of raw results MySQL and MariaDB count in ``Decimal``."""
        self.histogram.update(parse(histogram))
        if count:
            self._count(int(count), int(sum_ms), int(min_ms), int(max_ms))

    def merge(self, other: "Latency") -> None:
        """Take in another period."""
        self.histogram.update(other.histogram)
        if other.count:
            self._count(other.count, other.sum_ms, other.min_ms or 0, other.max_ms or 0)

    def _count(self, count: int, sum_ms: int, min_ms: int, max_ms: int) -> None:
        self.count, self.sum_ms = self.count + count, self.sum_ms + sum_ms
        self.min_ms = min_ms if self.min_ms is None else min(self.min_ms, min_ms)
        self.max_ms = max_ms if self.max_ms is None else max(self.max_ms, max_ms)

    def tell(self) -> dict[str, int | None]:
        """Of the total, in ms: smallest, mean, percentiles (never outside of those seen), largest."""
        names = ("min", "avg", "p50", "p95", "p99", "max")
        if self.min_ms is None or self.max_ms is None:
            return dict.fromkeys(names)
        found = percentiles(self.histogram, 0, PERCENTILES)
        within = [min(max(ms or 0, self.min_ms), self.max_ms) for ms in found]
        return dict(
            zip(names, [self.min_ms, round(self.sum_ms / self.count), *within, self.max_ms], strict=True)
        )

    def tell_phases(self) -> dict[str, dict[str, int | None]]:
        """The percentiles of each phase before the total, in ms."""
        names = [f"p{percentile}" for percentile in PERCENTILES]
        return {
            name: dict(zip(names, percentiles(self.histogram, phase, PERCENTILES), strict=True))
            for phase, name in enumerate(PHASES)
            if phase
        }

    def tell_medians(self) -> dict[str, int | None]:
        """The median of each phase before the total, in ms."""
        return dict(zip(PHASES[1:], medians(self.histogram)[1:], strict=True))


def read_latency_parts(
    monitor_id: int, rolled: Iterable[Range], raw: Sequence[Span]
) -> Iterator[tuple[datetime, Sequence[Any]]]:
    """Yields (start, values of ``COLUMNS``) for each rollup of the monitor in ``rolled``, then for each span
    of ``raw``. Two queries."""
    for start_ms, *figures in run_rolled(TABLE, ("start_at", *COLUMNS), [monitor_id], rolled):
        yield from_ms(start_ms), figures
    if raw:
        statement, values = latency_sql([monitor_id], raw)
        for _, start_ms, *figures in run(statement, values):
            yield from_ms(start_ms), figures


def latency_sql(ids: Collection[int], spans: Sequence[Span]) -> Sql:
    """A SELECT of monitor, start of the span in ms and ``COLUMNS``, from raw results."""
    start, end = min(spans)[0], max(end for _, end in spans)
    periods, period_values = periods_sql(spans)
    phases = " UNION ALL ".join(f"SELECT {phase} AS phase" for phase in range(len(PHASES)))
    column = " ".join(f"WHEN {phase} THEN r.{name}_ms" for phase, name in enumerate(PHASES))
    return (
        f"""
        SELECT monitor_id, start_at, {totals_sql()} FROM (
            SELECT monitor_id, start_at, {dialect.CODE} AS code, COUNT(*) AS n,
                   SUM(ms) AS total, MIN(ms) AS low, MAX(ms) AS high
            FROM (
                SELECT r.monitor_id, p.start_at, h.phase, CASE h.phase {column} END AS ms
                FROM monitors_result r
                JOIN ({periods}) p ON r.scheduled_at >= p.start_at AND r.scheduled_at < p.end_at
                CROSS JOIN ({phases}) h
                WHERE r.monitor_id IN ({in_list(ids)}) AND r.scheduled_at >= %s AND r.scheduled_at < %s
                  AND r.status IN ('up', 'degraded') AND r.in_maintenance = 0
            ) timed
            WHERE ms IS NOT NULL GROUP BY monitor_id, start_at, code
        ) counted
        GROUP BY monitor_id, start_at ORDER BY monitor_id, start_at""",
        [*period_values, to_ms(start), to_ms(end)],
    )


def totals_sql() -> str:
    """``COLUMNS`` out of rows of ``code``, ``n`` and the ``total``, ``low`` and ``high`` of its results."""
    of_total = f"WHEN code < {CODES_A_PHASE} THEN"
    return (
        f"SUM(CASE {of_total} n ELSE 0 END) AS count, SUM(CASE {of_total} total ELSE 0 END) AS sum_ms,"
        f" COALESCE(MIN(CASE {of_total} low END), 0) AS min_ms,"
        f" COALESCE(MAX(CASE {of_total} high END), 0) AS max_ms, {dialect.spell_sql('pairs')} AS histogram"
    )
