"""What lies behind a monitor's chart: its incidents and its maintenance, each from when to when."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from incidents.calendar import unfold
from incidents.maintenance import windows_by_monitor
from incidents.models import Incident, IncidentKind
from monitors.models import Monitor

MOST = 200
"""Of each kind, the newest."""


def read_bands(monitor: Monitor, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Incidents and maintenance that touch ``[start, end)``, the earliest first. Not cut to it; an incident
    that is open has no end. At most four queries."""
    bands = [*_read_incidents(monitor, start, end), *_read_maintenance(monitor, start, end)]
    return sorted(bands, key=lambda band: (band["from"], band["kind"], band["id"]))


def _read_incidents(monitor: Monitor, start: datetime, end: datetime) -> list[dict[str, Any]]:
    touching = Q(resolved_at__isnull=True) | Q(resolved_at__gt=start) | Q(started_at__gte=start)
    found = Incident.objects.filter(touching, monitor=monitor, retracted=False, started_at__lt=end)
    return [
        {
            "kind": "incident",
            "id": incident.pk,
            "from": incident.started_at,
            "to": incident.resolved_at,
            "word": "Down" if incident.kind == IncidentKind.AUTOMATIC else "Incident",
            "title": incident.title,
        }
        for incident in found.order_by("-started_at", "-pk").defer("cause")[:MOST]
    ]


def _read_maintenance(monitor: Monitor, start: datetime, end: datetime) -> list[dict[str, Any]]:
    windows = windows_by_monitor([monitor.pk], team_ids=[monitor.team_id], since=start, until=end)
    return [
        {
            "kind": "maintenance",
            "id": window.pk,
            "from": since,
            "to": until,
            "word": "Maintenance",
            "title": window.title,
        }
        for window, (since, until) in unfold(windows.get(monitor.pk, ()), start, end).found[-MOST:]
    ]
