"""Monitors from a file: all or none; or what would become of each row."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts.models import Team
from accounts.quotas import lock_quotas
from actions import monitors as actions
from alerts.defaults import ensure_defaults
from monitors import services
from monitors.models import Monitor
from monitors.quotas import require_room
from monitors.services import EDITABLE, clean_changes
from probes.config import check_target
from probes.config_error import ConfigError


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A monitor of a file. ``key`` is what ``needs`` of other rows calls it; ``given`` names the fields
    that the file has, for defaults change nothing that is there."""

    index: int
    key: str
    needs: Sequence[str]
    fields: Mapping[str, Any]
    given: frozenset[str] = frozenset()


class Fate(models.TextChoices):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(slots=True)
class ImportOutcome:
    """``monitor`` is the one that is there, or was made. ``changes`` are (field, before, after), without
    secrets."""

    row: ImportRow
    fate: Fate
    monitor: Monitor | None = None
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)
    errors: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """``made`` are the new monitors; ``changed`` and ``unchanged`` count rows whose monitor was there."""

    made: Sequence[Monitor]
    unchanged: int
    changed: int = 0


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
    update: bool = False,
    others: Sequence[ImportRow] = (),
) -> Imported:
    """Make a monitor of each row, all or none, and have them checked at once.

    A row whose monitor is there already (same kind, name and target) changes nothing; with ``update`` it
    changes the fields that differ, and is known by its key, or its kind and target, too. ``mistakes`` are
    those of rows that could not be read: with any, nothing is imported, and the others are still judged.
    ``others`` are rows of the same file that are not imported now: what they mean is not meant by ``rows``,
    and ``rows`` may depend on their monitors.
    Raises ``ImportRefused`` with the mistakes of every row, and ``QuotaReached``. A dry run stores nothing.
    """
    lock_quotas(team.pk)
    outcomes = _import_rows(team, rows, now=now, update=update, others=others, await_others=dry_run)
    refused = dict(mistakes) | {o.row.index: o.errors for o in outcomes if o.fate == Fate.REFUSED}
    if refused:
        raise ImportRefused(refused)
    made = [o.monitor for o in outcomes if o.fate == Fate.NEW and o.monitor is not None]
    changed = sum(outcome.fate == Fate.CHANGED for outcome in outcomes)
    if made or changed:
        require_room(team.pk)
    if dry_run:
        transaction.set_rollback(True)
    else:
        ensure_defaults({monitor.team_id for monitor in made})
        actions.check_after_commit(made, now=now)
    return Imported(made, len(outcomes) - len(made) - changed, changed)


def preview_import(
    team: Team,
    rows: Sequence[ImportRow],
    *,
    now: datetime,
    update: bool,
    others: Sequence[ImportRow] = (),
) -> list[ImportOutcome]:
    """What would become of each row. Stores nothing. For ``others`` see ``import_``: rows may depend on those
    of them that are not there yet."""
    with transaction.atomic():
        outcomes = _import_rows(team, rows, now=now, update=update, others=others, await_others=True)
        transaction.set_rollback(True)
    for outcome in outcomes:
        if outcome.fate == Fate.NEW:
            outcome.monitor = None
    return outcomes


def _import_rows(
    team: Team,
    rows: Sequence[ImportRow],
    *,
    now: datetime,
    update: bool,
    others: Sequence[ImportRow],
    await_others: bool,
) -> list[ImportOutcome]:
    """``await_others``: others that are not there yet count as if they were."""
    stored = list(Monitor.objects.filter(team=team).prefetch_related("tags", "depends_on").order_by("pk"))
    everything = sorted([*rows, *others], key=lambda row: row.index)
    there, found = _find_there(stored, everything, update=update), dict[str, Monitor]()
    outcomes: list[ImportOutcome] = []
    others_at, awaited = {row.index for row in others}, set[str]()
    for row in everything:
        known = there.get(row.index)
        if row.index in others_at:
            if known is not None:
                found.setdefault(row.key, known)
            elif await_others:
                awaited.add(row.key)
            continue
        outcome = _merge(known, row, now=now, update=update) if known else _make(team, row, now=now)
        if outcome.monitor is not None:
            found.setdefault(row.key, outcome.monitor)
        outcomes.append(outcome)
    names = {monitor.name: monitor for monitor in reversed(stored)} | found
    for outcome in outcomes:
        if outcome.fate == Fate.NEW or (update and "depends_on" in outcome.row.given):
            _connect(outcome, names, awaited, now=now)
    return outcomes


