"""How facts are put to a person. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.models import Event, OwnEvent
from core.formats import say_count
from delivery.message import Tone
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
    """In the two largest units that matter: ``45 seconds``, ``4 minutes``, ``2 hours 5 minutes``."""
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
    """``Mon 2 Mar 2026, 14:05:09 CET``: in the reader's zone, which it names."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"


def say_phases(timings: Mapping[str, Any] | None) -> str:
    """``DNS 12 ms, connect 30 ms``: the phases that were reached; empty when none was."""
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
    """One line that says it all. ``opening`` is the event that began it, ``title`` what is wrong in a few
    words, ``name`` what it is about, ``cause`` the result that began it."""
    code = (cause or {}).get("error_code")
    if event == Event.RECOVERED and (ended_by := read_unwatched(cause)):
        return f"{name} is no longer watched: it was {ended_by}"
    if event == Event.RECOVERED:
        # A job that reported failure did ping.
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
    """``paused`` or ``deleted`` of a trouble that ended because nobody watches any more; else empty."""
    ended_by = str((cause or {}).get("ended_by", ""))
    return ended_by if ended_by in {"paused", "deleted"} else ""


def _say_job(name: str, code: str, sentence: str) -> str:
    """A job reported failure, or was not heard of in time."""
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
    """One line of all monitors that have no data any more, or have some again."""
    who = names[0] if len(names) == 1 else f"{len(names)} monitors"
    verb = "has" if len(names) == 1 else "have"
    return f"{who} {verb} data again" if over else f"{who} {verb} no data"


def say_end_of_no_data(ended_by: str, *, lasted: str) -> str:
    return {"deleted": "was deleted", "paused": "was paused"}.get(ended_by, f"data again after {lasted}")
