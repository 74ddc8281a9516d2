"""What users may change about their monitors. Each function is one transaction.

Locks are taken in one order, here, in `monitors/recording.py` and in `monitors/heartbeats.py`: heartbeats,
region states, monitors, each by primary key. What a change means to incidents is for the caller to say.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team
from accounts.quotas import lock_quotas
from core.errors import RuleViolation
from core.field_encryption import seal
from monitors.changed_config import (
    merge_config,
    moves_secrets,
    read_secrets,
    restore_secrets,
)
from monitors.dependencies import find_dependencies
from monitors.heartbeats import rearm
from monitors.models import Heartbeat, Monitor, RegionState, Result, Tag
from monitors.quotas import count_checks, lock_teams, require_room
from monitors.secrets import split
from monitors.slots import holds_s_of, phase_of
from monitors.tags import change_tags, ensure_tags
from monitors.transitions import Health, State
from monitors.validation import (
    DEFAULT_TIMEOUT_S,
    check_interval,
    check_permitted,
    check_together,
    clean_fields,
    default_fail_after,
    default_interval_s,
    default_timeout_s,
)
from monitors.versions import require_version
from probes.registry import HEARTBEAT

_SETTINGS = [
    "url",
    "interval_s",
    "timeout_s",
    "fail_after",
    "recover_after",
    "recheck_s",
    "config",
    "regions",
]
EDITABLE = frozenset([*_SETTINGS, "name", "tags", "depends_on", "enabled"])
_ASKED = {"url", "timeout_s", "config"}  # what a check asks: a change makes a new revision
_RATE = {"interval_s", "regions", "enabled"}  # how often it asks
_POLICY = {"fail_after", "recover_after"}  # how its answers are judged


def draft_monitor(
    team: Team,
    *,
    kind: str,
    url: str,
    name: str,
    interval_s: int | None = None,
    timeout_s: int | None = None,
    fail_after: int | None = None,
    recover_after: int = 1,
    recheck_s: int = 10,
    config: Mapping[str, Any] = MappingProxyType({}),
    regions: Sequence[str] = (),
    tags: Sequence[str] = (),
    enabled: bool = True,
) -> tuple[Monitor, list[str]]:
    """A monitor that is checked and not stored, and the names of its tags. Raises ``ValidationError`` with
    every mistake by field (see ``limits.clean_fields``)."""
    interval_s = default_interval_s(kind) if interval_s is None else interval_s
    if timeout_s is None:  # an interval that is refused does not drag it along
        timeout_s = DEFAULT_TIMEOUT_S if kind == HEARTBEAT else max(1, default_timeout_s(interval_s))
    given = {
        "url": url,
        "name": name,
        "interval_s": interval_s,
        "timeout_s": timeout_s,
        "fail_after": default_fail_after(kind) if fail_after is None else fail_after,
        "recover_after": recover_after,
        "recheck_s": recheck_s,
        "config": config,
        "regions": regions,
        "tags": tags,
    }
    fields = clean_fields(kind, given)
    check_together(kind, fields["url"], fields["config"])
    check_permitted(kind)
    names: list[str] = fields.pop("tags")
    fields["config"], secrets = split(fields["config"])
    return Monitor(team=team, kind=kind, enabled=enabled, secrets=seal(secrets), **fields), names


def create_monitor(
    team: Team, *, now: datetime, depends_on: Sequence[int] = (), within_quota: bool = True, **fields: Any
) -> Monitor:
    """Store what ``draft_monitor`` makes of ``fields``; raises as it does. ``depends_on`` is ids of the
    team's. Without ``within_quota`` the caller looks at the team's quotas, once for many."""
    monitor, names = draft_monitor(team, **fields)
    needed = find_dependencies(team.pk, depends_on)
    with transaction.atomic():
        if within_quota:
            lock_quotas(team.pk)
        _insert(monitor, ensure_tags(team.pk, names), now=now)
        monitor.depends_on.set(needed)
        if within_quota:
            require_room(team.pk)
    return monitor


def _insert(monitor: Monitor, tags: Sequence[Tag], *, now: datetime) -> None:
    monitor.holds_s = holds_s_of(monitor.kind, monitor.interval_s, monitor.config)
    monitor.save(force_insert=True)
    if monitor.kind == HEARTBEAT:
        Heartbeat.objects.create(monitor=monitor)
    else:
        monitor.phase_ms = phase_of(monitor.pk, monitor.interval_s)
        monitor.save(update_fields=["phase_ms"])
    _add_states(monitor, monitor.judged_from, now=now)
    monitor.tags.set(tags)


def _add_states(monitor: Monitor, regions: Iterable[str], *, now: datetime) -> None:
    RegionState.objects.bulk_create(
        [RegionState(monitor=monitor, region=r, counted_from=now) for r in regions]
    )


def lock_monitors(ids: Iterable[int]) -> list[Monitor]:
    """The monitors as they are now, by primary key; nobody else changes them until the transaction ends."""
    return _lock(ids)[1]


def _lock(ids: Iterable[int]) -> tuple[list[RegionState], list[Monitor]]:
    wanted = list(ids)
    list(Heartbeat.objects.select_for_update().filter(pk__in=wanted).order_by("pk").values_list("pk"))
    states = list(RegionState.objects.select_for_update().filter(monitor_id__in=wanted).order_by("pk"))
    return states, list(Monitor.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))


# Editing


def update_monitor(
    monitor: Monitor,
    *,
    now: datetime,
    within_quota: bool = True,
    versions: Collection[str] = (),
    **changes: Any,
) -> Monitor:
    """Change the fields named in ``changes``: ``EDITABLE``, and ``config_changes`` for a part of ``config``.

    Stored secrets stay when the configuration comes back without them, unless the target moves to another
    host. Answers to an older question, or judged by an older policy, no longer count. Raises
    ``ValidationError``, ``QuotaReached`` when the team may not have as many checks as the change makes, and
    ``Stale`` when ``versions`` are given and the monitor is of none of them.
    """
    asks_more = within_quota and bool(_RATE & changes.keys())
    with transaction.atomic():
        if asks_more:
            lock_quotas(monitor.team_id)
        states, found = _lock([monitor.pk])
        if not found:
            raise RuleViolation("This monitor was deleted in the meantime.")
        monitor = found[0]
        require_version(monitor, versions)
        before = count_checks(monitor)
        fields = clean_changes(monitor, changes)
        tags, enabled = fields.pop("tags", None), fields.pop("enabled", monitor.enabled)
        needed = fields.pop("depends_on", None)
        changed = _save_changes(monitor, fields)
        if tags is not None:
            monitor.tags.set(ensure_tags(monitor.team_id, tags))
        if needed is not None:
            monitor.depends_on.set(needed)
        _bring_in_line(monitor, states, changed, now=now)
        if enabled != monitor.enabled:
            _switch([monitor], states, enabled=enabled, now=now)
        if asks_more and count_checks(monitor) > before:
            require_room(monitor.team_id)
    return monitor


def _save_changes(monitor: Monitor, fields: Mapping[str, Any]) -> set[str]:
    """Save ``fields``, and the columns that follow from them. Returns the names of those that were another
    value before."""
    changed = {name for name, value in fields.items() if getattr(monitor, name) != value}
    for name in changed:
        setattr(monitor, name, fields[name])
    if changed & {*_ASKED, "secrets"}:
        monitor.revision += 1
    if "interval_s" in changed and monitor.kind != HEARTBEAT:
        monitor.phase_ms = phase_of(monitor.pk, monitor.interval_s)
    monitor.holds_s = holds_s_of(monitor.kind, monitor.interval_s, monitor.config)
    monitor.save(update_fields=[*changed, "revision", "phase_ms", "holds_s", "updated_at"])
    return changed


def _bring_in_line(
    monitor: Monitor, states: Sequence[RegionState], changed: Collection[str], *, now: datetime
) -> None:
    """Let what the pipeline knows of the monitor follow from the fields that ``changed``."""
    if not {*_ASKED, *_POLICY, "secrets"}.isdisjoint(changed):
        _forget_runs(states, now=now)
    if "regions" in changed:
        _add_regions(monitor, states, now=now)
    if "config" in changed and monitor.kind == HEARTBEAT:
        rearm([monitor.pk], now=now)  # by the old schedule, its alarm would be false or late


def clean_changes(monitor: Monitor, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What ``changes`` make of the fields, sealed ``secrets`` among them. Raises ``ValidationError``."""
    wanted = dict(changes)
    if wanted.pop("kind", monitor.kind) != monitor.kind:
        raise ValidationError({"kind": f"A monitor keeps its kind ({monitor.kind}); make a new one instead."})
    if (part := wanted.pop("config_changes", None)) is not None:
        wanted["config"] = merge_config(monitor, part)
    if unknown := wanted.keys() - EDITABLE:
        raise TypeError(f"not editable: {', '.join(sorted(unknown))}")
    moves = moves_secrets(monitor, wanted)
    if "config" in wanted or (moves and monitor.secrets):
        stored = read_secrets(monitor)
        wanted["config"] = restore_secrets(wanted.get("config", monitor.config), stored, moves=moves)
    needed = wanted.pop("depends_on", None)
    if (
        "timeout_s" not in wanted
        and isinstance(wanted.get("interval_s"), int)
        and _lowers_default(monitor, wanted["interval_s"])
    ):
        wanted["timeout_s"] = wanted["interval_s"]
    fields = clean_fields(monitor.kind, wanted, timeout_s=monitor.timeout_s, interval_s=monitor.interval_s)
    if {"url", "config"} & fields.keys():
        check_together(monitor.kind, fields.get("url", monitor.url), fields.get("config", monitor.config))
    if needed is not None:
        fields["depends_on"] = find_dependencies(monitor.team_id, needed, monitor_id=monitor.pk)
    if "config" in fields:
        fields["config"], secrets = split(fields["config"])
        if secrets != stored:
            fields["secrets"] = seal(secrets)
    return fields


