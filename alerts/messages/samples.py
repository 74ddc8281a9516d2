"""An example of each event, for trying templates. Nothing is stored."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team
from alerts.messages.facts import gather_facts
from alerts.models import ENDS, Delivery, Event, OwnEvent, Trouble, TroubleKind
from incidents.models import Incident, IncidentStatus
from monitors.models import Monitor

_OPENS = {
    Event.HEARTBEAT_LATE,
    Event.MANUAL,
    Event.DEGRADED,
    Event.TLS_EXPIRING,
    Event.DOMAIN_EXPIRING,
    Event.SLO_BURNING,
    Event.MONITORING_STOPPED,
}


_OPENED_BY: dict[str, str] = {Event.MONITORING_RESUMED: Event.MONITORING_STOPPED}


def sample_facts(event: str, *, now: datetime) -> dict[str, Any]:
    """The variables of a template for ``event``, about a shop that has answered 503 for four minutes."""
    row = _sample_row(event, now=now)
    merged = [_sample_row(Event.DOWN, now=now), _sample_row(Event.RECOVERED, now=now)]
    return gather_facts(row, merged if event == OwnEvent.DIGEST else ())


def _sample_row(event: str, *, now: datetime) -> Delivery:
    team, started_at = Team(pk=1, name="Example"), now - timedelta(minutes=4)
    monitor = Monitor(pk=1, team=team, name="Shop", kind="http", url="https://shop.example.com/")
    over = event in ENDS
    cause = {
        "error_code": "http_status",
        "error": "Expected 200-299, got 503.",
        "address": "203.0.113.7",
        "timings": {"dns_ms": 12, "connect_ms": 30, "tls_ms": 41, "first_byte_ms": 187, "total_ms": 275},
    }
    incident = Incident(
        pk=1, team=team, monitor=monitor, title="Shop is down", cause=cause, started_at=started_at
    )
    if over:
        incident.resolved_at, incident.status = now, IncidentStatus.RESOLVED
    trouble = Trouble(
        pk=1,
        team=team,
        kind=TroubleKind.INCIDENT,
        key="incident:1",
        incident=incident,
        monitor=monitor,
        event=_OPENED_BY.get(event, event if event in _OPENS else Event.DOWN),
        title="Shop is down",
        cause=cause,
        opened_at=started_at,
        closed_at=now if over else None,
        told_from=started_at,
    )
    own = event in OwnEvent.values
    return Delivery(
        pk=1,
        team=team,
        channel_name="Ops room",
        trouble=None if own else trouble,
        event=event,
        planned_at=now,
        instead_of=Delivery(pk=2, channel_name="Ops room") if event == OwnEvent.CHANNEL_DISABLED else None,
    )
