"""What spells leave behind: changed or missing results, incidents, and what is believed in the end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from core.instants import from_ms
from incidents.models import Incident, IncidentKind, IncidentStatus, Severity, Update
from monitors.models import Heartbeat, Monitor, RegionState, Result
from monitors.result_json import PHASES, result_json
from monitors.transitions import State
from probes.registry import HEARTBEAT
from simulation.episodes import Spell, SpellKind
from simulation.monitors import Player
from simulation.reasons import reason_of
from simulation.rows import SLOW_FACTOR

SPELLS_AT_ONCE = 200
END_OF_TIME_MS = 2**62
_EFFECTS = {
    SpellKind.SLOW: "UPDATE monitors_result SET status = 'degraded', error_code = 'slow', error = %s, "
    + ", ".join(f"{phase} = {phase} * {SLOW_FACTOR}" for phase in PHASES),
    SpellKind.GAP: "DELETE FROM monitors_result",
    SpellKind.MAINTENANCE: "UPDATE monitors_result SET in_maintenance = 1",
}
_DOWN = "UPDATE monitors_result SET status = 'down', error_code = %s, error = %s, http_status = %s"
_UNANSWERED = ", address = '', http_version = '', size_bytes = NULL, tls_expires_at = NULL, " + ", ".join(
    f"{phase} = NULL" for phase in PHASES
)


@dataclass(frozen=True, slots=True)
class SimulatedOutage:
    player: Player
    started_at: datetime
    resolved_at: datetime | None


def befall(player: Player, spell: Spell) -> int:
    """Change the stored results of a spell, or delete those of a gap; by how many there are fewer now."""
    statement, values = _EFFECTS.get(spell.kind, ""), list[Any]()
    if spell.kind is SpellKind.OUTAGE:
        reason = reason_of(player.monitor.kind, spell.reason)
        values = [reason.code.value, reason.sentence, reason.http_status]
        answered = reason.http_status or player.monitor.kind == HEARTBEAT
        statement = _DOWN if answered else _DOWN + _UNANSWERED
    elif spell.kind is SpellKind.SLOW:
        limit_ms = player.monitor.config["degraded_ms"]
        values = [f"Expected an answer within {limit_ms} ms, took longer."]
    end_ms = END_OF_TIME_MS if spell.end_ms is None else spell.end_ms
    with connection.cursor() as cursor:
        cursor.execute(
            f"{statement} WHERE monitor_id = %s AND scheduled_at >= %s AND scheduled_at < %s",
            [*values, player.monitor.pk, spell.start_ms, end_ms],
        )
        return int(cursor.rowcount) if spell.kind is SpellKind.GAP else 0


def outages_of(player: Player, spells: Iterable[Spell]) -> list[SimulatedOutage]:
    return [
        SimulatedOutage(player, from_ms(s.start_ms), None if s.end_ms is None else from_ms(s.end_ms))
        for s in spells
        if s.kind is SpellKind.OUTAGE
    ]


# Incidents

Shifts = Callable[[SimulatedOutage], Iterable[timedelta]]


def tell_outages(outages: Sequence[SimulatedOutage], shifts: Shifts) -> int:
    """Store an incident for each outage, and for its copies earlier by ``shifts``; how many were stored."""
    return sum(
        _tell(outages[first : first + SPELLS_AT_ONCE], shifts)
        for first in range(0, len(outages), SPELLS_AT_ONCE)
    )


@transaction.atomic
def _tell(outages: Sequence[SimulatedOutage], shifts: Shifts) -> int:
    causes = _read_causes(outages)
    last = Incident.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    unsaved = [
        _incident(outage, causes[outage.player.monitor.pk, outage.started_at], shift)
        for outage in outages
        for shift in (timedelta(), *shifts(outage))
    ]
    Incident.objects.bulk_create(unsaved, batch_size=100)
    ids = {outage.player.monitor.pk for outage in outages}
    stored = list(Incident.objects.filter(pk__gt=last, monitor_id__in=ids).order_by("pk"))
    Update.objects.bulk_create(
        [update for incident in stored for update in _timeline(incident)], batch_size=500
    )
    return len(stored)


def _read_causes(outages: Sequence[SimulatedOutage]) -> dict[tuple[int, datetime], Result]:
    asked = Q()
    for outage in outages:
        asked |= Q(monitor_id=outage.player.monitor.pk, scheduled_at=outage.started_at)
    return {(result.monitor_id, result.scheduled_at): result for result in Result.objects.filter(asked)}


def _incident(outage: SimulatedOutage, cause: Result, shift: timedelta) -> Incident:
    monitor, resolved_at = outage.player.monitor, outage.resolved_at
    told = result_json(_shifted(cause, shift)) if shift else result_json(cause)
    return Incident(
        team_id=monitor.team_id,
        monitor=monitor,
        open_monitor=monitor if resolved_at is None else None,
        title=f"{monitor.name} is down"[:200],
        kind=IncidentKind.AUTOMATIC,
        severity=Severity.MAJOR,
        status=IncidentStatus.INVESTIGATING if resolved_at is None else IncidentStatus.RESOLVED,
        cause=told,
        started_at=outage.started_at - shift,
        resolved_at=None if resolved_at is None else resolved_at - shift,
        created_at=outage.started_at - shift,
    )


def _shifted(result: Result, shift: timedelta) -> Result:
    moved = ("scheduled_at", "checked_at", "tls_expires_at")
    columns = {field.attname: getattr(result, field.attname) for field in Result._meta.concrete_fields}
    columns |= {name: columns[name] and columns[name] - shift for name in moved}
    return Result(**columns)


def _timeline(incident: Incident) -> list[Update]:
    said = [
        Update(
            incident=incident,
            at=incident.started_at,
            status=IncidentStatus.INVESTIGATING,
            text=incident.cause["error"] if incident.cause else "The monitor went down.",
        )
    ]
    if incident.resolved_at:
        said.append(
            Update(
                incident=incident,
                at=incident.resolved_at,
                status=IncidentStatus.RESOLVED,
                text="The monitor recovered.",
            )
        )
    return said


# What is believed in the end


def believe(spells: Mapping[Player, Sequence[Spell]], *, born_at: datetime, now: datetime) -> None:
    """Store what the region believes of each monitor after its last spell, and when a job last called."""
    states = [_state(player, some, born_at) for player, some in spells.items()]
    RegionState.objects.bulk_create(states, batch_size=500)
    now_ms = int(now.timestamp() * 1000)
    heartbeats = [
        Heartbeat(pk=p.monitor.pk, last_ping_at=from_ms(p.source.slot(now_ms) - p.source.step_ms))
        for p in spells
        if p.monitor.kind == HEARTBEAT
    ]
    Heartbeat.objects.bulk_update(heartbeats, ["last_ping_at"], batch_size=200)


def _state(player: Player, spells: Sequence[Spell], born_at: datetime) -> RegionState:
    monitor: Monitor = player.monitor
    state = RegionState(
        monitor=monitor,
        region=monitor.watched_from[0],
        state=State.UP,
        counted_from=born_at,
        changed_at=born_at,
    )
    felt = [spell for spell in spells if spell.kind in (SpellKind.OUTAGE, SpellKind.SLOW)]
    if felt:
        last = felt[-1]
        state.changed_at = from_ms(last.start_ms if last.end_ms is None else last.end_ms)
        if last.end_ms is None and last.kind is SpellKind.OUTAGE:
            state.state, state.failures = State.DOWN, monitor.fail_after
            state.first_failed_at = from_ms(last.start_ms)
            confirmed_ms = last.start_ms + (monitor.fail_after - 1) * player.source.step_ms
            state.changed_at = from_ms(confirmed_ms)
        elif last.end_ms is None:
            state.state = State.DEGRADED
    return state
