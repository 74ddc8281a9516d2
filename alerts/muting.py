"""What keeps a trouble from being told for now: maintenance, a monitor that it depends on, and flapping."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.escalation import STABLE
from alerts.models import Reason, Trouble, TroubleKind
from incidents.maintenance import maintenance_ends
from monitors.dependencies import Edges, reach, read_edges, turn_round

PARENT_WAIT = timedelta(seconds=20)
"""A monitor that depends on another waits so long, for that one to be found down as well."""
CHILD_WAIT = timedelta(seconds=75)
"""And so long after that one has recovered, to recover too."""
FLAP_WITHIN, FLAP_OVER = timedelta(minutes=30), 3
"""More incidents of a monitor than these within that time are flapping."""


@dataclass(frozen=True, slots=True)
class Mute:
    """``until`` when; ``held`` until that which holds it tells; ``by`` what."""

    held: bool = False
    until: datetime | None = None
    by: Reason = Reason.DEPENDENCY


def find_mutes(troubles: Sequence[Trouble], *, now: datetime) -> dict[int, Mute]:
    """By trouble, what mutes it; those that nothing mutes are left out. Up to six statements."""
    watched = [t for t in troubles if t.monitor_id is not None and t.closed_at is None]
    if not watched:
        return {}
    maintained = _maintenance_ends(watched, now=now)
    edges = read_edges({trouble.team_id for trouble in watched})
    parents = {t.pk: reach([t.monitor_id], edges) for t in watched if t.monitor_id and t.monitor_id in edges}
    troubled = _read_parents({parent for found in parents.values() for parent in found}, now=now)
    mutes = {}
    for trouble in watched:
        found = parents.get(trouble.pk, set())
        is_child = bool(found) and trouble.kind == TroubleKind.INCIDENT
        held = is_child and any(parent in troubled and troubled[parent] is None for parent in found)
        ends = [maintained.get(trouble.monitor_id or 0)]
        if is_child:
            ends += [trouble.told_from + PARENT_WAIT]
            ends += [end + CHILD_WAIT for parent in found if (end := troubled.get(parent))]
        until = max((end for end in ends if end and end > now), default=None)
        if held or until:
            by = Reason.MAINTENANCE if trouble.monitor_id in maintained else Reason.DEPENDENCY
            mutes[trouble.pk] = Mute(held, until, by)
    return mutes


def _maintenance_ends(troubles: Sequence[Trouble], *, now: datetime) -> Mapping[int, datetime]:
    """By monitor, when the maintenance that covers it now ends."""
    ids = {trouble.monitor_id for trouble in troubles if trouble.monitor_id is not None}
    return maintenance_ends(ids, team_ids={trouble.team_id for trouble in troubles}, now=now)


def _read_parents(ids: Collection[int], *, now: datetime) -> dict[int, datetime | None]:
    """Of ``ids``, those that are down (None) or were until a moment ago (when it ended). Of one without data
    nobody knows whether it still is."""
    if not ids:
        return {}
    lost = Trouble.objects.filter(monitor_id__in=ids, kind=TroubleKind.NO_DATA, closed_at__isnull=True)
    ids = set(ids) - set(lost.values_list("monitor_id", flat=True))
    recent = Trouble.objects.filter(monitor_id__in=ids, kind=TroubleKind.INCIDENT)
    rows = [
        *recent.filter(closed_at__gt=now - CHILD_WAIT).values_list("monitor_id", "closed_at"),
        *recent.filter(closed_at__isnull=True).values_list("monitor_id", "closed_at"),
    ]
    return {monitor_id: closed_at for monitor_id, closed_at in rows if monitor_id is not None}


def wake_dependents(troubles: Iterable[Trouble], *, now: datetime) -> None:
    """Have the open troubles of monitors that depend on these looked at again: their parent changed."""
    kinds = (TroubleKind.INCIDENT, TroubleKind.NO_DATA)
    changed = [t for t in troubles if t.kind in kinds and t.monitor_id is not None]
    edges: Edges = read_edges({t.team_id for t in changed}) if changed else {}
    children = reach([t.monitor_id for t in changed if t.monitor_id], turn_round(edges)) if edges else set()
    if children:
        Trouble.objects.filter(
            monitor_id__in=children, closed_at__isnull=True, kind=TroubleKind.INCIDENT
        ).update(look_at=now)


def update_flapping(troubles: Sequence[Trouble], *, now: datetime) -> set[int]:
    """Tie troubles that come too often to the first that tells of it (``flaps``); the ids of all that are
    followed by a newer one of their monitor. Two statements, none where no incident is new."""
    ids = {t.monitor_id for t in troubles if t.kind == TroubleKind.INCIDENT and t.monitor_id is not None}
    if not ids:
        return set()
    recent: dict[int, list[Trouble]] = {}
    found = Trouble.objects.filter(
        monitor_id__in=ids, kind=TroubleKind.INCIDENT, opened_at__gt=now - FLAP_WITHIN - STABLE
    )
    for trouble in found.order_by("opened_at", "pk"):
        recent.setdefault(trouble.monitor_id or 0, []).append(trouble)
    here = {trouble.pk: trouble for trouble in troubles}
    tied, followed = [], set[int]()
    for history in recent.values():
        followed |= {trouble.pk for trouble in history[:-1]}
        for index, trouble in enumerate(history):
            if trouble.pk in here and trouble.flaps_id is None and (head := _find_head(history[: index + 1])):
                trouble.flaps_id = here[trouble.pk].flaps_id = head
                tied.append(trouble)
    Trouble.objects.bulk_update(tied, ["flaps"])
    return followed


def _find_head(history: Sequence[Trouble]) -> int | None:
    """The trouble that tells of the flapping which the last of ``history`` is part of; None if it is none.

    It goes on while the next one comes before the monitor was stable; it begins with the one too many.
    """
    *before, last = history
    if before and (previous := before[-1]).flaps_id is not None:
        calm_from = previous.closed_at
        if calm_from is not None and last.opened_at - calm_from < STABLE:
            return previous.flaps_id
    near = [trouble for trouble in history if last.opened_at - trouble.opened_at < FLAP_WITHIN]
    return last.pk if len(near) > FLAP_OVER else None
