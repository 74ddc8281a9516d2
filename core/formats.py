"""Counts and instants, spelled the same wherever they stand. Pure."""

from datetime import UTC, datetime


def say_count(number: int, unit: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{number} {unit}{'' if number == 1 else 's'}"


def say_utc(at: datetime, *, seconds: bool = False) -> str:
    """``2026-03-02 14:05 UTC``, or ``2026-03-02 14:05:09 UTC``."""
    return f"{at.astimezone(UTC):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}} UTC"


def spell_rfc3339(at: datetime, *, timespec: str = "auto") -> str:
    """``2026-03-02T14:05:09Z``, as DRF writes it; ``timespec`` as of ``isoformat``."""
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