def _lowers_default(monitor: Monitor, interval_s: int) -> bool:
    """Whether the timeout is the default one and must become shorter with the interval."""
    is_default = monitor.timeout_s == default_timeout_s(monitor.interval_s)
    return monitor.kind != HEARTBEAT and is_default and 1 <= interval_s < monitor.timeout_s


def _forget_runs(states: Sequence[RegionState], *, now: datetime, pending: bool = False) -> None:
    """Forget failures and passes in a row. A state without data stays without data until a result comes,
    unless everything begins anew (``pending``)."""
    for state in states:
        believed = Health(State(state.state), no_data=state.no_data_since is not None)
        state.take(Health(State.PENDING) if pending else believed, at=now)
        state.counted_from = now
    fields = [
        "state",
        "failures",
        "first_failed_at",
        "passes",
        "first_passed_at",
        "counted_from",
        "changed_at",
        "no_data_since",
        "no_data_code",
        "no_data_reason",
    ]
    RegionState.objects.bulk_update(states, fields)


def _add_regions(monitor: Monitor, states: Sequence[RegionState], *, now: datetime) -> None:
    """States for regions that are new. Those that watch no more keep theirs until the next result: only with
    it in hand the recorder knows what becomes of an outage that they had a say in."""
    known = {state.region for state in states if state.monitor_id == monitor.pk}
    _add_states(monitor, [region for region in monitor.judged_from if region not in known], now=now)


