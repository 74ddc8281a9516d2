"""What a person can do to monitors."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team
from accounts.quotas import lock_quotas
from alerts.defaults import ensure_defaults
from incidents.reconcile import IncidentChange, IncidentEvent
from incidents.services import close_open_incidents
from monitors import services
from monitors.models import Monitor
from monitors.quotas import require_room
from monitors.versions import require_version
from pipeline.fanout import look_again, tell
from pipeline.specs import check_soon
from probes.config import check_target
from probes.config_error import ConfigError

# One


@transaction.atomic
def create(team: Team, *, now: datetime, **fields: Any) -> Monitor:
    """Store a monitor and have it checked at once. Fields and errors: ``monitors.services.create_monitor``.

    A team's first monitor brings the channel and the rule by which its owners are told.
    """
    monitor = services.create_monitor(team, now=now, **fields)
    ensure_defaults({team.pk})
    _check_after_commit([monitor], now=now)
    return monitor


@transaction.atomic
def clone(source: Monitor, *, now: datetime, name: str | None = None) -> Monitor:
    """Make another monitor that is configured the same, secrets included, and have it checked at once."""
    monitor = services.clone_monitor(source, now=now, name=name)
    ensure_defaults({monitor.team_id})
    _check_after_commit([monitor], now=now)
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
        _resolve_open([changed], ended_by="paused", now=now)
    else:
        _check_after_commit([changed], now=now)
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
    _resolve_open(paused, ended_by="paused", now=now)
    look_again(_teams_of(paused))
    return paused


@transaction.atomic
def resume(monitors: Iterable[Monitor], *, now: datetime, within_quota: bool = True) -> list[Monitor]:
    """Check again, from pending, and at once. Returns the monitors that were paused.

    Raises ``QuotaReached`` where the team would have more checks than it may, unless ``within_quota`` is
    False.
    """
    resumed = services.resume_monitors(monitors, now=now, within_quota=within_quota)
    _check_after_commit(resumed, now=now)
    look_again(_teams_of(resumed))
    return resumed


@transaction.atomic
def delete(monitors: Iterable[Monitor], *, now: datetime, versions: Collection[str] = ()) -> list[Monitor]:
    """Delete monitors with all that was found. Returns those that were still there. Raises ``Stale`` where
    one is of none of ``versions``, if there are any.

    Their open incidents are resolved first, and people are told so. The incidents stay.
    """
    locked = services.lock_monitors([monitor.pk for monitor in monitors])
    for monitor in locked:
        require_version(monitor, versions)
    _resolve_open(locked, ended_by="deleted", now=now)
    look_again(_teams_of(locked))
    services.delete_monitors(locked)
    return locked


@transaction.atomic
def edit_many(monitors: Iterable[Monitor], *, now: datetime, **edits: Any) -> list[Monitor]:
    """Change interval and tags of many, all or none. Edits: ``monitors.services.edit_monitors``."""
    changed = services.edit_monitors(monitors, now=now, **edits)
    if "interval_s" in edits:  # tags alone change nothing of what is checked
        _check_after_commit(changed, now=now)
    look_again(_teams_of(changed))
    return changed


# From a file


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A monitor of a file. ``key`` is what ``needs`` of other rows calls it."""

    index: int
    key: str
    needs: Sequence[str]
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """``made`` are the new monitors, ``unchanged`` the number of rows whose monitor was there already."""

    made: Sequence[Monitor]
    unchanged: int


class ImportRefused(Exception):
    """Nothing was imported. ``mistakes`` has the errors by field, by the index of the row."""

    def __init__(self, mistakes: Mapping[int, Mapping[str, Any]]) -> None:
        super().__init__(f"{len(mistakes)} rows cannot be imported.")
        self.mistakes = mistakes


@transaction.atomic
def import_(
    team: Team,
    rows: Sequence[ImportRow],
    *,
    now: datetime,
    mistakes: Mapping[int, Mapping[str, Any]],
    dry_run: bool = False,
) -> Imported:
    """Make a monitor of each row, all or none, and have them checked at once.

    A row whose monitor is there already (same kind, name and target) changes nothing. ``mistakes`` are those
    of rows that could not be read: with any, nothing is imported, and the other rows are still judged.
    Raises ``ImportRefused`` with the mistakes of every row, and ``QuotaReached``. A dry run stores nothing.
    """
    lock_quotas(team.pk)
    imported = _import_rows(team, rows, now=now, mistakes=dict(mistakes))
    if imported.made:
        require_room(team.pk)
    if dry_run:
        transaction.set_rollback(True)
    else:
        ensure_defaults({monitor.team_id for monitor in imported.made})
        _check_after_commit(imported.made, now=now)
    return imported


def _import_rows(
    team: Team, rows: Sequence[ImportRow], *, now: datetime, mistakes: dict[int, Mapping[str, Any]]
) -> Imported:
    stored = list(Monitor.objects.filter(team=team).order_by("pk"))
    there: dict[tuple[str, str, str], list[Monitor]] = defaultdict(list)
    for monitor in stored:
        there[monitor.kind, monitor.name, monitor.url].append(monitor)
    found: dict[str, Monitor] = {}
    made: list[tuple[ImportRow, Monitor]] = []
    for row in rows:
        same = there[row.fields["kind"], row.fields["name"].strip(), _spell_target(row.fields)]
        if same:
            found.setdefault(row.key, same.pop(0))
            continue
        try:
            with transaction.atomic():
                monitor = services.create_monitor(team, now=now, within_quota=False, **row.fields)
        except ValidationError as invalid:
            mistakes[row.index] = invalid.message_dict
            continue
        found.setdefault(row.key, monitor)
        made.append((row, monitor))
    unchanged = len(rows) - len(made) - len(mistakes.keys() & {row.index for row in rows})
    names = {monitor.name: monitor for monitor in reversed(stored)} | found
    for row, monitor in made:
        if errors := _connect(monitor, row.needs, names, now=now):
            mistakes[row.index] = errors
    if mistakes:
        raise ImportRefused(mistakes)
    return Imported([monitor for _, monitor in made], unchanged)


def _spell_target(fields: Mapping[str, Any]) -> str:
    """As it is stored. What is refused is refused later, with its reason."""
    try:
        return check_target(fields["kind"], fields["url"])
    except ConfigError:
        return str(fields["url"])


def _connect(
    monitor: Monitor, needs: Sequence[str], names: Mapping[str, Monitor], *, now: datetime
) -> Mapping[str, Any]:
    """Let ``monitor`` depend on those that ``needs`` names. Returns the errors by field."""
    if not needs:
        return {}
    if missing := [name for name in needs if name not in names]:
        return {"depends_on": [f"There is no monitor {missing[0]!r}."]}
    try:
        services.update_monitor(monitor, now=now, depends_on=[names[name].pk for name in needs])
    except ValidationError as invalid:
        return invalid.message_dict
    return {}


# What several of these bring with them


def _teams_of(monitors: Iterable[Monitor]) -> set[int]:
    return {monitor.team_id for monitor in monitors}


def _check_after_commit(monitors: Sequence[Monitor], *, now: datetime) -> None:
    transaction.on_commit(lambda: check_soon(monitors, now=now))


def _resolve_open(monitors: Sequence[Monitor], *, ended_by: str, now: datetime) -> None:
    """Resolve what is open for monitors that nobody watches any more, and tell people."""
    text = f"Resolved because the monitor was {ended_by}."
    closed = close_open_incidents([monitor.pk for monitor in monitors], at=now, text=text)
    tell(
        [IncidentEvent(IncidentChange.RESOLVED, incident, ended_by=ended_by) for incident in closed], now=now
    )
