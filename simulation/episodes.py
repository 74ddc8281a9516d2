"""What befalls a monitor: outages, slow spells, gaps of ours. Drawn by chance that a seed repeats. Pure.

A spell begins and ends within one day of UTC, with its recovery, and a day has one at most: so any whole days
of a history are a history.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

from core.instants import from_ms
from simulation.rows import Source

DAY_MS = 86_400_000
MAINTENANCE_WEEKDAY = 6
"""Sunday: whoever has maintenance then has nothing else on that day."""
MAINTENANCE_HOURS = (2, 3)
AT_LEAST_SLOTS = 3
"""Long enough that an outage is believed."""


class SpellKind(StrEnum):
    OUTAGE = "outage"
    SLOW = "slow"
    GAP = "gap"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Spell:
    """``start_ms`` is the first slot it befell, ``end_ms`` the first that it did not; None while it lasts."""

    kind: SpellKind
    start_ms: int
    end_ms: int | None
    reason: int = 0
    """Which of its kind's reasons; see ``reasons.py``."""


_CHANCES = ((SpellKind.OUTAGE, 0.02), (SpellKind.SLOW, 0.04), (SpellKind.GAP, 0.01))
_FLAKY = 8
"""A flaky monitor has so many times the outages."""
_MEDIAN_MINUTES = {SpellKind.OUTAGE: 3.2, SpellKind.SLOW: 4.0, SpellKind.GAP: 2.7}
"""As natural logarithms: 25, 55 and 15 minutes."""


def draw_spells(
    source: Source, chance: Random, *, start_ms: int, end_ms: int, flaky: bool, maintained: bool
) -> Iterator[Spell]:
    """The spells of ``source`` in ``[start_ms, end_ms)``, by time; ``start_ms`` is a midnight of UTC."""
    for day_ms in range(start_ms, end_ms, DAY_MS):
        until_ms = min(day_ms + DAY_MS, end_ms)
        # Drawn whether used or not, so that a day's chance does not depend on what other days were.
        drawn, minutes, where, reason = (
            chance.random(),
            chance.gauss(0, 0.8),
            chance.random(),
            chance.random(),
        )
        if maintained and from_ms(day_ms).weekday() == MAINTENANCE_WEEKDAY:
            yield from _maintain(source, day_ms, until_ms)
        elif kind := _choose(drawn, flaky=flaky):
            minutes = 2.718281828 ** (_MEDIAN_MINUTES[kind] + minutes)
            yield from _place(source, kind, day_ms, until_ms, minutes, where, int(reason * 100))


def _choose(drawn: float, *, flaky: bool) -> SpellKind | None:
    for kind, chance in _CHANCES:
        drawn -= chance * (_FLAKY if flaky and kind is SpellKind.OUTAGE else 1)
        if drawn < 0:
            return kind
    return None


def _place(
    source: Source, kind: SpellKind, day_ms: int, until_ms: int, minutes: float, where: float, reason: int
) -> Iterator[Spell]:
    first, step_ms = source.slot(day_ms), source.step_ms
    last = (until_ms - 1 - first) // step_ms  # the day's last slot has its recovery
    length = min(max(AT_LEAST_SLOTS, round(minutes * 60_000 / step_ms)), last - 1)
    if length < AT_LEAST_SLOTS:
        return
    begin = 1 + int(where * (last - length))
    yield Spell(kind, first + begin * step_ms, first + (begin + length) * step_ms, reason)


def _maintain(source: Source, day_ms: int, until_ms: int) -> Iterator[Spell]:
    start, end = (source.slot(day_ms + hour * 3_600_000) for hour in MAINTENANCE_HOURS)
    if start < end < until_ms:
        yield Spell(SpellKind.MAINTENANCE, start, end)


def lasting(source: Source, kind: SpellKind, *, end_ms: int, slots: int) -> Spell:
    """A spell of the last ``slots`` slots before ``end_ms``, which has not ended."""
    return Spell(kind, source.slot(end_ms) - slots * source.step_ms, None)


def first_maintenance(after: datetime) -> tuple[datetime, datetime]:
    """The first weekly maintenance on or after the day of ``after``, in UTC."""
    day = after.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day_ms = int(day.timestamp()) * 1000 + (MAINTENANCE_WEEKDAY - day.weekday()) % 7 * DAY_MS
    start, end = (from_ms(day_ms + hour * 3_600_000) for hour in MAINTENANCE_HOURS)
    return start, end