def edit_monitors(
    monitors: Iterable[Monitor],
    *,
    now: datetime,
    interval_s: int | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
) -> list[Monitor]:
    """Change interval and tags of many, all or none. Returns them in primary-key order."""
    chosen = list(monitors)
    with transaction.atomic():
        team_ids = lock_teams(chosen) if interval_s is not None else []
        _, locked = _lock(monitor.pk for monitor in chosen)
        if interval_s is not None:
            before = sum(map(count_checks, locked))
            _set_interval(locked, interval_s, now=now)
            if sum(map(count_checks, locked)) > before:
                for team_id in team_ids:
                    require_room(team_id)
        if add_tags or remove_tags:
            change_tags(locked, add=add_tags, remove=remove_tags)
    return locked


def _set_interval(monitors: Sequence[Monitor], interval_s: int, *, now: datetime) -> None:
    try:
        for kind in {monitor.kind for monitor in monitors}:
            check_interval(interval_s, kind=kind)
    except ValueError as mistake:
        raise ValidationError({"interval_s": str(mistake)}) from None
    for monitor in monitors:
        if _lowers_default(monitor, interval_s):
            monitor.timeout_s, monitor.revision = interval_s, monitor.revision + 1
    if slow := [m for m in monitors if m.kind != HEARTBEAT and m.timeout_s > interval_s]:
        names = ", ".join(f"{monitor.pk} ({monitor.timeout_s} s)" for monitor in slow)
        raise ValidationError({"interval_s": f"Must not be shorter than the timeout of monitors {names}."})
    for monitor in monitors:
        monitor.interval_s, monitor.updated_at = interval_s, now
        if monitor.kind != HEARTBEAT:
            monitor.phase_ms, monitor.holds_s = phase_of(monitor.pk, interval_s), interval_s
    fields = ["interval_s", "timeout_s", "revision", "phase_ms", "holds_s", "updated_at"]
    Monitor.objects.bulk_update(monitors, fields, batch_size=200)


