"""What a report says of each monitor: its time by local day, incidents and latency, out of rollups.

A line's ``figures``, whole numbers or null throughout::

    {"days": {"up_ms": [a number a day], … the other COLUMNS}, "total": {"up_ms": …, the other COLUMNS},
     "mttr_s": …, "mtbf_s": …, "latency_ms": {"p50": …, "p95": …, "p99": …}}

A day's ``incidents`` are those that began in it; the total's are those that overlap the month.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from analytics import uptime
from analytics.calendar import day_span, day_start, month_days, next_month
from analytics.latency import COLUMNS as LATENCY_COLUMNS
from analytics.latency import TABLE, Latency, latency_sql
from analytics.models import Period, SlaLine
from analytics.outages import Outage, read_outages, summarise
from analytics.uptime import Measured, in_list, life_ms, run, run_rolled, within
from analytics.windows import Span, ceil_day, floor_day
from core.instants import from_ms, to_ms
from core.isolation import read_rows
from monitors.models import Monitor
from monitors.slots import interval_s_of

TIMES = ("up_ms", "degraded_ms", "down_ms", "maintenance_ms")
COLUMNS = (*TIMES, "life_ms", "incidents")
MONITORS_AT_ONCE = 100
RAW_AT_MOST = timedelta(days=2)
"""Of what is not rolled up yet; more would be read while rolling up catches up after a long pause only."""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of ``zone``, by its first day."""

    first: date
    zone: ZoneInfo

    def __str__(self) -> str:
        return self.first.isoformat()[:7]

    @property
    def start(self) -> datetime:
        return day_start(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return day_start(next_month(self.first), self.zone)

    def days(self, until: datetime) -> dict[date, Span]:
        """Each day that has begun before ``until``, which is where the last one ends."""
        spans = {on: day_span(on, self.zone) for on in month_days(self.first)}
        return {on: (since, min(end, until)) for on, (since, end) in spans.items() if since < until}


@dataclass(frozen=True, slots=True)
class ReportSources:
    """Where a month is read: each day's hours that are rolled up, and what must be read raw."""

    hours: tuple[Span, ...]
    latency: tuple[tuple[Period, datetime, datetime], ...]
    raw: tuple[Span, ...]


def read_sla_lines(monitors: QuerySet[Monitor], month: Month, *, now: datetime) -> Iterator[SlaLine]:
    """An unsaved line for each of ``monitors`` that existed in the month, with figures up to ``now``, in
    order of the monitors' keys. The month must have begun. A constant number of queries for every
    ``MONITORS_AT_ONCE`` monitors."""
    until = min(month.end, now)
    days = month.days(until)
    sources = _choose_sources(list(days.values()), uptime.read_rolled_until())
    alive = monitors.filter(created_at__lt=until).order_by("pk").prefetch_related("tags")
    last = 0
    while chunk := read_rows("tell report", alive.filter(pk__gt=last), MONITORS_AT_ONCE):
        last = chunk[-1].pk
        yield from _read_chunk(chunk, list(days.values()), sources)


def _choose_sources(days: Sequence[Span], rolled_until: datetime | None) -> ReportSources:
    """Time by the hours, for only those know local days; latency by days of UTC where whole ones lie within,
    for their histograms are merged already."""
    start, until = days[0][0], days[-1][1]
    rolled = max(start, min(until, rolled_until)) if rolled_until is not None else start
    first, last = ceil_day(start), floor_day(rolled)
    latency = (
        [(Period.HOUR, start, first), (Period.DAY, first, last), (Period.HOUR, last, rolled)]
        if first < last
        else [(Period.HOUR, start, rolled)]
    )
    return ReportSources(
        hours=_cut(days, start, rolled),
        latency=tuple(part for part in latency if part[1] < part[2]),
        raw=_cut(days, max(rolled, until - RAW_AT_MOST), until),
    )


def _cut(days: Sequence[Span], start: datetime, end: datetime) -> tuple[Span, ...]:
    """What of each day lies in ``[start, end)``."""
    parts = ((max(since, start), min(until, end)) for since, until in days)
    return tuple(part for part in parts if part[0] < part[1])


def _read_chunk(
    monitors: Sequence[Monitor], days: Sequence[Span], sources: ReportSources
) -> Iterator[SlaLine]:
    holds = {monitor.pk: monitor.holds_s for monitor in monitors}
    measured = _read_days(holds, days, sources)
    latencies = _read_latency(holds, sources)
    outages = defaultdict(list)
    for outage in read_outages(holds, days[0][0], days[-1][1]):
        outages[outage.monitor_id].append(outage)
    for monitor in monitors:
        yield SlaLine(
            monitor_id=monitor.pk,
            name=monitor.name,
            kind=monitor.kind,
            interval_s=interval_s_of(monitor.kind, monitor.interval_s, monitor.config),
            tags=sorted(tag.name for tag in monitor.tags.all()),
            figures=_tell(monitor, days, measured[monitor.pk], outages[monitor.pk], latencies[monitor.pk]),
        )


def _read_days(
    holds: Mapping[int, int], days: Sequence[Span], sources: ReportSources
) -> dict[int, list[Measured]]:
    """What was found of each monitor, a figure a day."""
    numbers = {since: number for number, (since, _) in enumerate(days)}
    found = {pk: [Measured()] * len(days) for pk in holds}
    for monitor_id, since, measured in _read_hours(holds, sources.hours):
        found[monitor_id][numbers[since]] += measured
    if sources.raw:
        for monitor_id, at, measured in uptime.read_raw(holds, sources.raw):
            number = max(number for since, number in numbers.items() if since <= at)
            found[monitor_id][number] += measured
    return found


def _read_hours(ids: Collection[int], spans: Sequence[Span]) -> Iterator[tuple[int, datetime, Measured]]:
    """(monitor, start of span, figures) of the rollups that begin in each span. One statement, a branch a
    day: each is a range of the primary key."""
    if not spans:
        return
    sums = ", ".join(f"SUM({name})" for name in TIMES)
    statement = " UNION ALL ".join(
        f"SELECT monitor_id, {to_ms(since)} AS since, {sums} FROM analytics_rollup"
        f" WHERE monitor_id IN ({in_list(ids)}) AND {within((Period.HOUR, since, until))}"
        " GROUP BY monitor_id"
        for since, until in spans
    )
    for monitor_id, since_ms, *figures in run(statement, []):
        yield monitor_id, from_ms(since_ms), Measured(*map(int, figures))


def _read_latency(ids: Collection[int], sources: ReportSources) -> dict[int, Latency]:
    found = {pk: Latency() for pk in ids}
    for monitor_id, *figures in run_rolled(TABLE, ("monitor_id", *LATENCY_COLUMNS), ids, sources.latency):
        found[monitor_id].add(*figures)
    if sources.raw:
        for monitor_id, _, *figures in run(*latency_sql(ids, sources.raw)):
            found[monitor_id].add(*figures)
    return found


def _tell(
    monitor: Monitor,
    days: Sequence[Span],
    measured: Sequence[Measured],
    outages: Sequence[Outage],
    latency: Latency,
) -> Figures:
    columns = {name: [getattr(day, name) for day in measured] for name in TIMES}
    columns["life_ms"] = [life_ms(monitor, since, until) for since, until in days]
    columns["incidents"] = [sum(since <= o.started_at < until for o in outages) for since, until in days]
    total = sum(measured, Measured())
    summary = summarise(outages, total, days[0][0])
    told = latency.tell()
    return {
        "days": columns,
        "total": {name: sum(column) for name, column in columns.items()} | {"incidents": len(outages)},
        "mttr_s": summary["mttr_s"],
        "mtbf_s": summary["mtbf_s"],
        "latency_ms": {name: told[name] for name in ("p50", "p95", "p99")},
    }
