"""The variables of a template: the facts of one delivery, as plain values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from alerts.acknowledge_links import acknowledge_link, incident_link, monitor_link
from alerts.messages.phrases import (
    TONES,
    read_unwatched,
    say_duration,
    say_end_of_no_data,
    say_headline,
    say_instant,
    say_no_data,
    say_phases,
)
from alerts.models import Delivery, Event, OwnEvent, Trouble
from core.formats import say_count, spell_rfc3339
from delivery.message import Tone
from incidents.reconcile import EndedBy

COLOURS = {Tone.BAD: "#b91c1c", Tone.WARNING: "#b45309", Tone.GOOD: "#15803d", Tone.INFO: "#1d4ed8"}
_NEWS = {Tone.BAD: "Trouble", Tone.WARNING: "Attention", Tone.GOOD: "All clear", Tone.INFO: "For information"}
SHOWN_ITEMS = 50
NO_DATA_EVENTS = {Event.MONITORING_STOPPED, Event.MONITORING_RESUMED}
_ASKS = {Event.DOWN, Event.HEARTBEAT_LATE, Event.MANUAL, Event.REMINDER, Event.ESCALATED, Event.FLAPPING}
"""Events that somebody should acknowledge; their messages hold the link for it."""


def gather_facts(row: Delivery, merged: Sequence[Delivery] = ()) -> dict[str, Any]:
    """The variables of a template, as things were when ``row`` was planned. ``merged`` holds the deliveries
    that a digest replaces."""
    if row.event == OwnEvent.DIGEST:
        own = _tell_digest(row, merged)
    elif row.event == OwnEvent.DIGEST_OVER:
        own = {"headline": "All that was told together is over", "link": incident_link(None), "note": ""}
    elif row.event == OwnEvent.CHANNEL_DISABLED:
        own = _tell_disabled(row)
    elif row.event in NO_DATA_EVENTS:
        own = _tell_no_data(row, merged or [row])
    elif row.event == OwnEvent.TEST or row.trouble is None:
        own = _tell_test(row)
    else:
        own = _tell_trouble(row, row.trouble)
    tone = TONES[Event(row.event) if row.event in Event.values else OwnEvent(row.event)]
    if _is_unwatched(row):
        tone = Tone.INFO
    blank = {
        "sentence": "",
        "facts": [],
        "items": [],
        "monitors": [],
        "more": 0,
        "link": "",
        "acknowledge_link": "",
        "note": "",
    }
    return {
        **blank,
        "event": row.event,
        "team": row.team.name,
        "tone": tone.value,
        "colour": COLOURS[tone],
        "kind_of_news": _NEWS[tone],
        "monitor": None,
        "incident": None,
        "note": _say_instead(row),
        **own,
    }


def _zone(row: Delivery) -> ZoneInfo:
    return ZoneInfo(row.team.timezone)


def _name(trouble: Trouble) -> str:
    """The monitor's name. When the monitor was deleted, the name that the trouble has kept, or its title."""
    if trouble.monitor:
        return trouble.monitor.name
    named = str((trouble.cause or {}).get("monitor_name", "")) if read_unwatched(trouble.cause) else ""
    return named or trouble.title


def _is_unwatched(row: Delivery) -> bool:
    """Whether the trouble ended because its monitor was paused or deleted, so nobody saw a recovery."""
    return (
        row.event == Event.RECOVERED and row.trouble is not None and bool(read_unwatched(row.trouble.cause))
    )


def write_headline(row: Delivery, trouble: Trouble) -> str:
    end = trouble.closed_at if row.event == Event.RECOVERED and trouble.closed_at else row.planned_at
    return say_headline(
        row.event,
        opening=trouble.event,
        title=trouble.title,
        name=_name(trouble),
        lasted=say_duration(end - trouble.opened_at),
        cause=trouble.cause,
        retracted=bool(trouble.incident and trouble.incident.retracted),
    )


