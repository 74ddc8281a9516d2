"""Many monitors' days at once: their time by local day, and how long their checks took by hour.

What `bars.py` says of one monitor, in a constant number of statements for any number up to
``uptime.MONITORS_AT_ONCE`` of them. An hour that a midnight of ``zone`` cuts, where rolling up did not cut it
(`calendar.py`: the team's own midnight is), counts for the day before.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.bars import RAW_AT_MOST
from analytics.calendar import day_span
from analytics.latency import TABLE
from analytics.models import Period
from analytics.uptime import SUMS, TIMES, Measured, in_chunks, in_list, read_raw, run, run_rolled, within
from analytics.windows import HOUR, Range, Span, floor_day, floor_hour
from core.instants import from_ms, to_ms
from monitors.models import Monitor

Days = dict[int, dict[date, Measured]]
Responses = dict[int, dict[datetime, tuple[int, int]]]
"""(count, sum of ms) of the totals, by monitor and hour."""


def measure_days(
    monitors: Iterable[Monitor],
    dates: Sequence[date],
    *,
    now: datetime,
    rolled_until: datetime | None,
    zone: ZoneInfo,
) -> Days:
    """Each monitor's figures on each of ``dates`` that has any. Two statements for every
    ``MONITORS_AT_ONCE`` monitors."""
    holds = {monitor.pk: monitor.holds_s for monitor in monitors}
    found: Days = {pk: {} for pk in holds}
    spans = {on: day_span(on, zone) for on in dates}
    rolled = [(on, _rolled_range(span, rolled_until)) for on, span in spans.items()]
    raw = dict(_raw_spans(spans, now=now, rolled_until=rolled_until))
    for some in in_chunks(holds):
        for monitor_id, on, measured in _read_rolled(some, [(on, part) for on, part in rolled if part]):
            found[monitor_id][on] = found[monitor_id].get(on, Measured()) + measured
        if raw:
            for monitor_id, start, measured in read_raw(some, sorted(raw)):
                on = raw[next(span for span in raw if span[0] == start)]
                found[monitor_id][on] = found[monitor_id].get(on, Measured()) + measured
    return found


def _rolled_range(span: Span, rolled_until: datetime | None) -> Range | None:
    start, end = span
    if rolled_until is None or start >= rolled_until:
        return None
    whole = floor_day(start) == start and floor_day(end) == end and end <= rolled_until
    return (Period.DAY if whole else Period.HOUR, start, min(end, rolled_until))


def _raw_spans(
    spans: Mapping[date, Span], *, now: datetime, rolled_until: datetime | None
) -> Iterable[tuple[Span, date]]:
    """What is not rolled up yet, of the last days only: see ``RAW_AT_MOST``."""
    raw_from = max(rolled_until or now - RAW_AT_MOST, now - RAW_AT_MOST)
    for on, (start, end) in spans.items():
        since, until = max(start, raw_from), min(end, now)
        if since < until:
            yield (since, until), on


def read_day_sums(
    ids: Collection[int], dates: Sequence[date], *, rolled_until: datetime, zone: ZoneInfo
) -> Iterable[tuple[int, date, Measured]]:
    """(monitor, day, its times) of roll-ups alone, without the number of checks; one statement."""
    parts = [(on, _rolled_range(day_span(on, zone), rolled_until)) for on in dates]
    return _read_rolled(ids, [(on, part) for on, part in parts if part], TIMES)


def _read_rolled(
    ids: Collection[int], parts: Sequence[tuple[date, Range]], columns: Sequence[str] = SUMS
) -> Iterable[tuple[int, date, Measured]]:
    """A branch a day, which the key serves; the database adds up the hours."""
    if not parts or not ids:
        return
    sums = ", ".join(f"SUM({name})" for name in columns)
    statement = " UNION ALL ".join(
        f"SELECT monitor_id, {number}, {sums} FROM analytics_rollup"
        f" WHERE monitor_id IN ({in_list(ids)}) AND {within(part)} GROUP BY monitor_id"
        for number, (_, part) in enumerate(parts)
    )
    for monitor_id, number, *figures in run(statement, []):
        yield monitor_id, parts[number][0], Measured(*map(int, figures))


def read_responses(
    monitor_ids: Collection[int], since: datetime, *, now: datetime, rolled_until: datetime | None
) -> Responses:
    """How long checks that were up took, by monitor and hour of ``[since, now)``; ``since`` is a whole hour.

    Two statements for every ``MONITORS_AT_ONCE`` monitors.
    """
    found: Responses = defaultdict(dict)
    for some in in_chunks(dict.fromkeys(monitor_ids, 0)):
        if rolled_until is not None and since < rolled_until:
            ranges = [(Period.HOUR, since, rolled_until)]
            columns = ("monitor_id", "start_at", "count", "sum_ms")
            for monitor_id, start_ms, count, sum_ms in run_rolled(TABLE, columns, some, ranges):
                _count(found, monitor_id, from_ms(start_ms), int(count), int(sum_ms))
        raw_from = max(since, rolled_until or since, now - RAW_AT_MOST)
        for monitor_id, hour, count, sum_ms in run(*_raw_paces_sql(some, raw_from, now)):
            _count(found, monitor_id, from_ms(int(hour) * _HOUR_MS), int(count), int(sum_ms))
    return dict(found)


_HOUR_MS = HOUR // timedelta(milliseconds=1)


def _count(found: Responses, monitor_id: int, at: datetime, count: int, sum_ms: int) -> None:
    hour = floor_hour(at)
    before = found[monitor_id].get(hour, (0, 0))
    found[monitor_id][hour] = (before[0] + count, before[1] + sum_ms)


def _raw_paces_sql(ids: Collection[int], start: datetime, end: datetime) -> tuple[str, list[int]]:
    hour = f"(scheduled_at - scheduled_at %% {_HOUR_MS}) / {_HOUR_MS}"
    return (
        f"SELECT monitor_id, hour, COUNT(*), SUM(total_ms) FROM ("
        f"  SELECT monitor_id, {hour} AS hour, total_ms FROM monitors_result"
        f"  WHERE monitor_id IN ({in_list(ids)}) AND scheduled_at >= %s AND scheduled_at < %s"
        f"  AND status IN ('up', 'degraded') AND in_maintenance = 0 AND total_ms IS NOT NULL"
        f") timed GROUP BY monitor_id, hour",
        [to_ms(start), to_ms(end)],
    )
