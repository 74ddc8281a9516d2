"""What a person can do about incidents. People are told of each change in its own transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Team, User
from alerts.acknowledge_links import use_link
from alerts.models import Delivery
from incidents import services
from incidents.models import Incident, IncidentStatus
from incidents.reconcile import IncidentChange, IncidentEvent
from pipeline.fanout import tell_events
from statuspages import posts
from statuspages.models import StatusPage


@transaction.atomic
def open_(team: Team, *, author: User, now: datetime, **fields: Any) -> Incident:
    """Open an incident by hand. Fields and errors: ``incidents.services.open_manual``."""
    incident = services.open_manual(team, author=author, now=now, **fields)
    _tell(IncidentChange.OPENED, incident, now=now)
    return incident


@transaction.atomic
def edit(incident: Incident, *, now: datetime, **changes: Any) -> None:
    """Change how an incident is called, or how bad it is."""
    services.edit_incident(incident, **changes)
    _tell(IncidentChange.EDITED, incident, now=now)


@transaction.atomic
def delete(incident: Incident, *, now: datetime) -> None:
    """Take back what a person wrote. Raises ``RuleViolation`` for what the checks found: that is a record."""
    services.delete_incident(incident)
    tell_events([IncidentEvent(IncidentChange.DELETED, incident)], now=now)


@transaction.atomic
def acknowledge(incident: Incident, *, author: User, now: datetime) -> None:
    """Say that somebody is on it. The first one stays named. Raises ``RuleViolation`` once it is resolved."""
    services.acknowledge(incident, author=author, now=now)
    _tell(IncidentChange.ACKNOWLEDGED, incident, now=now)


@transaction.atomic
def acknowledge_by_link(row: Delivery, *, now: datetime) -> bool:
    """The same by the link of the message ``row``. False where somebody was first.

    Raises ``LinkInvalid`` for a link that does not count any more.
    """
    event = use_link(row, now=now)
    if event:
        tell_events([event], now=now)
    return event is not None


@transaction.atomic
def resolve(incident: Incident, *, author: User, now: datetime, text: str = "") -> None:
    """Resolve by hand. A monitor that stays down opens no second incident until it has recovered once."""
    services.resolve(incident, author=author, now=now, text=text)
    _tell(IncidentChange.RESOLVED, incident, now=now)


@transaction.atomic
def add_update(
    incident: Incident,
    *,
    author: User,
    now: datetime,
    text: str,
    status: str = "",
    pages: Sequence[StatusPage] = (),
    notify: bool = True,
) -> None:
    """Add to the timeline, and say the same on ``pages``. ``status`` moves the incident.

    The posts come before people are told, so that no page says the same once more by itself.
    """
    services.add_update(incident, author=author, now=now, text=text, status=status)
    incident.refresh_from_db()
    for page in pages:
        posts.write_post(page, incident=incident, author=author, now=now, text=text, notify=notify)
    _tell(
        IncidentChange.RESOLVED if status == IncidentStatus.RESOLVED else IncidentChange.UPDATED,
        incident,
        now=now,
    )


def _tell(event: IncidentChange, incident: Incident, *, now: datetime) -> None:
    incident.refresh_from_db()
    tell_events([IncidentEvent(event, incident)], now=now)
