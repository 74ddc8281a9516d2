"""Changes of a monitor into incidents: the usual way, and the way for a history that was read again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from incidents.models import Incident, IncidentKind, IncidentQuerySet, IncidentStatus
from incidents.services import add_past_incident, close_incident, open_incident, retract
from monitors.models import Monitor, Result
from monitors.recording import Late
from monitors.result_json import result_json
from monitors.transitions import Change, Recovered, WentDown

RECOVERED = "The monitor recovered."


class IncidentChange(models.TextChoices):
    """What can happen to an incident. ``MISSED``: the safety net found that alerts are behind it."""

    OPENED = "opened"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UPDATED = "updated"
    EDITED = "edited"
    DELETED = "deleted"
    MISSED = "missed"


class EndedBy(models.TextChoices):
    """What ended the trouble of a monitor that did not recover. ``DATA``: it has data again."""

    PAUSED = "paused"
    DELETED = "deleted"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """What happened to an incident: what those who tell people must know."""

    event: IncidentChange
    incident: Incident
    ended_by: str = ""
    """Of one that is resolved because nobody watches its monitor any more: why nobody does."""


def read_causes(wanted: Iterable[tuple[int, WentDown]]) -> dict[tuple[int, datetime, str], dict[str, Any]]:
    """The results that opened incidents, as the API shows them; one statement for all."""
    asked = Q()
    for monitor_id, change in wanted:
        asked |= Q(monitor_id=monitor_id, scheduled_at=change.at, region=change.region)
    rows = Result.objects.filter(asked) if asked else Result.objects.none()
    return {(row.monitor_id, row.scheduled_at, row.region): result_json(row) for row in rows}


def apply_changes(changes: Mapping[Monitor, Sequence[Change]]) -> list[IncidentEvent]:
    """Open and resolve incidents as the monitors' ``changes`` say. Called inside the recorder's
    transaction."""
    if not changes:
        return []
    downs = [(m.pk, c) for m, found in changes.items() for c in found if isinstance(c, WentDown)]
    causes = read_causes(downs)
    ids = [monitor.pk for monitor in changes]
    open_now = {i.open_monitor_id: i for i in Incident.objects.filter(open_monitor_id__in=ids).order_by("pk")}
    events: list[IncidentEvent] = []
    for monitor, found in changes.items():
        for change in found:
            if isinstance(change, WentDown):
                cause = causes.get((monitor.pk, change.at, change.region))
                incident = open_incident(monitor, started_at=change.at, cause=cause)
                if incident:
                    open_now[monitor.pk] = incident
                    events.append(IncidentEvent(IncidentChange.OPENED, incident))
            elif incident := open_now.pop(monitor.pk, None):
                close_incident(incident, at=max(change.at, incident.started_at), text=RECOVERED)
                events.append(IncidentEvent(IncidentChange.RESOLVED, incident))
    return events


def was_down(monitor: Monitor, at: datetime) -> bool:
    """Whether an automatic incident of the monitor covers ``at``."""
    return (
        _automatic(monitor)
        .filter(Q(resolved_at__isnull=True) | Q(resolved_at__gt=at), started_at__lt=at)
        .exists()
    )


def _automatic(monitor: Monitor) -> IncidentQuerySet:
    return Incident.objects.filter(monitor=monitor, kind=IncidentKind.AUTOMATIC, retracted=False)


@dataclass(slots=True)
class _Outage:
    down: WentDown | None  # None: it began before the history that was read
    until: datetime | None = None


def _outages(changes: Sequence[Change], *, was_down: bool) -> list[_Outage]:
    outages = [_Outage(None)] if was_down else []
    for change in changes:
        if isinstance(change, WentDown):
            outages.append(_Outage(change))
        elif isinstance(change, Recovered) and outages:
            outages[-1].until = change.at
    return outages


def rewrite_incidents(late: Late) -> list[IncidentEvent]:
    """Read the history of a monitor whose results came late again, and make its incidents tell what it tells.

    An incident keeps its row where the outages overlap; one that never was is retracted, not deleted; what a
    person resolved stays resolved. The events are only those that concern the present.
    """
    down_before = was_down(late.monitor, late.start)
    changes = late.believe(was_down=down_before)
    return rewrite(late.monitor, changes, since=late.counts_from, was_down=down_before)


def rewrite(
    monitor: Monitor, changes: Sequence[Change], *, since: datetime, was_down: bool
) -> list[IncidentEvent]:
    """Make the incidents that touch ``[since, now)`` tell what ``changes`` tell."""
    outages = [o for o in _outages(changes, was_down=was_down) if o.until is None or o.until >= since]
    touched = _automatic(monitor).filter(Q(resolved_at__isnull=True) | Q(resolved_at__gte=since))
    existing = list(touched.select_for_update().order_by("started_at", "pk"))
    pairs = [(outage, _take_match(outage, existing)) for outage in outages]
    events = []
    for left_over in existing:
        if left_over.resolved_by_id is None:
            was_open = left_over.resolved_at is None
            retract(left_over, at=since)
            events += [IncidentEvent(IncidentChange.RESOLVED, left_over)] if was_open else []
    causes = read_causes((monitor.pk, o.down) for o in outages if o.down)
    for outage, incident in pairs:
        cause = causes.get((monitor.pk, outage.down.at, outage.down.region)) if outage.down else None
        events += _write(monitor, outage, incident, cause)
    return events


def _take_match(outage: _Outage, existing: list[Incident]) -> Incident | None:
    """The first incident that overlaps the outage; it is taken out of ``existing``."""
    for incident in existing:
        starts_before_end = outage.until is None or incident.started_at <= outage.until
        ends_after_start = (
            outage.down is None or incident.resolved_at is None or incident.resolved_at >= outage.down.at
        )
        if starts_before_end and ends_after_start:
            existing.remove(incident)
            return incident
    return None


def _write(
    monitor: Monitor, outage: _Outage, incident: Incident | None, cause: Mapping[str, Any] | None
) -> list[IncidentEvent]:
    if incident is None:
        if outage.down is None:
            return []  # it was resolved by hand, or lies before what is kept
        if outage.until is not None:
            add_past_incident(monitor, started_at=outage.down.at, resolved_at=outage.until, cause=cause)
            return []
        incident = open_incident(monitor, started_at=outage.down.at, cause=cause)
        return [IncidentEvent(IncidentChange.OPENED, incident)] if incident else []
    if outage.down and incident.started_at != outage.down.at:
        incident.started_at, incident.cause = outage.down.at, cause
        incident.save(update_fields=["started_at", "cause"])
    if incident.resolved_by_id is None and incident.resolved_at != outage.until:
        return _move_end(monitor, incident, outage.until)
    return []


def _move_end(monitor: Monitor, incident: Incident, until: datetime | None) -> list[IncidentEvent]:
    if incident.resolved_at is None and until is not None:
        close_incident(incident, at=until, text=RECOVERED)
        return [IncidentEvent(IncidentChange.RESOLVED, incident)]
    incident.resolved_at = until
    if until is None:
        incident.status, incident.open_monitor = IncidentStatus.INVESTIGATING, monitor
    incident.save(update_fields=["resolved_at", "status", "open_monitor"])
    return [IncidentEvent(IncidentChange.OPENED, incident)] if until is None else []
