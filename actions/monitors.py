"""What a person can do to monitors."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Team
from alerts.defaults import ensure_defaults
from incidents.reconcile import EndedBy, IncidentChange, IncidentEvent
from incidents.services import close_open_incidents
from monitors import services
from monitors.models import Monitor
from monitors.versions import require_version
from pipeline.fanout import look_again, tell_events
from pipeline.specs import check_soon

# One


@transaction.atomic
def create(team: Team, *, now: datetime, **fields: Any) -> Monitor:
    """Store a monitor and have it checked at once. Fields and errors: ``monitors.services.create_monitor``.

    A team's first monitor brings the channel and the rule by which its owners are told.
    """
    monitor = services.create_monitor(team, now=now, **fields)
    ensure_defaults({team.pk})
    check_after_commit([monitor], now=now)
    return monitor


@transaction.atomic
def clone(source: Monitor, *, now: datetime, name: str | None = None) -> Monitor:
    """Make another monitor that is configured the same, secrets included, and have it checked at once."""
    monitor = services.clone_monitor(source, now=now, name=name)
    ensure_defaults({monitor.team_id})
    check_after_commit([monitor], now=now)
    return monitor


@transaction.atomic
def update(
    monitor: Monitor,
    *,
    now: datetime,
    within_quota: bool = True,
    versions: Collection[str] = (),
    **changes: Any,
) -> Monitor:
    """Change the fields that ``changes`` names. Errors: ``monitors.services.update_monitor``.

    The new question is asked at once. ``enabled=False`` brings what ``pause`` brings.
    """
    was_enabled = monitor.enabled
    changed = services.update_monitor(
        monitor, now=now, within_quota=within_quota, versions=versions, **changes
    )
    if was_enabled and not changed.enabled:
        _resolve_open([changed], ended_by=EndedBy.PAUSED, now=now)
    else:
        check_after_commit([changed], now=now)
    look_again({changed.team_id})
    return changed


# One or many


@transaction.atomic
def pause(monitors: Iterable[Monitor], *, now: datetime) -> list[Monitor]:
    """Stop checking. Returns the monitors that were not paused already.

    Their open incidents are resolved, and people are told so. Alerts that wait are looked at again: other
    monitors may depend on these.
    """
    paused = services.pause_monitors(monitors, now=now)
    _resolve_open(paused, ended_by=EndedBy.PAUSED, now=now)
    look_again(_teams_of(paused))
    return paused


@transaction.atomic
def resume(monitors: Iterable[Monitor], *, now: datetime, within_quota: bool = True) -> list[Monitor]:
    """Check again, from pending, and at once. Returns the monitors that were paused.

    Raises ``QuotaReached`` where the team would have more checks than it may, unless ``within_quota`` is
    False.
    """
    resumed = services.resume_monitors(monitors, now=now, within_quota=within_quota)
    check_after_commit(resumed, now=now)
    look_again(_teams_of(resumed))
    return resumed


@transaction.atomic
def delete(monitors: Iterable[Monitor], *, now: datetime, versions: Collection[str] = ()) -> list[Monitor]:
    """Delete monitors and all that was found of them. Returns those that still existed. Raises ``Stale`` when
    ``versions`` are given and one of the monitors has none of them.

    Their open incidents are resolved first, and people are told so. The incidents stay.
    """
    locked = services.lock_monitors([monitor.pk for monitor in monitors])
    for monitor in locked:
        require_version(monitor, versions)
    _resolve_open(locked, ended_by=EndedBy.DELETED, now=now)
    look_again(_teams_of(locked))
    services.delete_monitors(locked)
    return locked


@transaction.atomic
def edit_many(monitors: Iterable[Monitor], *, now: datetime, **edits: Any) -> list[Monitor]:
    """Change interval and tags of many, all or none. Edits: ``monitors.services.edit_monitors``."""
    changed = services.edit_monitors(monitors, now=now, **edits)
    if "interval_s" in edits:  # tags alone change nothing of what is checked
        check_after_commit(changed, now=now)
    look_again(_teams_of(changed))
    return changed


# What several of these bring with them


def _teams_of(monitors: Iterable[Monitor]) -> set[int]:
    return {monitor.team_id for monitor in monitors}


def check_after_commit(monitors: Sequence[Monitor], *, now: datetime) -> None:
    transaction.on_commit(lambda: check_soon(monitors, now=now))


def _resolve_open(monitors: Sequence[Monitor], *, ended_by: EndedBy, now: datetime) -> None:
    """Resolve what is open for monitors that nobody watches any more, and tell people."""
    text = f"Resolved because the monitor was {ended_by}."
    closed = close_open_incidents([monitor.pk for monitor in monitors], at=now, text=text)
    tell_events(
        [IncidentEvent(IncidentChange.RESOLVED, incident, ended_by=ended_by) for incident in closed], now=now
    )
