"""Open, change and close troubles: one row for each thing that is wrong, however often it is seen.

Who is told of a trouble is decided in ``alerts/planning.py``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from alerts.models import Event, Trouble, TroubleKind
from core.instants import to_ms
from core.isolation import do_each
from incidents.models import Incident, IncidentKind
from incidents.reconcile import EndedBy, IncidentChange, IncidentEvent
from monitors.models import Monitor
from monitors.no_data import monitors_without_data, read_no_data
from monitors.transitions import State
from probes.errors import ErrorCode
from probes.expiry import find_passed
from probes.registry import HEARTBEAT
from probes.result import CheckResult


def open_troubles(new: Sequence[Trouble]) -> list[Trouble]:
    """Store those whose key is free, and return them as stored.

    A taken key was told of before, or its row was spoilt and is found by nothing but its key. Such a row
    keeps no other trouble from being opened. Three statements.
    """
    by_key = {trouble.key: trouble for trouble in new}
    if not by_key:
        return []
    taken = set(Trouble.objects.filter(key__in=list(by_key)).values_list("key", flat=True))
    free = [trouble for key, trouble in by_key.items() if key not in taken]
    Trouble.objects.bulk_create(free, batch_size=200)
    return list(Trouble.objects.filter(key__in=[trouble.key for trouble in free]) if free else ())


def update_incident_troubles(events: Sequence[IncidentEvent], *, now: datetime) -> list[Trouble]:
    """The troubles of the incidents of ``events``: new ones are made, the others are brought up to date.

    The number of statements does not depend on the number of events.
    """
    incidents = {event.incident.pk: event.incident for event in events if event.incident.pk}
    known = {t.incident_id: t for t in Trouble.objects.filter(incident_id__in=incidents)}
    new = [_from_incident(i, now=now) for pk, i in sorted(incidents.items()) if pk not in known]
    known |= {trouble.incident_id: trouble for trouble in open_troubles(new)}
    ended_by = {event.incident.pk: event.ended_by for event in events if event.ended_by}
    changed = [
        trouble
        for pk, trouble in known.items()
        if pk and _follow(trouble, incidents[pk], ended_by=ended_by.get(pk, ""), now=now)
    ]
    Trouble.objects.bulk_update(changed, ["opened_at", "closed_at", "title", "told_from", "round", "cause"])
    return list(known.values())


def _from_incident(incident: Incident, *, now: datetime) -> Trouble:
    return Trouble(
        team_id=incident.team_id,
        kind=TroubleKind.INCIDENT,
        key=f"incident:{incident.pk}",
        incident=incident,
        monitor_id=incident.monitor_id,
        event=_opening_event(incident),
        title=incident.title,
        cause=incident.cause,
        opened_at=incident.started_at,
        closed_at=incident.resolved_at,
        told_from=now,
    )


def _opening_event(incident: Incident) -> Event:
    if incident.kind == IncidentKind.MANUAL:
        return Event.MANUAL
    monitor = incident.monitor
    return Event.HEARTBEAT_LATE if monitor and monitor.kind == HEARTBEAT else Event.DOWN


def _follow(trouble: Trouble, incident: Incident, *, ended_by: str, now: datetime) -> bool:
    """Copy the incident's times, title and end to its trouble; return whether the trouble changed. An
    incident that late results open again is told again (``round`` goes up)."""
    cause_before = trouble.cause
    if ended_by and incident.monitor:
        # Keep the monitor's name: when the alert is sent, a deleted monitor is gone.
        trouble.cause = {
            **trouble.read_cause(),
            "ended_by": ended_by,
            "monitor_name": incident.monitor.name,
        }
    elif incident.resolved_at is None and "ended_by" in trouble.read_cause():
        kept = trouble.read_cause().items()
        trouble.cause = {name: value for name, value in kept if name not in {"ended_by", "monitor_name"}}
    if trouble.closed_at is not None and incident.resolved_at is None:
        trouble.round, trouble.told_from = trouble.round + 1, now
    before = (trouble.opened_at, trouble.closed_at, trouble.title)
    trouble.opened_at, trouble.closed_at, trouble.title = (
        incident.started_at,
        incident.resolved_at,
        incident.title,
    )
    after = (trouble.opened_at, trouble.closed_at, trouble.title)
    return before != after or trouble.cause is not cause_before


# By the error code of a degraded monitor's result: the kind of trouble, its event, and the end of its title.
_EXPIRING = {
    ErrorCode.TLS_EXPIRING.value: (
        TroubleKind.CERTIFICATE,
        Event.TLS_EXPIRING,
        "has a certificate that expires soon",
    ),
    ErrorCode.DOMAIN_EXPIRING.value: (
        TroubleKind.DOMAIN,
        Event.DOMAIN_EXPIRING,
        "has a domain that expires soon",
    ),
}
_SLOW = TroubleKind.DEGRADED, Event.DEGRADED, "is degraded"
_TOLD_BY_TURNS = [TroubleKind.DEGRADED, TroubleKind.CERTIFICATE, TroubleKind.DOMAIN]


@dataclass(frozen=True, slots=True)
class Turn:
    """The state of a monitor before and after a batch of results."""

    monitor: Monitor
    before: State
    after: State
    result: CheckResult  # the newest of the batch


def find_turns(seen: Iterable[Turn]) -> list[Turn]:
    """The turns that may open or close a trouble. Most monitors were up and are up, and are left out.

    A monitor that comes up counts, whatever it was before: with an expired domain it was down in between.
    """
    return [
        turn
        for turn in seen
        if (
            turn.before is not turn.after
            and (turn.after is State.UP or State.DEGRADED in (turn.before, turn.after))
        )
        or turn.result.error_code in _EXPIRING
    ]


def update_degraded_troubles(turns: Sequence[Turn], *, now: datetime) -> list[Trouble]:
    """Open and close the troubles of ``turns``; return the troubles that changed.

    A certificate (or domain) that expires is one trouble until it is renewed. It is told again at each of the
    monitor's thresholds, in days. Each period in which a monitor is degraded is one trouble. Up to five
    statements for any number of turns.
    """
    if not turns:
        return []
    ids = [turn.monitor.pk for turn in turns]
    open_now = list(
        Trouble.objects.filter(monitor_id__in=ids, closed_at__isnull=True, kind__in=_TOLD_BY_TURNS)
    )
    touched = [trouble for trouble in open_now if _is_over(trouble, turns)]
    for trouble in touched:
        trouble.closed_at = now
    thresholds = _read_thresholds(turns)
    nearer = [t for t in open_now if t.closed_at is None and _comes_nearer(t, turns, thresholds, now=now)]
    touched += nearer
    Trouble.objects.bulk_update(touched, ["closed_at", "round", "told_from", "cause"])
    new = {t.key: t for turn in turns if (t := _from_turn(turn, open_now, thresholds, now=now))}
    return touched + open_troubles(list(new.values()))


def _is_over(trouble: Trouble, turns: Sequence[Turn]) -> bool:
    """Whether the turn of the trouble's monitor ends the trouble.

    ``degraded`` ends when the monitor is not degraded any more, or degraded only by what expires. A
    certificate or domain is over when the monitor is up.
    """
    turn = next(turn for turn in turns if turn.monitor.pk == trouble.monitor_id)
    if turn.after is State.DEGRADED and turn.result.error_code in _EXPIRING:
        return trouble.kind == TroubleKind.DEGRADED
    return turn.after is State.UP or (turn.after is State.DOWN and trouble.kind == TroubleKind.DEGRADED)


def _from_turn(
    turn: Turn, open_now: Iterable[Trouble], thresholds: Mapping[int, Any], *, now: datetime
) -> Trouble | None:
    if turn.after is not State.DEGRADED:
        return None
    monitor, result = turn.monitor, turn.result
    kind, event, said = _EXPIRING.get(result.error_code, _SLOW)
    if any(t.monitor_id == monitor.pk and t.kind == kind and t.closed_at is None for t in open_now):
        return None
    begins = result.scheduled_at
    mark = _expiry_of(kind, result) or begins
    return Trouble(
        team_id=monitor.team_id,
        kind=kind,
        key=f"{kind}:{monitor.pk}:{int(mark.timestamp())}",
        monitor=monitor,
        event=event,
        title=f"{monitor.name[:150]} {said}",
        cause=_cause_of(result, _passed(kind, result, thresholds.get(monitor.pk, 0), now=now)),
        opened_at=begins,
        told_from=now,
    )


def _cause_of(result: CheckResult, threshold_days: int | None) -> dict[str, Any]:
    cause: dict[str, Any] = {
        "error_code": result.error_code,
        "error": result.error or "Some of its regions find it down.",
        "region": result.region,
    }
    return cause if threshold_days is None else {**cause, "threshold_days": threshold_days}


def _read_thresholds(turns: Iterable[Turn]) -> dict[int, Any]:
    """By id of the monitor whose certificate or domain expires: how many days before the end people are told
    (a number or a list)."""
    expiring = {turn.monitor.pk for turn in turns if turn.result.error_code in _EXPIRING}
    if not expiring:
        return {}
    configs = Monitor.objects.filter(pk__in=expiring).values_list("pk", "kind", "config")
    return {
        pk: config.get("expiry_days" if kind == "domain" else "tls_expiry_days", 0)
        for pk, kind, config in configs
    }


def _passed(kind: TroubleKind, result: CheckResult, thresholds: Any, *, now: datetime) -> int | None:
    end = _expiry_of(kind, result)
    return find_passed(thresholds, end - now) if end else None


def _comes_nearer(
    trouble: Trouble, turns: Iterable[Turn], thresholds: Mapping[int, Any], *, now: datetime
) -> bool:
    """Whether the end came nearer than the next threshold; then the trouble changes and is told again."""
    turn = next(turn for turn in turns if turn.monitor.pk == trouble.monitor_id)
    kind, *_ = _EXPIRING.get(turn.result.error_code, (None,))
    if kind != trouble.kind or kind is None:
        return False
    passed = _passed(kind, turn.result, thresholds.get(turn.monitor.pk, 0), now=now)
    before = (trouble.cause or {}).get("threshold_days")
    if passed is None or (before is not None and passed >= before):
        return False
    trouble.cause = _cause_of(turn.result, passed)
    if before is None:  # a row from before monitors had several thresholds
        return True
    trouble.round, trouble.told_from = trouble.round + 1, now
    return True


def _expiry_of(kind: TroubleKind, result: CheckResult) -> datetime | None:
    """When it expires; None for other kinds. It is part of the key, so after a renewal there is a new
    trouble."""
    if kind is TroubleKind.CERTIFICATE:
        return result.tls_expires_at
    return result.domain_expires_at if kind is TroubleKind.DOMAIN else None


def update_no_data_troubles(*, now: datetime) -> list[Trouble]:
    """Open a trouble for each monitor that lost its data. Close those of monitors that have data again, are
    paused or are deleted. Returns the troubles that changed.

    Only one process may call this at a time. Two statements when nothing changed.
    """
    lost = set(monitors_without_data().values_list("pk", flat=True))
    open_now = list(
        Trouble.objects.filter(kind=TroubleKind.NO_DATA, closed_at__isnull=True).select_related("monitor")
    )
    over = [trouble for trouble in open_now if trouble.monitor_id not in lost]
    for trouble in over:
        trouble.closed_at = now
        trouble.cause = {**trouble.read_cause(), "ended_by": _ended_by(trouble.monitor)}
    Trouble.objects.bulk_update(over, ["closed_at", "cause"], batch_size=200)
    new = lost - {trouble.monitor_id for trouble in open_now}
    monitors = Monitor.objects.filter(pk__in=new).prefetch_related("region_states").order_by("pk")
    make = partial(_from_no_data, now=now)
    made = do_each("tell no data", monitors if new else (), make, name=lambda one: ("monitor", one.pk))
    begun = [trouble for trouble in made if trouble is not None]
    return over + open_troubles(begun)


def _ended_by(monitor: Monitor | None) -> EndedBy:
    if monitor is None:
        return EndedBy.DELETED
    return EndedBy.DATA if monitor.enabled else EndedBy.PAUSED


def _from_no_data(monitor: Monitor, *, now: datetime) -> Trouble | None:
    lost = read_no_data(monitor.region_states.all())
    if lost is None:  # a result came a moment ago
        return None
    return Trouble(
        team_id=monitor.team_id,
        kind=TroubleKind.NO_DATA,
        key=f"no_data:{monitor.pk}:{to_ms(now)}",
        monitor=monitor,
        event=Event.MONITORING_STOPPED,
        title=f"{monitor.name[:150]} has no data",
        cause={"error_code": lost.reason_code, "error": lost.reason},
        opened_at=lost.since,
        told_from=now,
    )


def find_missed(*, but: Collection[int] = (), most: int = 200) -> list[IncidentEvent]:
    """Events for incidents that planning has missed: open incidents without a trouble, and resolved incidents
    whose trouble is still open. At most ``most`` of each; incidents in ``but`` (ids) are skipped.

    This is the safety net for every path that changes an incident.
    """
    behind = Trouble.objects.filter(closed_at__isnull=True, incident__resolved_at__isnull=False)
    untold = Incident.objects.filter(open_monitor__isnull=False, trouble__isnull=True)
    if but:
        behind, untold = behind.exclude(incident_id__in=but), untold.exclude(pk__in=but)
    ids = [
        *behind.values_list("incident_id", flat=True)[:most],
        *untold.values_list("pk", flat=True)[:most],
    ]
    missed = Incident.objects.filter(pk__in=ids).select_related("monitor").order_by("pk") if ids else ()
    return [
        IncidentEvent(IncidentChange.MISSED, incident, ended_by=_guess_end(incident)) for incident in missed
    ]


def _guess_end(incident: Incident) -> str:
    """``paused`` when the incident seems to have ended because its monitor was paused; else empty."""
    ours = incident.kind == IncidentKind.AUTOMATIC and incident.resolved_by_id is None
    paused = incident.monitor is not None and not incident.monitor.enabled
    return EndedBy.PAUSED if ours and paused and incident.resolved_at else ""
