"""What mutes a trouble for a while: maintenance, a dependency that is down, and flapping."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from alerts.escalation import STABLE
from alerts.models import Reason, Trouble, TroubleKind
from incidents.maintenance import maintenance_ends
from monitors.dependencies import Edges, reach, read_dependencies, turn_round

PARENT_WAIT = timedelta(seconds=20)
"""The alert of a monitor with a parent waits this long: the parent may be found down in that time, too."""
CHILD_WAIT = timedelta(seconds=75)
"""After the parent has recovered, the alert waits this long: the monitor may recover in that time, too."""
FLAP_WITHIN, FLAP_OVER = timedelta(minutes=30), 3
"""A monitor flaps when it has more than ``FLAP_OVER`` incidents within ``FLAP_WITHIN``."""


@dataclass(frozen=True, slots=True)
class Mute:
    """``until``: muted until then. ``held``: muted with no known end, because a parent is down; the parent's
    end wakes the trouble. ``by``: what mutes it."""

    held: bool = False
    until: datetime | None = None
    by: Reason = Reason.DEPENDENCY


def find_mutes(troubles: Sequence[Trouble], *, now: datetime) -> dict[int, Mute]:
    """By id of the trouble: what mutes it. Troubles that nothing mutes are not in the result. Up to six
    statements for any number of troubles."""
    watched = [t for t in troubles if t.monitor_id is not None and t.closed_at is None]
    if not watched:
        return {}
    maintained = _maintenance_ends(watched, now=now)
    edges = read_dependencies({trouble.team_id for trouble in watched})
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
    """By id of the monitor: when the maintenance that covers it now ends."""
    ids = {trouble.monitor_id for trouble in troubles if trouble.monitor_id is not None}
    return maintenance_ends(ids, team_ids={trouble.team_id for trouble in troubles}, now=now)


def _read_parents(ids: Collection[int], *, now: datetime) -> dict[int, datetime | None]:
    """By id of the monitor: None when it is down; the end of its incident when that ended within
    ``CHILD_WAIT``.

    Other monitors are not in the result. Nor is a monitor without data: nobody knows whether it is down.
    """
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
    """Have planning look again at the open troubles of all monitors that depend on the monitors of
    ``troubles``."""
    kinds = (TroubleKind.INCIDENT, TroubleKind.NO_DATA)
    changed = [t for t in troubles if t.kind in kinds and t.monitor_id is not None]
    edges: Edges = read_dependencies({t.team_id for t in changed}) if changed else {}
    children = reach([t.monitor_id for t in changed if t.monitor_id], turn_round(edges)) if edges else set()
    if children:
        Trouble.objects.filter(
            monitor_id__in=children, closed_at__isnull=True, kind=TroubleKind.INCIDENT
        ).update(look_at=now)


def update_flapping(troubles: Sequence[Trouble], *, now: datetime) -> set[int]:
    """Point ``flaps`` of troubles that come too often at the trouble that tells of the flapping.

    Returns the ids of the troubles whose monitor has a newer one. Two statements; none when no trouble of an
    incident is given.
    """
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


def is_followed(trouble: Trouble) -> bool:
    """Whether the trouble's monitor has a newer one; of what ``update_flapping`` returns, one."""
    if trouble.kind != TroubleKind.INCIDENT or trouble.monitor_id is None:
        return False
    newer = Q(opened_at__gt=trouble.opened_at) | Q(opened_at=trouble.opened_at, pk__gt=trouble.pk)
    return Trouble.objects.filter(newer, monitor_id=trouble.monitor_id, kind=TroubleKind.INCIDENT).exists()


def _find_head(history: Sequence[Trouble]) -> int | None:
    """The id of the trouble that tells of the flapping to which the last of ``history`` belongs; None when
    the monitor does not flap.

    Flapping begins with the trouble after ``FLAP_OVER`` others. It goes on while each next trouble begins
    before the monitor was up for ``STABLE``.
    """
    *before, last = history
    if before and (previous := before[-1]).flaps_id is not None:
        calm_from = previous.closed_at
        if calm_from is not None and last.opened_at - calm_from < STABLE:
            return previous.flaps_id
    near = [trouble for trouble in history if last.opened_at - trouble.opened_at < FLAP_WITHIN]
    return last.pk if len(near) > FLAP_OVER else None
