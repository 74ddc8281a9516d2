"""Which old results are archived together: rows that follow one another, of one team and one day (UTC)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, ExpressionWrapper, F, Min, Q, QuerySet

from analytics.archive.lines import COLUMNS, Row, name_object
from analytics.windows import DAY, floor_day
from core.instants import to_ms
from monitors.models import Monitor, Result

MONITORS_AT_ONCE = 200
"""Their spans are the terms of one WHERE."""
ROWS_AT_ONCE = 5_000
"""In one object, one delete, and in memory."""


_CONVERTED = ("scheduled_at", "checked_at", "tls_expires_at", "domain_expires_at", "in_maintenance")
_AS_STORED = [
    ExpressionWrapper(F(name), output_field=BigIntegerField()) if name in _CONVERTED else name
    for name in COLUMNS
]
"""Made into Python's and written again, four instants a row would take a third of the purge's time."""


class ArchiveSpan(NamedTuple):
    """A monitor's results of ``[from_ms, until_ms)``."""

    monitor_id: int
    from_ms: int
    until_ms: int


class ArchiveSlice(NamedTuple):
    """One object to be. It is written down before its object is, so that whoever comes after a crash makes
    the same one: of these spans, under this name, whatever a setting or another night would cut."""

    name: str
    team_id: int
    spans: Sequence[ArchiveSpan]

    def as_json(self) -> list[Any]:
        return [self.name, self.team_id, [list(span) for span in self.spans]]

    @classmethod
    def from_json(cls, found: list[Any]) -> "ArchiveSlice":
        name, team_id, spans = found
        return cls(name, team_id, [ArchiveSpan(*span) for span in spans])


def find_rows(spans: Iterable[ArchiveSpan]) -> QuerySet[Result]:
    """By primary key on every database: a span is a stretch of it."""
    asked = Q()
    for monitor_id, from_ms, until_ms in spans:
        asked |= Q(monitor_id=monitor_id, scheduled_at__gte=from_ms, scheduled_at__lt=until_ms)
    return Result.objects.filter(asked) if asked else Result.objects.none()


def read_results(spans: Iterable[ArchiveSpan], most: int | None = None) -> list[Row]:
    ordered = find_rows(spans).order_by("monitor_id", "scheduled_at", "region")
    return list(ordered.values_list(*_AS_STORED)[:most])


def cut_slices(team_id: int, ids: Sequence[int], until: datetime) -> Iterator[tuple[ArchiveSlice, list[Row]]]:
    """Every slice of these monitors of a team, of before ``until``, a midnight, with its rows, as they are
    when it is asked for. Each monitor's last result is left out, as the purge asks."""
    old = list(Result.objects.of_before(until, monitor_ids=ids))
    day = floor_day(min((row["first"] for row in old), default=until))
    while day < until:
        spans = [
            ArchiveSpan(row["monitor_id"], to_ms(max(day, row["first"])), to_ms(min(day + DAY, row["last"])))
            for row in old
        ]
        slices = _cut(team_id, [span for span in spans if span.from_ms < span.until_ms])
        empty = True
        for one in slices:
            empty = False
            yield one
        day = _find_day(ids, day + DAY, until) if empty else day + DAY


def _find_day(ids: Sequence[int], start: datetime, until: datetime) -> datetime:
    """The next that has results: one of 1970 is twenty thousand days away from the others."""
    later = Result.objects.filter(monitor_id__in=ids, scheduled_at__gte=start, scheduled_at__lt=until)
    return floor_day(later.order_by().aggregate(first=Min("scheduled_at"))["first"] or until)


def list_teams() -> Iterator[tuple[int, list[int]]]:
    """Each team with its monitors, some at a time."""
    known = list(Monitor.objects.order_by("team_id", "pk").values_list("team_id", "pk"))
    for team_id, members in groupby(known, key=itemgetter(0)):
        ids = [pk for _, pk in members]
        for start in range(0, len(ids), MONITORS_AT_ONCE):
            yield team_id, ids[start : start + MONITORS_AT_ONCE]


def _cut(team_id: int, spans: list[ArchiveSpan]) -> Iterator[tuple[ArchiveSlice, list[Row]]]:
    """Slices of one day. ``spans`` are in the order of their monitors."""
    while spans and (rows := read_results(spans, ROWS_AT_ONCE + 1)):
        more = len(rows) > ROWS_AT_ONCE
        if more:  # a slot stays whole: its regions are not told apart by a span
            slot = rows[-1][:2]
            rows = [row for row in rows if row[:2] != slot]
        covered = [
            ArchiveSpan(monitor_id, mine[0][1], mine[-1][1] + 1)
            for monitor_id, mine in ((pk, list(some)) for pk, some in groupby(rows, key=itemgetter(0)))
        ]
        yield ArchiveSlice(name_object(team_id, rows), team_id, covered), rows
        if not more:
            return
        last = covered[-1]
        spans = [
            span._replace(from_ms=last.until_ms) if span.monitor_id == last.monitor_id else span
            for span in spans
            if span.monitor_id >= last.monitor_id
        ]
