"""Which monitors are in maintenance? One function for the recorder, others for what is shown."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import lru_cache, partial

from django.db.models import Q, QuerySet

from accounts.models import User
from incidents.models import MaintenanceWindow
from incidents.occurrences import Span, Times, covering, explain_window_fault, find_day, next_occurrence
from monitors.models import Monitor

logger = logging.getLogger(__name__)


TEAM_STEPS = 20_000
"""What all windows of a team may cost for one day, some 20 ms: the recorder works for every team. Those
beyond it, in the order they were made, mute nothing on that day."""
_ASK_STEPS = 10
"""What a window costs at least."""
_TOO_MANY = (
    "The repeats of the team's windows cost too much to follow all of them;"
    " delete windows, or write simpler rrules."
)


def running(window: MaintenanceWindow, at: datetime) -> Span | None:
    """The occurrence of ``window`` in which ``at`` lies; None as well for a window that nobody can follow.

    Forms refuse a bad rule or zone; a row got past them, or a zone left the database of zones.
    """
    return covering(at, **asdict(times_of(window)), told=partial(_warn_once, window.pk))


def upcoming(window: MaintenanceWindow, now: datetime) -> Span | None:
    """The running or next occurrence; None for a window that is over for good, or that nobody can follow."""
    return next_occurrence(now, **asdict(times_of(window)), told=partial(_warn_once, window.pk))


def problem_of(window: MaintenanceWindow, now: datetime) -> str:
    """Why nobody can follow it, as a sentence; empty when all is well."""
    problems: list[str] = []
    next_occurrence(now, **asdict(times_of(window)), told=problems.append)
    return problems[0] if problems else ""


def find_crowded_out(team_ids: Collection[int], now: datetime) -> dict[int, str]:
    """The windows that mute nothing today because the windows before them have used up the team's steps; by
    window, the reason. One query."""
    today = now.astimezone(UTC).date()
    _, left_out = _follow(_read_windows(team_ids, since=now, until=now), {today})
    return dict.fromkeys(left_out, _TOO_MANY)


def times_of(window: MaintenanceWindow) -> Times:
    return Times(window.starts_at, window.ends_at, window.rrule, window.timezone, window.last_starts_at)


@lru_cache(maxsize=1024)
def _warn_once(window_id: int, problem: str) -> None:
    """Log the problem once in a process, because the recorder asks about the same window for every result."""
    logger.warning("maintenance ignores a broken window window=%d problem=%r", window_id, problem)


def _follow(
    windows: Iterable[MaintenanceWindow], days: Collection[date]
) -> tuple[dict[int, list[Span]], set[int]]:
    """The occurrences of each window on ``days`` (of UTC), by window; and the windows that were not computed,
    because those before them have used up the team's steps."""
    found: dict[int, list[Span]] = {}
    left_out = set[int]()
    left: dict[tuple[int, date], int] = {}
    for window in windows:
        times, spans = times_of(window), set[Span]()
        for day in days:
            purse = (window.team_id, day)
            if left.setdefault(purse, TEAM_STEPS) < 0:
                left_out.add(window.pk)
                continue
            looked = find_day(times, day)
            left[purse] -= looked.steps + _ASK_STEPS
            spans.update(looked.spans)
            if looked.fault:
                _warn_once(window.pk, explain_window_fault(looked.fault, times))
        found[window.pk] = sorted(spans)
    for pk in left_out:
        _warn_once(pk, _TOO_MANY)
    return found, left_out


def running_ids(windows: QuerySet[MaintenanceWindow], at: datetime) -> list[int]:
    """Which of ``windows`` are running; one query. A rule cannot be asked of the database."""
    begun = windows.filter(~Q(rrule="") | Q(ends_at__gt=at), starts_at__lte=at)
    found, _ = _follow(begun.prefetch_related(None).order_by("pk"), {at.astimezone(UTC).date()})
    return [pk for pk, spans in found.items() if any(start <= at < end for start, end in spans)]


def find_covered(user: User, *, now: datetime) -> set[int]:
    """The ids of the user's monitors that a running window covers."""
    windows = running_ids(MaintenanceWindow.objects.for_user(user), now)
    if not windows:
        return set()
    covered = Q(maintenance_windows__in=windows) | Q(tags__maintenance_windows__in=windows)
    return set(Monitor.objects.for_user(user).filter(covered).values_list("pk", flat=True))


def _read_windows(
    team_ids: Iterable[int], *, since: datetime, until: datetime | None = None
) -> QuerySet[MaintenanceWindow]:
    """Those that are not over before ``since``, nor begin after ``until``."""
    asked = MaintenanceWindow.objects.filter(~Q(rrule="") | Q(ends_at__gt=since), team_id__in=team_ids)
    return (asked if until is None else asked.filter(starts_at__lte=until)).order_by("pk")