def _find_there(stored: Sequence[Monitor], rows: Sequence[ImportRow], *, update: bool) -> dict[int, Monitor]:
    """The stored monitor that each row means, by the row's index. A monitor is meant by one row at most.
    First, monitors with the same kind, name and target are taken; with ``update``, then those with the same
    key, and then those with the same target."""
    found: dict[int, Monitor] = {}
    taken = set[int]()
    for name_row, name_monitor in (_BY_NAME, _BY_KEY, _BY_TARGET) if update else (_BY_NAME,):
        known: dict[Any, list[Monitor]] = defaultdict(list)
        for monitor in stored:
            if monitor.pk not in taken:
                known[name_monitor(monitor)].append(monitor)
        for row in rows:
            if row.index not in found and (some := known[name_row(row)]):
                found[row.index] = some.pop(0)
                taken.add(found[row.index].pk)
    return found


def _spell_target(row: ImportRow) -> str:
    """The target as it would be stored; as it was given when it is not valid, which is reported later."""
    try:
        return check_target(row.fields["kind"], row.fields["url"])
    except ConfigError:
        return str(row.fields["url"])


_Naming = tuple[Callable[[ImportRow], Any], Callable[[Monitor], Any]]
_BY_NAME: _Naming = (
    lambda row: (row.fields["kind"], row.fields["name"].strip(), _spell_target(row)),
    lambda monitor: (monitor.kind, monitor.name, monitor.url),
)
_BY_KEY: _Naming = (lambda row: (row.fields["kind"], row.key), lambda monitor: (monitor.kind, monitor.name))
_BY_TARGET: _Naming = (
    lambda row: (row.fields["kind"], _spell_target(row) or row.fields["name"].strip()),
    lambda monitor: (monitor.kind, monitor.url or monitor.name),
)


def _make(team: Team, row: ImportRow, *, now: datetime) -> ImportOutcome:
    try:
        with transaction.atomic():
            monitor = services.create_monitor(team, now=now, within_quota=False, **row.fields)
    except ValidationError as invalid:
        return ImportOutcome(row, Fate.REFUSED, errors=invalid.message_dict)
    return ImportOutcome(row, Fate.NEW, monitor)


def _merge(monitor: Monitor, row: ImportRow, *, now: datetime, update: bool) -> ImportOutcome:
    """What differs, changed where ``update`` says so."""
    if not update:
        return ImportOutcome(row, Fate.SAME, monitor)
    wanted = {name: value for name, value in row.fields.items() if name in row.given & EDITABLE}
    try:
        with transaction.atomic():
            cleaned = clean_changes(monitor, wanted)
            changes = _list_changes(monitor, cleaned)
            if not changes and "secrets" not in cleaned:
                return ImportOutcome(row, Fate.SAME, monitor)
            changed = actions.update(monitor, now=now, within_quota=False, **wanted)
    except ValidationError as invalid:
        return ImportOutcome(row, Fate.REFUSED, monitor, errors=invalid.message_dict)
    return ImportOutcome(row, Fate.CHANGED, changed, changes)


def _list_changes(monitor: Monitor, cleaned: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    before = {name: getattr(monitor, name) for name in cleaned if name not in ("tags", "secrets")}
    if "tags" in cleaned:
        before["tags"] = sorted(tag.name for tag in monitor.tags.all())
        cleaned = {**cleaned, "tags": sorted(cleaned["tags"])}
    return [(name, was, cleaned[name]) for name, was in before.items() if was != cleaned[name]]


def _connect(
    outcome: ImportOutcome, names: Mapping[str, Monitor], awaited: Collection[str], *, now: datetime
) -> None:
    """Let the monitor depend on those that its row names, as ``names`` has them. Those that are ``awaited``
    are not there yet."""
    monitor = outcome.monitor
    needs = [name for name in outcome.row.needs if name in names or name not in awaited]
    if monitor is None or outcome.fate == Fate.REFUSED:
        return
    if missing := [name for name in needs if name not in names]:
        outcome.fate, outcome.errors = (
            Fate.REFUSED,
            {"depends_on": [f"There is no monitor {missing[0]!r}."]},
        )
        return
    was = {needed.pk: needed.name for needed in monitor.depends_on.all()}
    wanted = {names[name].pk: name for name in needs}
    if was.keys() == wanted.keys():
        return
    try:
        services.update_monitor(monitor, now=now, depends_on=list(wanted))
    except ValidationError as invalid:
        outcome.fate, outcome.errors = Fate.REFUSED, invalid.message_dict
        return
    if outcome.fate != Fate.NEW:
        outcome.fate = Fate.CHANGED
        outcome.changes.append(("depends_on", sorted(was.values()), sorted(wanted.values())))