def _tell_trouble(row: Delivery, trouble: Trouble) -> dict[str, Any]:
    zone, cause, incident = _zone(row), trouble.cause or {}, trouble.incident
    over = row.event == Event.RECOVERED
    until = trouble.closed_at if over and trouble.closed_at else row.planned_at
    lines = [("Since", say_instant(trouble.opened_at, zone))]
    if over and trouble.closed_at:
        lines = [
            ("From", say_instant(trouble.opened_at, zone)),
            ("Until", say_instant(trouble.closed_at, zone)),
        ]
    lines.append(("Duration", say_duration(until - trouble.opened_at)))
    if trouble.monitor and trouble.monitor.url:
        lines.append(("Target", trouble.monitor.url))
    if phases := say_phases(cause.get("timings")):
        lines.append(("Phases", phases))
    if cause.get("address"):
        lines.append(("Address", cause["address"]))
    if incident and incident.acknowledged_at:
        who = incident.acknowledged_by
        lines.append(("Acknowledged", (who.name or who.email) if who else "yes"))
    asks = (
        row.event in _ASKS
        and incident is not None
        and incident.acknowledged_at is None
        and trouble.closed_at is None
    )
    return {
        "headline": write_headline(row, trouble),
        "sentence": _say_what(row, trouble),
        "facts": [{"name": name, "value": value} for name, value in lines],
        "link": _find_link(trouble),
        "acknowledge_link": acknowledge_link(row) if asks else "",
        "since": say_instant(trouble.opened_at, zone),
        "duration": say_duration(until - trouble.opened_at),
        "what_failed": cause.get("error", ""),
        "phases": say_phases(cause.get("timings")),
        "monitor": _monitor_facts(trouble),
        "incident": _incident_facts(trouble),
    }


def _find_link(trouble: Trouble) -> str:
    if trouble.incident:
        return incident_link(trouble.incident)
    return monitor_link(trouble.monitor_id) if trouble.monitor_id else ""


def _say_what(row: Delivery, trouble: Trouble) -> str:
    failed = str((trouble.cause or {}).get("error") or "")
    if row.event == Event.FLAPPING:
        rest = (
            "Until it has stayed as it is for ten minutes, its changes are told no more; then its state is."
        )
        return f"{failed} {rest}".strip()
    if row.event == Event.RECOVERED and trouble.event == Event.SLO_BURNING and failed:
        return f"It was {failed[0].lower()}{failed[1:]}"
    if _is_unwatched(row):
        unknown = "Whether it has recovered is not known."
        return f"{unknown} It had failed with: {failed}" if failed else unknown
    if row.event == Event.RECOVERED and failed:
        return f"It had failed with: {failed}"
    return failed


def _monitor_facts(trouble: Trouble) -> Mapping[str, Any] | None:
    monitor = trouble.monitor
    return (
        {"id": monitor.pk, "name": monitor.name, "kind": monitor.kind, "target": monitor.url}
        if monitor
        else None
    )


def _incident_facts(trouble: Trouble) -> Mapping[str, Any] | None:
    incident = trouble.incident
    if incident is None:
        return None
    return {
        "id": incident.pk,
        "title": incident.title,
        "status": incident.status,
        "severity": incident.severity,
        "started_at": _iso(incident.started_at),
        "acknowledged_at": _iso(incident.acknowledged_at),
        "resolved_at": _iso(incident.resolved_at),
    }


def _iso(at: datetime | None) -> str | None:
    return spell_rfc3339(at) if at else None