def windows_by_monitor(
    monitor_ids: Iterable[int], *, team_ids: Iterable[int], since: datetime, until: datetime | None = None
) -> dict[int, list[MaintenanceWindow]]:
    """The windows of each monitor that are not over before ``since``, nor begin after ``until``.

    One query where there are none, three where there are.
    """
    windows = {window.pk: window for window in _read_windows(team_ids, since=since, until=until)}
    found: dict[int, list[MaintenanceWindow]] = defaultdict(list)
    for monitor_id, window_id in _read_pairs(set(monitor_ids), windows):
        found[monitor_id].append(windows[window_id])
    return found


def _read_pairs(ids: Collection[int], windows: Collection[int]) -> set[tuple[int, int]]:
    """(monitor, window) for each monitor of ``ids`` that one of ``windows`` covers, by itself or by a tag."""
    if not windows:
        return set()
    named = MaintenanceWindow.monitors.through.objects.filter(
        maintenancewindow_id__in=windows, monitor_id__in=ids
    )
    tagged = Monitor.objects.filter(pk__in=ids, tags__maintenance_windows__in=list(windows))
    pairs = {
        *named.values_list("monitor_id", "maintenancewindow_id"),
        *tagged.values_list("pk", "tags__maintenance_windows"),
    }
    return {(monitor_id, window_id) for monitor_id, window_id in pairs if window_id in windows}


def _spans_by_monitor(
    instants: Sequence[tuple[int, datetime]], *, team_ids: Iterable[int]
) -> dict[int, list[Span]]:
    """For each monitor, the occurrences of its windows near the instants of the (monitor id, instant)
    pairs."""
    times = [at for _, at in instants]
    since, until = min(times), max(times)
    days = {at.astimezone(UTC).date() for at in times}
    followed, _ = _follow(_read_windows(team_ids, since=since, until=until), days)
    near = {
        pk: kept
        for pk, spans in followed.items()
        if (kept := [(start, end) for start, end in spans if start <= until and end > since])
    }
    found: dict[int, list[Span]] = defaultdict(list)
    for monitor_id, window_id in _read_pairs({monitor_id for monitor_id, _ in instants}, near):
        found[monitor_id] += near[window_id]
    return found


def in_maintenance(
    instants: Sequence[tuple[int, datetime]], *, team_ids: Iterable[int]
) -> set[tuple[int, datetime]]:
    """Those of the (monitor id, instant) pairs that lie in a maintenance window."""
    if not instants:
        return set()
    spans = _spans_by_monitor(instants, team_ids=team_ids)
    return {(id_, at) for id_, at in instants if any(start <= at < end for start, end in spans.get(id_, ()))}


@dataclass(frozen=True, slots=True)
class Running:
    """The occurrence of a window that runs for a monitor; of several the one that ends last."""

    window_id: int
    title: str
    start: datetime
    end: datetime


def read_running(team_ids: Collection[int], *, now: datetime) -> dict[int, Running]:
    """The maintenance that each monitor of the teams is in ``now``, by monitor. One query when none is
    planned, three while one runs."""
    windows = list(_read_windows(team_ids, since=now, until=now))
    followed, _ = _follow(windows, {now.astimezone(UTC).date()})
    titles = {window.pk: window.title for window in windows}
    runs = {
        pk: max((span for span in spans if span[0] <= now < span[1]), key=lambda span: span[1], default=None)
        for pk, spans in followed.items()
    }
    found: dict[int, Running] = {}
    for monitor_id, window_id in _read_all_pairs([pk for pk, span in runs.items() if span]):
        start, end = runs[window_id] or (now, now)
        if monitor_id not in found or found[monitor_id].end < end:
            found[monitor_id] = Running(window_id, titles[window_id], start, end)
    return found


def _read_all_pairs(windows: Collection[int]) -> list[tuple[int, int]]:
    """(monitor, window) for each monitor that these windows cover, directly or by a tag, in a fixed order."""
    if not windows:
        return []
    named = MaintenanceWindow.monitors.through.objects.filter(maintenancewindow_id__in=windows)
    tagged = MaintenanceWindow.objects.filter(pk__in=windows, tags__monitors__isnull=False)
    return sorted(
        {
            *named.values_list("monitor_id", "maintenancewindow_id"),
            *tagged.values_list("tags__monitors", "pk"),
        }
    )


def maintenance_ends(
    monitor_ids: Collection[int], *, team_ids: Iterable[int], now: datetime
) -> dict[int, datetime]:
    """When maintenance ends, for each of the monitors that is in maintenance now."""
    if not monitor_ids:
        return {}
    spans = _spans_by_monitor([(pk, now) for pk in monitor_ids], team_ids=team_ids)
    covering_now = {pk: [end for start, end in found if start <= now < end] for pk, found in spans.items()}
    return {pk: max(ends) for pk, ends in covering_now.items() if ends}
