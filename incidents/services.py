"""What may happen to an incident, by the pipeline and by people. Each function is one transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Team, User
from accounts.quotas import lock_quotas, require_within
from core.errors import RuleViolation
from incidents.models import Incident, IncidentKind, IncidentStatus, MaintenanceWindow, Severity, Update
from incidents.occurrences import find_last_start
from monitors.models import Monitor, Tag

# The pipeline's side


@transaction.atomic
def open_incident(
    monitor: Monitor, *, started_at: datetime, cause: Mapping[str, Any] | None
) -> Incident | None:
    """Open the monitor's automatic incident. None when one is open already; of two callers at once, one opens
    it."""
    fields = _automatic_fields(monitor, started_at=started_at, cause=cause)
    incident, created = Incident.objects.get_or_create(open_monitor=monitor, defaults=fields)
    if not created:
        return None
    say(incident, _what_failed(cause), at=started_at)
    return incident


@transaction.atomic
def add_past_incident(
    monitor: Monitor, *, started_at: datetime, resolved_at: datetime, cause: Mapping[str, Any] | None
) -> Incident:
    """An incident that late results tell of, over before anybody knew."""
    fields = _automatic_fields(monitor, started_at=started_at, cause=cause)
    incident = Incident.objects.create(**fields)
    say(incident, _what_failed(cause), at=started_at)
    close_incident(
        incident, at=resolved_at, text="The monitor recovered. The results of this outage came late."
    )
    return incident


def _automatic_fields(
    monitor: Monitor, *, started_at: datetime, cause: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "team_id": monitor.team_id,
        "monitor": monitor,
        "title": f"{monitor.name} is down"[:200],
        "kind": IncidentKind.AUTOMATIC,
        "severity": Severity.MAJOR,
        "cause": cause,
        "started_at": started_at,
    }


def _what_failed(cause: Mapping[str, Any] | None) -> str:
    return (cause or {}).get("error") or "The monitor went down."


@transaction.atomic
def close_incident(incident: Incident, *, at: datetime, text: str) -> None:
    """Resolve an incident at ``at``, not before its start; one that is resolved already is left as it is.

    A conditional UPDATE, for a person may resolve it at the same moment: the first one counts.
    """
    at = max(at, incident.started_at)
    closed = (
        Incident.objects.filter(pk=incident.pk)
        .exclude(status=IncidentStatus.RESOLVED)
        .update(status=IncidentStatus.RESOLVED, resolved_at=at, open_monitor=None)
    )
    incident.refresh_from_db(fields=["status", "resolved_at", "resolved_by", "open_monitor"])
    if closed:
        say(incident, text, at=at)


@transaction.atomic
def close_open_incidents(monitor_ids: Iterable[int], *, at: datetime, text: str) -> list[Incident]:
    """Resolve what is open for monitors that are watched no more; those that were."""
    found = Incident.objects.select_for_update().filter(open_monitor_id__in=list(monitor_ids)).order_by("pk")
    closed = list(found)
    for incident in closed:
        close_incident(incident, at=at, text=text)
    return closed


def say(incident: Incident, text: str, *, at: datetime, author: User | None = None) -> Update:
    """Add to the timeline what is the case now."""
    return Update.objects.create(incident=incident, at=at, status=incident.status, text=text, author=author)


def say_while_open(monitor_ids: Iterable[int], text: str, *, at: datetime) -> None:
    """Add to the timeline of the incidents that are open for these monitors."""
    for incident in Incident.objects.filter(open_monitor_id__in=list(monitor_ids)).order_by("pk"):
        say(incident, text, at=at)


# People's side


def open_manual(
    team: Team,
    *,
    title: str,
    author: User,
    now: datetime,
    monitor: Monitor | None = None,
    severity: str = Severity.MAJOR,
    status: str = IncidentStatus.INVESTIGATING,
    text: str = "",
    started_at: datetime | None = None,
) -> Incident:
    """Open an incident by hand, with its first update."""
    if status == IncidentStatus.RESOLVED:
        raise RuleViolation("A new incident cannot be resolved already; open it, then resolve it.")
    with transaction.atomic():
        incident = Incident.objects.create(
            team=team,
            monitor=monitor,
            title=title,
            severity=severity,
            status=status,
            started_at=started_at or now,
        )
        say(incident, text or "We are investigating.", at=now, author=author)
    return incident


def _lock(incident: Incident) -> Incident:
    return Incident.objects.select_for_update().get(pk=incident.pk)


def acknowledge(incident: Incident, *, author: User | None, now: datetime, text: str = "") -> Incident:
    """Say that somebody works on the incident. A second call changes nothing: the first person stays named.

    Without an author, ``text`` must say who it was.
    """
    with transaction.atomic():
        locked = _lock(incident)
        if locked.status == IncidentStatus.RESOLVED:
            raise RuleViolation("This incident is resolved; there is nothing to acknowledge.")
        if locked.acknowledged_at is None:
            locked.acknowledged_at, locked.acknowledged_by = now, author
            locked.save(update_fields=["acknowledged_at", "acknowledged_by"])
            who = (author.name or author.email) if author else ""
            say(locked, text or f"Acknowledged by {who}.", at=now, author=author)
    return locked


def add_update(incident: Incident, *, text: str, author: User, now: datetime, status: str = "") -> Update:
    """Add to the timeline; ``status`` moves the incident. Resolving goes through ``resolve``."""
    if status == IncidentStatus.RESOLVED:
        resolve(incident, author=author, now=now, text=text)
        return Update.objects.filter(incident=incident).latest("at", "pk")
    with transaction.atomic():
        locked = _lock(incident)
        if status and status != locked.status:
            if locked.status == IncidentStatus.RESOLVED:
                raise RuleViolation("This incident is resolved; open a new one for new trouble.")
            locked.status = status
            locked.save(update_fields=["status"])
        return say(locked, text, at=now, author=author)


def resolve(incident: Incident, *, author: User, now: datetime, text: str = "") -> Incident:
    """Resolve by hand. A monitor that stays down opens no second incident until it has recovered once."""
    with transaction.atomic():
        locked = _lock(incident)
        if locked.status == IncidentStatus.RESOLVED:
            raise RuleViolation("This incident is resolved already.")
        locked.status, locked.open_monitor = IncidentStatus.RESOLVED, None
        locked.resolved_at, locked.resolved_by = max(now, locked.started_at), author
        locked.save(update_fields=["status", "resolved_at", "resolved_by", "open_monitor"])
        say(locked, text or f"Resolved by {author.name or author.email}.", at=now, author=author)
    return locked


@transaction.atomic
def retract(incident: Incident, *, at: datetime) -> None:
    """Late results showed that this never was. The row stays, for it was told to people."""
    close_incident(incident, at=at, text="A result that came late showed no outage here.")
    incident.retracted = True
    incident.save(update_fields=["retracted"])


def edit_incident(incident: Incident, *, title: str | None = None, severity: str | None = None) -> None:
    """Change how an incident is called or how bad it is; what happened stays."""
    incident.title = incident.title if title is None else title
    incident.severity = incident.severity if severity is None else severity
    incident.save(update_fields=["title", "severity"])


def delete_incident(incident: Incident) -> None:
    """Take back what a person wrote. What the checks found is a record, and stays."""
    if incident.kind == IncidentKind.AUTOMATIC:
        raise RuleViolation(
            "An automatic incident is a record of what was found and cannot be deleted; resolve it."
        )
    incident.delete()


# Planned trouble


def save_window(
    window: MaintenanceWindow,
    *,
    monitors: Iterable[Monitor] | None = None,
    tags: Iterable[Tag] | None = None,
    within_quota: bool = True,
) -> MaintenanceWindow:
    """Save a window and what it covers; None leaves that as it is. The caller has asked
    ``find_window_faults``.

    Raises ``QuotaReached``, unless ``within_quota`` is False.
    """
    window.last_starts_at = find_last_start(
        starts_at=window.starts_at, rule=window.rrule, zone=window.timezone
    )
    counts = within_quota and window.pk is None
    with transaction.atomic():
        if counts:
            lock_quotas(window.team_id)
        window.save()
        if counts:
            has = MaintenanceWindow.objects.filter(team_id=window.team_id).count()
            require_within(window.team_id, "maintenance_windows", has=has)
        if monitors is not None:
            window.monitors.set(monitors)
        if tags is not None:
            window.tags.set(tags)
    return window