def _tell_digest(row: Delivery, merged: Sequence[Delivery]) -> dict[str, Any]:
    told = [(item, item.trouble) for item in merged if item.trouble]
    told.sort(key=lambda each: _happened_at(*each))
    unwatched = sum(_is_unwatched(item) for item, _ in told)
    ends = sum(item.event == Event.RECOVERED for item, _ in told) - unwatched
    begun = len({trouble.pk for item, trouble in told if item.event != Event.RECOVERED})
    parts = [f"{begun} in trouble"] * bool(begun) + [f"{ends} recovered"] * bool(ends)
    parts += [f"{unwatched} no longer watched"] * bool(unwatched)
    items = [write_headline(item, trouble) for item, trouble in told]
    return {
        "headline": f"{say_count(len(told), 'change')}{' at once' * (len(told) > 1)}: {', '.join(parts)}",
        "sentence": "So many changes came within a minute that they are told together."
        if len(told) > 1
        else "",
        "items": items[:SHOWN_ITEMS],
        "more": max(0, len(items) - SHOWN_ITEMS),
        "link": incident_link(None),
    }


def _happened_at(item: Delivery, trouble: Trouble) -> datetime:
    """When the event of ``item`` happened, ``planned_at`` at the latest. A later change of the trouble does
    not count."""
    at: datetime | None = None
    if item.event == Event.RECOVERED:
        at = trouble.closed_at
    elif item.event == trouble.event:
        at = trouble.told_from if trouble.round else trouble.opened_at
    return min(at or item.planned_at, item.planned_at)


def _tell_no_data(row: Delivery, merged: Sequence[Delivery]) -> dict[str, Any]:
    """All monitors that lost their data, or have data again, in one message."""
    over = row.event == Event.MONITORING_RESUMED
    told = [item.trouble for item in merged if item.trouble]
    shown = told[:SHOWN_ITEMS]
    ends = {str((trouble.cause or {}).get("ended_by", EndedBy.DATA)) for trouble in told}
    return {
        "headline": say_no_data([_name(trouble) for trouble in told], over=over)
        if ends <= {EndedBy.DATA}
        else f"{len(told)} without data before",
        "sentence": ""
        if over
        else "No check tells how they are: if one fails now, nobody is told. What is open stays open.",
        "items": [_tell_gap(row, trouble, over=over) for trouble in shown],
        "monitors": [_gap_facts(trouble) for trouble in shown],
        "more": max(0, len(told) - SHOWN_ITEMS),
        "link": f"{settings.APP_URL}/monitors?status=no_data",
    }


def _tell_gap(row: Delivery, trouble: Trouble, *, over: bool) -> str:
    cause = trouble.cause or {}
    if over:
        lasted = say_duration((trouble.closed_at or row.planned_at) - trouble.opened_at)
        return f"{_name(trouble)}: {say_end_of_no_data(str(cause.get('ended_by', '')), lasted=lasted)}"
    return f"{_name(trouble)}: since {say_instant(trouble.opened_at, _zone(row))}. {cause.get('error', '')}"


def _gap_facts(trouble: Trouble) -> Mapping[str, Any]:
    cause = trouble.cause or {}
    known = _monitor_facts(trouble) or {"id": None, "name": _name(trouble), "kind": None, "target": None}
    return {
        **known,
        "since": _iso(trouble.opened_at),
        "until": _iso(trouble.closed_at),
        "reason_code": cause.get("error_code", ""),
        "reason": cause.get("error", ""),
    }


def _tell_disabled(row: Delivery) -> dict[str, Any]:
    dead = row.instead_of.channel if row.instead_of else None
    name = row.instead_of.channel_name if row.instead_of else "A channel"
    return {
        "headline": f"The channel “{name}” was switched off",
        "sentence": dead.disabled_reason if dead else "It was deleted since.",
        "facts": [
            {"name": "What to do", "value": "Correct the channel, send a test, and switch it on again."}
        ],
        "note": "",
    }


def _tell_test(row: Delivery) -> dict[str, Any]:
    return {
        "headline": f"Test of the channel “{row.channel_name}”",
        "sentence": "If you can read this, alerts arrive here.",
        "facts": [{"name": "Sent", "value": say_instant(row.planned_at, _zone(row))}],
    }


def _say_instead(row: Delivery) -> str:
    if row.instead_of is None:
        return ""
    answer = row.instead_of.answer or "no answer"
    return f"This comes here because “{row.instead_of.channel_name}” could not be told: {answer}"
