"""Which monitors are in maintenance: one question for the recorder, one for those who read."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfoNotFoundError

from django.db.models import Q, QuerySet

from incidents.models import MaintenanceWindow
from incidents.occurrences import Span, covering, next_occurrence
from monitors.models import Monitor

logger = logging.getLogger(__name__)


def running(window: MaintenanceWindow, at: datetime) -> Span | None:
    """The occurrence of ``window`` in which ``at`` lies; None as well for a window that nobody can follow."""
    return _ask(covering, window, at)


def upcoming(window: MaintenanceWindow, now: datetime) -> Span | None:
    """The running or next occurrence; None for a window that is over for good, or that nobody can follow."""
    return _ask(next_occurrence, window, now)


def _ask(question: Callable[..., Span | None], window: MaintenanceWindow, at: datetime) -> Span | None:
    """Forms refuse a bad rule or zone; a row got past them, or a zone left the database, must stop nobody."""
    rule, zone = window.rrule, window.timezone
    try:
        return question(at, starts_at=window.starts_at, ends_at=window.ends_at, rule=rule, zone=zone)
    except (ValueError, ZoneInfoNotFoundError, OSError, OverflowError) as fault:
        _warn_once(window.pk, rule, zone, type(fault).__name__)
        return None


@lru_cache(maxsize=1024)
def _warn_once(window_id: int, rule: str, zone: str, fault: str) -> None:
    """Once a process: the recorder asks the same window for every result."""
    logger.warning(
        "maintenance ignores a broken window window=%d rrule=%r timezone=%r fault=%s",
        window_id,
        rule,
        zone,
        fault,
    )


def running_ids(windows: QuerySet[MaintenanceWindow], at: datetime) -> list[int]:
    """Which of ``windows`` are running; one query. A rule cannot be asked of the database."""
    begun = windows.filter(~Q(rrule="") | Q(ends_at__gt=at), starts_at__lte=at)
    return [window.pk for window in begun.prefetch_related(None) if running(window, at)]


def windows_by_monitor(
    monitor_ids: Iterable[int], *, team_ids: Iterable[int], since: datetime, until: datetime | None = None
) -> dict[int, list[MaintenanceWindow]]:
    """The windows of each monitor that are not over before ``since``, nor begin after ``until``.

    One query where there are none, three where there are.
    """
    ids = set(monitor_ids)
    asked = MaintenanceWindow.objects.filter(~Q(rrule="") | Q(ends_at__gt=since), team_id__in=set(team_ids))
    if until is not None:
        asked = asked.filter(starts_at__lte=until)
    windows = {window.pk: window for window in asked}
    found: dict[int, list[MaintenanceWindow]] = defaultdict(list)
    if not windows:
        return found
    pairs = set(
        MaintenanceWindow.monitors.through.objects.filter(
            maintenancewindow_id__in=windows, monitor_id__in=ids
        ).values_list("monitor_id", "maintenancewindow_id")
    ) | set(
        Monitor.objects.filter(pk__in=ids, tags__maintenance_windows__in=list(windows)).values_list(
            "pk", "tags__maintenance_windows"
        )
    )
    for monitor_id, window_id in pairs:
        if window_id in windows:
            found[monitor_id].append(windows[window_id])
    return found


def in_maintenance(
    instants: Sequence[tuple[int, datetime]], *, team_ids: Iterable[int]
) -> set[tuple[int, datetime]]:
    """Those of the (monitor id, instant) pairs that lie in a maintenance window."""
    if not instants:
        return set()
    times = [at for _, at in instants]
    windows = windows_by_monitor(
        {monitor_id for monitor_id, _ in instants}, team_ids=team_ids, since=min(times), until=max(times)
    )
    return {(id_, at) for id_, at in instants if any(running(window, at) for window in windows.get(id_, ()))}
