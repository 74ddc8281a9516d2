"""From what happened to what there is to tell: one row for each thing that is wrong, however often it is
seen.

Nothing is decided here about who is told; see ``planning``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import Team
from alerts.models import Event, Trouble, TroubleKind
from incidents.models import Incident, IncidentKind
from incidents.reconcile import IncidentEvent
from monitors.models import Monitor
from monitors.transitions import State
from probes.errors import ErrorCode
from probes.result import CheckResult


def find_incident_troubles(events: Iterable[IncidentEvent], *, now: datetime) -> list[Trouble]:
    """The troubles of the incidents that ``events`` are of, those that are new made, the others as they
    are now.

    Three statements for any number of events.
    """
    incidents = {event.incident.pk: event.incident for event in events if event.incident.pk}
    known = {t.incident_id: t for t in Trouble.objects.filter(incident_id__in=incidents)}
    new = [_from_incident(i, now=now) for pk, i in sorted(incidents.items()) if pk not in known]
    if new:
        Trouble.objects.bulk_create(new)
        known |= {
            t.incident_id: t for t in Trouble.objects.filter(incident_id__in=[n.incident_id for n in new])
        }
    changed = [trouble for pk, trouble in known.items() if pk and _follow(trouble, incidents[pk], now=now)]
    Trouble.objects.bulk_update(changed, ["opened_at", "closed_at", "title", "told_from", "round"])
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
    return Event.HEARTBEAT_LATE if monitor and monitor.kind == "heartbeat" else Event.DOWN


def _follow(trouble: Trouble, incident: Incident, *, now: datetime) -> bool:
    """Copy what the incident says by now; an incident that late results open again is told again."""
    if trouble.closed_at is not None and incident.resolved_at is None:
        trouble.round, trouble.told_from = trouble.round + 1, now
    before = (trouble.opened_at, trouble.closed_at, trouble.title)
    trouble.opened_at, trouble.closed_at, trouble.title = (
        incident.started_at,
        incident.resolved_at,
        incident.title,
    )
    return before != (trouble.opened_at, trouble.closed_at, trouble.title)


# What opens by a result's code, if the monitor is degraded: the trouble, its event, and its title's words.
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
    """What a batch made of a monitor that was, or is, worse than it should be without being down."""

    monitor: Monitor
    before: State
    after: State
    result: CheckResult  # the newest of the batch


def find_turns(seen: Iterable[Turn]) -> list[Turn]:
    """Those that there may be something to tell of: most monitors were up and are up.

    Whoever comes up counts, wherever from: a domain that expired was down in between.
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


def find_degraded_troubles(turns: Sequence[Turn], *, now: datetime) -> list[Trouble]:
    """The troubles that ``turns`` open or close. A certificate or a domain that expires is one trouble until
    it is renewed, whatever happens between; slowness is one for each spell. Up to four statements for any
    number of turns.
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
    Trouble.objects.bulk_update(touched, ["closed_at"])
    new = {t.key: t for turn in turns if (t := _from_turn(turn, open_now, now=now))}
    known = set(Trouble.objects.filter(key__in=list(new)).values_list("key", flat=True)) if new else set()
    Trouble.objects.bulk_create([trouble for key, trouble in new.items() if key not in known])
    return touched + list(Trouble.objects.filter(key__in=set(new) - known) if set(new) - known else ())


def _is_over(trouble: Trouble, turns: Sequence[Turn]) -> bool:
    """A spell ends when the monitor is degraded no more; the trouble of what expires when a check finds it
    good."""
    turn = next(turn for turn in turns if turn.monitor.pk == trouble.monitor_id)
    if turn.after is State.DEGRADED and turn.result.error_code in _EXPIRING:
        return trouble.kind == TroubleKind.DEGRADED
    return turn.after is State.UP or (turn.after is State.DOWN and trouble.kind == TroubleKind.DEGRADED)


def _from_turn(turn: Turn, open_now: Iterable[Trouble], *, now: datetime) -> Trouble | None:
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
        cause={
            "error_code": result.error_code,
            "error": result.error or "Some of its regions find it down.",
            "region": result.region,
        },
        opened_at=begins,
        told_from=now,
    )


def _expiry_of(kind: TroubleKind, result: CheckResult) -> datetime | None:
    """It makes the key: what is renewed and expires again is told again."""
    if kind is TroubleKind.CERTIFICATE:
        return result.tls_expires_at
    return result.domain_expires_at if kind is TroubleKind.DOMAIN else None


@dataclass(frozen=True, slots=True)
class Burn:
    """An alert of an error budget, as its app tells it. ``key`` is its identity."""

    key: str
    team: Team
    monitor: Monitor | None
    title: str
    sentence: str
    opened_at: datetime
    closed_at: datetime | None


def find_budget_troubles(burns: Sequence[Burn], *, now: datetime) -> list[Trouble]:
    """The troubles of ``burns``: all alerts that are open, and whichever closed. One that is open here
    and not among them was closed or deleted elsewhere, and is closed."""
    given = {f"budget:{burn.key}": burn for burn in burns}
    budgets = Trouble.objects.filter(kind=TroubleKind.BUDGET)
    known = {t.key: t for t in budgets.filter(Q(closed_at__isnull=True) | Q(key__in=list(given)))}
    changed = []
    for key, trouble in known.items():
        closed_at = given[key].closed_at if key in given else now
        if trouble.closed_at is None and closed_at is not None:
            trouble.closed_at = closed_at
            changed.append(trouble)
    Trouble.objects.bulk_update(changed, ["closed_at"])
    new = [_from_burn(key, burn, now=now) for key, burn in given.items() if key not in known]
    Trouble.objects.bulk_create(new)
    return changed + list(Trouble.objects.filter(key__in=[t.key for t in new]) if new else ())


def _from_burn(key: str, burn: Burn, *, now: datetime) -> Trouble:
    return Trouble(
        team=burn.team,
        kind=TroubleKind.BUDGET,
        key=key,
        monitor=burn.monitor,
        event=Event.SLO_BURNING,
        title=burn.title[:200],
        cause={"error_code": "", "error": burn.sentence},
        opened_at=burn.opened_at,
        closed_at=burn.closed_at,
        told_from=now,
    )


def find_missed(*, most: int = 200) -> list[IncidentEvent]:
    """Incidents whose trouble does not say what they say: changed where nobody told, or before we could.

    The safety net under every path that changes an incident; two index look-ups of what is open.
    """
    behind = Trouble.objects.filter(closed_at__isnull=True, incident__resolved_at__isnull=False)
    untold = Incident.objects.filter(open_monitor__isnull=False, trouble__isnull=True)
    missed: Mapping[int, Any] = {
        incident.pk: incident
        for incident in [
            *Incident.objects.filter(pk__in=list(behind.values_list("incident_id", flat=True)[:most])),
            *untold.select_related("monitor")[:most],
        ]
    }
    return [IncidentEvent("missed", incident) for _, incident in sorted(missed.items())]
