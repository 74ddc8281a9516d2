"""Figures spelled for people. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


def spell_figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uptime": spell_ratio(figures["uptime"]),
        "coverage": spell_ratio(figures["coverage"]),
        "downtime": spell_duration(figures["downtime_s"]),
        "maintenance": spell_duration(figures["maintenance_s"]),
        "incidents": figures["incidents"],
    }


def spell_ratio(ratio: float | None) -> str:
    """``99.953 %``, rounded down: only what was never down is 100."""
    if ratio is None:
        return "no data"
    millionths = round(ratio * 1_000_000)
    if millionths % 1_000_000 == 0:
        return f"{millionths // 10_000} %"
    return f"{millionths // 10_000}.{millionths // 10 % 1000:03d} %"


def spell_duration(seconds: int) -> str:
    """The two largest units: ``1 h 5 min``."""
    parts: list[tuple[int, str]] = []
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length_s)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def spell_intervals(intervals_s: Iterable[int]) -> str:
    """``every 1 min``, or ``every 30 s to 5 min``."""
    ends = sorted(set(intervals_s))
    if not ends:
        return "no checks"
    first, last = spell_duration(ends[0]), spell_duration(ends[-1])
    return f"every {first}" if len(ends) == 1 else f"every {first} to {last}"


def spell_instant(at: datetime, zone: ZoneInfo) -> str:
    """``1 November 2026, 06:10 CET``."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M} {local.tzname()}"
