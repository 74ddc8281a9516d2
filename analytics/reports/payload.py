"""A report's lines as what the API answers, and as rows of a table. Pure.

The figures of a tag or team are sums over its monitors' lines: every millisecond of every monitor counts the
same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from analytics.models import SlaLine, SlaReport
from analytics.reports.figures import COLUMNS, TIMES, Month
from analytics.uptime import Measured
from core import structs

SUBJECTS = ("team", "tag", "monitor")
TABLE = ["month", "version", "subject", "monitor", "name", "kind", "interval_s", "on", "uptime", "coverage"]
TABLE += ["downtime_s", "maintenance_s", "incidents", "p50_ms", "p95_ms", "p99_ms"]


class _Percentiles(msgspec.Struct, forbid_unknown_fields=True):
    p50: int | None
    p95: int | None
    p99: int | None


class _StoredFigures(msgspec.Struct):
    """What ``SlaLine.figures`` must be to be shown; see ``figures.py``."""

    days: dict[str, list[int]]
    total: dict[str, int]
    mttr_s: int | None
    mtbf_s: int | None
    latency_ms: _Percentiles


@dataclass(frozen=True, slots=True)
class Report:
    """A month of a team, or of some of its monitors. ``frozen`` is None while figures may still change."""

    team_id: int
    month: Month
    days: Sequence[date]
    subject: str
    name: str
    lines: Sequence[SlaLine]
    frozen: SlaReport | None = None


def check_line(line: SlaLine, days: Sequence[date]) -> SlaLine:
    """The line. Raises whatever telling it would, for a stored one whose figures or tags are not such."""
    structs.convert(line.figures, _StoredFigures)
    structs.convert(line.tags, list[str])
    tell_line(line, days)
    add_up([line], len(days))
    return line


def tell_report(report: Report) -> dict[str, Any]:
    """The report in JSON."""
    frozen = report.frozen
    days, total = add_up(report.lines, len(report.days))
    return {
        "team": report.team_id,
        "month": str(report.month),
        "timezone": report.month.zone.key,
        "frozen": frozen is not None,
        "version": frozen.version if frozen else None,
        "supersedes": frozen.supersedes.version if frozen and frozen.supersedes else None,
        "reason": frozen.reason if frozen else "",
        "frozen_at": frozen.frozen_at if frozen else None,
        "digest": frozen.digest if frozen else None,
        "subject": {"kind": report.subject, "name": report.name},
        **tell_figures(total),
        "days": tell_days(report.days, days),
        "monitors": [tell_line(line, report.days) for line in report.lines],
    }


def tell_line(line: SlaLine, days: Sequence[date]) -> dict[str, Any]:
    figures = line.figures
    return {
        "monitor": line.monitor_id,
        "name": line.name,
        "kind": line.kind,
        "interval_s": line.interval_s,
        "tags": line.tags,
        **tell_figures(figures["total"]),
        **{name: figures[name] for name in ("mttr_s", "mtbf_s", "latency_ms")},
        "days": tell_days(days, figures["days"]),
    }


def tell_days(days: Sequence[date], columns: Mapping[str, Sequence[int]]) -> list[dict[str, Any]]:
    found = zip(*(columns[name] for name in COLUMNS), strict=True)
    return [
        {"on": on, **tell_figures(dict(zip(COLUMNS, figures, strict=True)))}
        for on, figures in zip(days, found, strict=True)
    ]


def tell_figures(sums: Mapping[str, int]) -> dict[str, Any]:
    """Of sums by ``COLUMNS``: fractions are rounded down, null where nothing was measured or due."""
    measured = Measured(**{name: sums[name] for name in TIMES})
    return {
        "uptime": measured.uptime_ratio,
        "coverage": measured.coverage_ratio(sums["life_ms"]),
        "downtime_s": measured.down_ms // 1000,
        "maintenance_s": measured.maintenance_ms // 1000,
        "incidents": sums["incidents"],
    }


def add_up(lines: Iterable[SlaLine], days: int) -> tuple[dict[str, list[int]], dict[str, int]]:
    """The lines' sums by day, and of the month."""
    columns = {name: [0] * days for name in COLUMNS}
    total = dict.fromkeys(COLUMNS, 0)
    for line in lines:
        for name, column in columns.items():
            columns[name] = [a + b for a, b in zip(column, line.figures["days"][name], strict=True)]
            total[name] += line.figures["total"][name]
    return columns, total


def list_rows(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A told report as rows by ``TABLE``: of a tag or team first the whole, then each monitor's month and its
    days."""
    head = dict.fromkeys(TABLE) | {"month": told["month"], "version": told["version"] or "provisional"}
    subject = told["subject"]
    if subject["kind"] != "monitor":
        yield head | {"subject": subject["kind"], "name": subject["name"]} | _cells(told)
    for line in told["monitors"]:
        same = {name: line[name] for name in ("monitor", "name", "kind", "interval_s")}
        latency = {f"{name}_ms": ms for name, ms in line["latency_ms"].items()}
        yield head | {"subject": "monitor"} | same | _cells(line) | latency
        for day in line["days"]:
            yield head | {"subject": "monitor", "on": day["on"].isoformat()} | same | _cells(day)


def _cells(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: figures[name] for name in ("uptime", "coverage", "downtime_s", "maintenance_s", "incidents")
    }
