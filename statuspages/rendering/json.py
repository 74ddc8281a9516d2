"""Render a snapshot as ``status.json``."""

import json
from datetime import datetime
from typing import Any

from core.formats import spell_rfc3339
from statuspages.labels import tell_headline
from statuspages.notifications import page_url
from statuspages.rendering.files import PageFile
from statuspages.rendering.snapshot import (
    UPTIME_DAYS,
    ShownComponent,
    ShownIncident,
    ShownMaintenance,
    Snapshot,
)


def render_json(snapshot: Snapshot) -> PageFile:
    """Times are UTC (RFC 3339). ``uptime`` is a ratio from 0 to 1, or null without data. ``state`` is a word
    of ``component_status.ORDER``."""
    page = snapshot.page
    data = {
        "page": {
            "title": page.title,
            "description": page.description,
            "url": page_url(page),
            "language": page.language,
            "timezone": page.timezone,
        },
        "generated_at": _spell(snapshot.generated_at),
        "status": {"state": snapshot.state, "text": tell_headline(snapshot.state)},
        "uptime": {f"{days}d": snapshot.mean_uptime(days) for days in UPTIME_DAYS},
        "components": [
            _tell_component(group.name, component)
            for group in snapshot.groups
            for component in group.components
        ],
        "incidents": [_tell_incident(incident) for incident in [*snapshot.incidents, *snapshot.rest]],
        "maintenance": [_tell_maintenance(window) for window in snapshot.maintenance],
    }
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return PageFile("application/json; charset=utf-8", body, embeddable=True)


def _tell_component(group: str, component: ShownComponent) -> dict[str, Any]:
    return {
        "id": component.pk,
        "group": group,
        "name": component.name,
        "description": component.description,
        "state": component.state,
        "uptime": {f"{days}d": component.uptime[days] for days in UPTIME_DAYS},
        "response_ms": component.response_ms,
    }


def _tell_incident(incident: ShownIncident) -> dict[str, Any]:
    return {
        "id": incident.pk,
        "title": incident.title,
        "status": incident.status,
        "severity": incident.severity,
        "started_at": _spell(incident.started_at),
        "resolved_at": incident.resolved_at and _spell(incident.resolved_at),
        "components": list(incident.names),
        "posts": [
            {"id": e.pk, "at": _spell(e.at), "status": e.status, "text": e.text, "html": e.html}
            for e in incident.posts
        ],
    }


def _tell_maintenance(window: ShownMaintenance) -> dict[str, Any]:
    return {
        "title": window.title,
        "running": window.running,
        "starts_at": _spell(window.starts_at),
        "ends_at": _spell(window.ends_at),
        "components": list(window.names),
    }


def _spell(at: datetime) -> str:
    return spell_rfc3339(at, timespec="milliseconds")
