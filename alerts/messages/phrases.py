"""Facts in words, for people. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.models import Event, OwnEvent
from core.formats import say_count
from delivery.message import Tone
from incidents.reconcile import EndedBy
from probes.errors import ErrorCode

TONES = {
    Event.DOWN: Tone.BAD,
    Event.HEARTBEAT_LATE: Tone.BAD,
    Event.MANUAL: Tone.BAD,
    Event.REMINDER: Tone.BAD,
    Event.ESCALATED: Tone.BAD,
    Event.FLAPPING: Tone.BAD,
    Event.DEGRADED: Tone.WARNING,
    Event.TLS_EXPIRING: Tone.WARNING,
    Event.DOMAIN_EXPIRING: Tone.WARNING,
    Event.SLO_BURNING: Tone.WARNING,
    Event.MONITORING_STOPPED: Tone.WARNING,
    OwnEvent.DIGEST: Tone.WARNING,
    OwnEvent.DIGEST_OVER: Tone.GOOD,
    OwnEvent.CHANNEL_DISABLED: Tone.WARNING,
    Event.RECOVERED: Tone.GOOD,
    Event.MONITORING_RESUMED: Tone.GOOD,
    Event.ACKNOWLEDGED: Tone.INFO,
    OwnEvent.TEST: Tone.INFO,
}
_PHASES = {
    "dns_ms": "DNS",
    "connect_ms": "connect",
    "tls_ms": "TLS",
    "first_byte_ms": "first byte",
    "download_ms": "download",
    "total_ms": "total",
}


def say_duration(length: timedelta) -> str:
    """In two units at most: ``45 seconds``, ``4 minutes``, ``2 hours 5 minutes``, ``3 days 4 hours``."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return say_count(seconds, "second")
    minutes, hours = seconds // 60, seconds // 3600
    if hours < 1:
        return say_count(minutes, "minute")
    if hours < 24:
        return _join(say_count(hours, "hour"), minutes % 60, "minute")
    return _join(say_count(hours // 24, "day"), hours % 24, "hour")


def _join(first: str, rest: int, unit: str) -> str:
    return f"{first} {say_count(rest, unit)}" if rest else first


def say_instant(at: datetime, zone: ZoneInfo) -> str:
    """``Mon 2 Mar 2026, 14:05:09 CET``: in ``zone``, with the zone's name."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"


def say_phases(timings: Mapping[str, Any] | None) -> str:
    """``DNS 12 ms, connect 30 ms``: the phases that the check reached; empty when it reached none."""
    found = [
        f"{name} {(timings or {})[key]} ms"
        for key, name in _PHASES.items()
        if (timings or {}).get(key) is not None
    ]
    return ", ".join(found)


def say_headline(
    event: str,
    *,
    opening: str,
    title: str,
    name: str,
    lasted: str,
    cause: Mapping[str, Any] | None = None,
    retracted: bool = False,
) -> str:
    """The first line of an alert. ``opening``: the event that opened the trouble. ``title``: the trouble's
    title. ``name``: the monitor's name. ``lasted``: a duration in words. ``cause``: the result that opened
    it. ``retracted``: the incident was a false alarm."""
    code = (cause or {}).get("error_code")
    if event == Event.RECOVERED and (ended_by := read_unwatched(cause)):
        return f"{name} is no longer watched: it was {ended_by}"
    if event == Event.RECOVERED:
        # A job that reported a failure did ping, so "pings again" would be wrong.
        opening = Event.DOWN if code == ErrorCode.HEARTBEAT_FAILED else opening
        return _say_end(opening, title=title, name=name, lasted=lasted, retracted=retracted)
    return {
        Event.HEARTBEAT_LATE: _say_job(name, str(code), str((cause or {}).get("error") or "")),
        Event.REMINDER: f"Still so after {lasted}: {title}",
        Event.ESCALATED: f"Nobody acknowledged for {lasted}: {title}",
        Event.ACKNOWLEDGED: f"Acknowledged: {title}",
        Event.FLAPPING: f"{name} keeps going down and up",
    }.get(Event(event), title)


def read_unwatched(cause: Mapping[str, Any] | None) -> str:
    """``paused`` or ``deleted`` when the trouble ended because its monitor was; else empty."""
    ended_by = str((cause or {}).get("ended_by", ""))
    return ended_by if ended_by in {EndedBy.PAUSED, EndedBy.DELETED} else ""


def _say_job(name: str, code: str, sentence: str) -> str:
    """The headline for a heartbeat: its job reported a failure, or its ping did not come in time."""
    if code == ErrorCode.HEARTBEAT_FAILED:
        return f"{name} failed: {sentence[:1].lower()}{sentence[1:].removesuffix('.')}"
    if code == ErrorCode.HEARTBEAT_OVERRUN:
        return f"{name} is late: its run did not end in time"
    return f"{name} is late: no ping came in time"


def _say_end(opening: str, *, title: str, name: str, lasted: str, retracted: bool) -> str:
    if retracted:
        return f"False alarm: {name} was not down"
    return {
        Event.MANUAL: f"Resolved: {title}",
        Event.TLS_EXPIRING: f"{name} has a good certificate again",
        Event.DOMAIN_EXPIRING: f"{name} has its domain renewed",
        Event.DEGRADED: f"{name} is well again after {lasted}",
        Event.SLO_BURNING: f"{title.rpartition(' burns ')[0] or name} burns at a bearable rate again",
        Event.HEARTBEAT_LATE: f"{name} pings again after {lasted}",
    }.get(Event(opening), f"{name} has recovered after {lasted}")


def say_no_data(names: Sequence[str], *, over: bool) -> str:
    """One line for all monitors that lost their data, or (``over``) have data again."""
    who = names[0] if len(names) == 1 else f"{len(names)} monitors"
    verb = "has" if len(names) == 1 else "have"
    return f"{who} {verb} data again" if over else f"{who} {verb} no data"


def say_end_of_no_data(ended_by: str, *, lasted: str) -> str:
    return (
        f"was {ended_by}" if ended_by in {EndedBy.PAUSED, EndedBy.DELETED} else f"data again after {lasted}"
    )
