"""The purge of old figures: small deletes by primary key, with a rest after each, so that the
recorder is never kept waiting. Nothing raw goes before it is rolled up, nor before it is archived where there
is an archive; no hour before its day is."""

import logging
import math
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from analytics.archive.stores import open_archive
from analytics.archive.writing import Rest, purge_into
from analytics.models import LatencyRollup, Period, Progress, Rollup
from analytics.rollups import lease_progress
from analytics.windows import floor_day, floor_hour
from core.retention import days_kept, hours_kept, results_kept
from monitors.models import Monitor, Result

logger = logging.getLogger(__name__)

MONITORS_AT_ONCE = 200
ROWS_AT_ONCE = 2_000
"""In one delete, which is one transaction of some ten milliseconds."""


@dataclass(slots=True)
class Purged:
    """How many rows went. ``more``: the time was up before everything that may go was gone."""

    results: int = 0
    hours: int = 0
    days: int = 0
    more: bool = False


def hours_kept_from(now: datetime) -> datetime:
    """Hourly rollups before it may be gone."""
    return floor_day(now) - hours_kept()


def raw_kept_from(now: datetime) -> datetime:
    """Raw results before it may be gone."""
    return now - results_kept()


def purge_results(*, owner: str, now: datetime, rest: Rest = time.sleep, for_s: float = math.inf) -> Purged:
    """Delete what is older than the settings keep. Safe to run twice at once, and to be killed at any moment.

    Each delete is followed by a rest as long as it took: ``rest`` gets the seconds. After ``for_s`` it stops
    between two deletes and says that there is more, which the next purge finds.
    """
    purged = Purged()
    stop_at = time.monotonic() + for_s
    with closing(_purge(owner=owner, now=now, rest=rest)) as steps:
        for what, rows in steps:
            setattr(purged, what, getattr(purged, what) + rows)
            if time.monotonic() > stop_at:
                purged.more = True
                break
    if purged != Purged():
        logger.info(
            "purge results=%d hours=%d days=%d more=%d",
            purged.results,
            purged.hours,
            purged.days,
            purged.more,
        )
    return purged


def _purge(*, owner: str, now: datetime, rest: Rest) -> Generator[tuple[str, int]]:
    """What went, and how many rows, after each delete."""
    raw_from = _give_up_raw(owner=owner, now=now)
    if raw_from is None:
        return
    rolled_days = floor_day(Progress.objects.get(pk=Progress.UPTIME).rolled_until)
    hours_from = min(hours_kept_from(now), rolled_days)
    kept = days_kept()
    archive = open_archive()
    for ids in _monitors():
        for rows in _purge_results(ids, raw_from, rest) if archive is None else ():
            yield "results", rows
        for model in (Rollup, LatencyRollup):
            for rows in _purge_rollups(model, ids, Period.HOUR, hours_from, rest):
                yield "hours", rows
            if kept is not None:
                days_from = floor_day(now) - kept
                for rows in _purge_rollups(model, ids, Period.DAY, days_from, rest):
                    yield "days", rows
    _purge_orphans()
    if archive is not None:  # last: however slow it is, it holds up nothing else
        # Whole days: an object holds a day's rows, and would hold an hour's.
        for rows in purge_into(archive, until=floor_day(raw_from), owner=owner, now=now, rest=rest):
            yield "results", rows


def _give_up_raw(*, owner: str, now: datetime) -> datetime | None:
    """From when on raw results are kept, told to all who roll up again; None while one of them is at work.

    Under the lease: who has it may be reading what is to be deleted.
    """
    lease = lease_progress(owner, now=now)
    if lease is None:
        return None
    progress = lease.read()
    raw_from = min(floor_hour(now) - results_kept(), progress.rolled_until)
    raw_from = max(raw_from, progress.raw_from or raw_from)
    lease.end(raw_from=raw_from)
    return raw_from


def _monitors() -> Iterator[list[int]]:
    last = 0
    while ids := list(
        Monitor.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:MONITORS_AT_ONCE]
    ):
        yield ids
        last = ids[-1]


def _purge_results(ids: Sequence[int], raw_from: datetime, rest: Rest) -> Iterator[int]:
    """All results of before ``raw_from``, but each monitor's last."""
    for row in list(Result.objects.of_before(raw_from, monitor_ids=ids)):
        older = Result.objects.filter(monitor_id=row["monitor_id"], scheduled_at__lt=row["last"])
        yield from _delete(older, "scheduled_at", rest)


def _purge_rollups(
    model: type[Rollup | LatencyRollup], ids: Sequence[int], period: Period, before: datetime, rest: Rest
) -> Iterator[int]:
    old = model.objects.filter(period_h=period, start_at__lt=before)
    having = old.filter(monitor_id__in=ids).order_by().values_list("monitor_id", flat=True).distinct()
    for pk in list(having):
        yield from _delete(old.filter(monitor_id=pk), "start_at", rest)


def _delete(rows: models.QuerySet[models.Model], column: str, rest: Rest) -> Iterator[int]:
    """Delete ``rows`` of one monitor from the oldest on, ``ROWS_AT_ONCE`` a statement; how many each
    deleted."""
    instants = rows.order_by(column).values_list(column, flat=True)
    while True:
        until = instants[ROWS_AT_ONCE : ROWS_AT_ONCE + 1].first()
        some = rows if until is None else rows.filter(**{f"{column}__lt": until})
        started = time.perf_counter()
        deleted = some.delete()[0]
        rest(time.perf_counter() - started)
        yield deleted
        if until is None:
            return


def _purge_orphans() -> None:
    """What was rolled up in the moment in which its monitor was deleted."""
    for model in (Rollup, LatencyRollup):
        known = set(model.objects.order_by().values_list("monitor_id", flat=True).distinct())
        model.objects.filter(
            monitor_id__in=known - set(Monitor.objects.values_list("pk", flat=True))
        ).delete()
