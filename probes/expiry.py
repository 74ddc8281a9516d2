"""When the end of a certificate or a domain is near: a monitor's thresholds, and which of them is passed.

Pure. A threshold is a number of days; ``14`` is one, ``[30, 14, 7, 1]`` are several: the first one that is
passed makes the monitor degraded, and each further one is told.
"""

from collections.abc import Sequence
from datetime import timedelta

from core.formats import say_count

MOST = 10


def spell_thresholds(given: object) -> object:
    """A list of thresholds in its normal form: the largest first, each once. Anything else is returned
    unchanged."""
    if isinstance(given, list) and given and all(type(days) is int for days in given):
        return sorted(set(given), reverse=True)
    return given


def list_thresholds(given: int | Sequence[int]) -> list[int]:
    """The thresholds in days, the largest first. Empty for 0, which asks for no warning."""
    return [days for days in ([given] if isinstance(given, int) else given) if days]


def find_passed(given: int | Sequence[int], left: timedelta) -> int | None:
    """The smallest threshold that is longer than the time ``left``; None when no threshold is passed."""
    return min((days for days in list_thresholds(given) if left < timedelta(days=days)), default=None)


def say_days(length: timedelta) -> str:
    return say_count(length.days, "day")
