"""Which heartbeats failed last in a maintenance window, and have not been held to that yet?

In a window a failure is stored and changes nothing. What is checked is checked again soon after the window; a
job may come round a day later, so what it said last counts when the window is over.
"""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from core.instants import whole_ms
from monitors.models import Heartbeat, Monitor, RegionState, Result
from monitors.transitions import State
from probes.result import CheckResult, Status

FIND_AT_ONCE = 1_000


def find_excused(*, now: datetime) -> list[Monitor]:
    """Monitors whose newest result is a failure in maintenance, while they are believed to be well; 1,000 at
    most, with ``team_id``. One statement; it costs the number of heartbeats."""
    states = _excused_states(now=now).order_by("monitor_id")[:FIND_AT_ONCE]
    return [state.monitor for state in states.select_related("monitor").only("monitor__team_id")]


def lock_last_words(monitor_ids: Collection[int], *, now: datetime) -> list[CheckResult]:
    """What those of ``monitor_ids`` that are still excused said last, as results of ``now``.

    To be called in the transaction in which they are recorded: until it ends no ping of theirs is taken."""
    locked = Heartbeat.objects.select_for_update().filter(pk__in=monitor_ids).order_by("pk")
    alive = list(locked.values_list("pk", flat=True))
    states = _excused_states(now=now).filter(monitor_id__in=alive)
    asked = Q()
    revisions = dict[int, int]()
    for state in states.select_related("monitor").only("monitor__revision"):
        revisions[state.monitor_id] = state.monitor.revision
        asked |= Q(monitor_id=state.monitor_id, scheduled_at=vars(state)["newest_at"])
    rows = Result.objects.filter(asked).order_by("monitor_id") if revisions else Result.objects.none()
    return [_say_again(row, revision=revisions[row.monitor_id], now=now) for row in rows]


def _excused_states(*, now: datetime) -> models.QuerySet[RegionState]:
    """A failure from before the monitor was resumed or edited counts no more."""
    newest = Result.objects.filter(monitor_id=OuterRef("monitor_id")).order_by("-scheduled_at", "-region")
    return (
        RegionState.objects.filter(monitor__enabled=True, monitor__heartbeat__isnull=False)
        .filter(region=settings.REGIONS[0])
        .exclude(state=State.DOWN)
        .annotate(
            newest_at=Subquery(newest.values("scheduled_at")[:1]),
            newest_status=Subquery(newest.values("status")[:1]),
            newest_excused=Subquery(newest.values("in_maintenance")[:1]),
        )
        .filter(newest_status=Status.DOWN, newest_excused=True, newest_at__gte=F("counted_from"))
        .filter(newest_at__lt=now)
    )


def _say_again(row: Result, *, revision: int, now: datetime) -> CheckResult:
    return CheckResult(
        monitor_id=row.monitor_id,
        revision=revision,
        region=settings.REGIONS[0],
        scheduled_at=whole_ms(now),
        checked_at=whole_ms(now),
        status=Status.DOWN,
        error_code=row.error_code,
        error=row.error,
    )