# Switching off and on, and away


def pause_monitors(monitors: Iterable[Monitor], *, now: datetime) -> list[Monitor]:
    """Stop checking. Returns those that were not paused already, by primary key."""
    with transaction.atomic():
        states, locked = _lock(monitor.pk for monitor in monitors)
        return _switch(locked, states, enabled=False, now=now)


def resume_monitors(
    monitors: Iterable[Monitor], *, now: datetime, within_quota: bool = True
) -> list[Monitor]:
    """Check again; what was believed before counts no more. Returns those that were paused. Raises
    ``QuotaReached``."""
    chosen = list(monitors)
    with transaction.atomic():
        team_ids = lock_teams(chosen) if within_quota else []
        states, locked = _lock(monitor.pk for monitor in chosen)
        switched = _switch(locked, states, enabled=True, now=now)
        for team_id in team_ids if switched else ():
            require_room(team_id)
        return switched


def _switch(
    monitors: Sequence[Monitor], states: Sequence[RegionState], *, enabled: bool, now: datetime
) -> list[Monitor]:
    switched = [monitor for monitor in monitors if monitor.enabled != enabled]
    ids = {monitor.pk for monitor in switched}
    for monitor in switched:
        monitor.enabled, monitor.updated_at = enabled, now
    Monitor.objects.filter(pk__in=ids).update(enabled=enabled, updated_at=now)
    if enabled:
        # The first ping starts the clock again.
        Heartbeat.objects.filter(monitor_id__in=ids).update(deadline_at=None, started_at=None, run_id="")
        _forget_runs([state for state in states if state.monitor_id in ids], now=now, pending=True)
        for monitor in switched:
            _add_regions(monitor, states, now=now)
    return switched


def delete_monitors(monitors: Iterable[Monitor]) -> list[int]:
    """Delete them with all that was found; the ids that were deleted.

    The lock on the region states makes a recorder wait, which then finds no monitor: no orphan stays.
    """
    with transaction.atomic():
        _, locked = _lock(monitor.pk for monitor in monitors)
        ids = [monitor.pk for monitor in locked]
        Result.objects.filter(monitor_id__in=ids).delete()
        Monitor.objects.filter(pk__in=ids).delete()
    return ids


def clone_monitor(monitor: Monitor, *, now: datetime, name: str | None = None) -> Monitor:
    """A monitor that is configured the same, secrets and tags included, and has a life of its own."""
    copied = [*_SETTINGS, "kind", "secrets", "enabled"]
    fields = clean_fields(monitor.kind, {"name": f"{monitor.name[:93]} (copy)" if name is None else name})
    with transaction.atomic():
        lock_quotas(monitor.team_id)
        source = Monitor.objects.get(pk=monitor.pk)
        clone = Monitor(
            team_id=source.team_id, **{field: getattr(source, field) for field in copied}, **fields
        )
        _insert(clone, list(source.tags.all()), now=now)
        clone.depends_on.set(source.depends_on.all())
        require_room(monitor.team_id)
    return clone
