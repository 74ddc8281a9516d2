"""How long may nothing be heard of a monitor? Pure: no clock and no database.

A monitor has no data when three of its slots in a row brought no result, or only ``unknown`` ones, and two
minutes have passed. What we missed while we ourselves were away is no slot.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.formats import say_utc

MISSED_SLOTS = 3
AT_LEAST_S = 120
ON_ITS_WAY_S = 15
"""A result comes so long after its check ended: it waits for its batch, and in two queues."""
BACK_FOR_S = 600
"""So long after an absence of ours even a monitor that is checked once a day is judged again."""
HEARTBEAT_PATIENCE = timedelta(seconds=AT_LEAST_S)
"""A heartbeat's deadline is looked at within a second; one that passed so long ago nobody looked at."""


def patience_s(interval_s: int, timeout_s: int) -> int:
    """Seconds after the slot of the last known result, after which there is no data."""
    return max(AT_LEAST_S, MISSED_SLOTS * interval_s + timeout_s + ON_ITS_WAY_S)


@dataclass(frozen=True, slots=True)
class Watch:
    """We have looked without a break since ``since``, and were away from ``away_from`` until then."""

    since: datetime
    away_from: datetime

    @property
    def away_s(self) -> float:
        return max(0.0, (self.since - self.away_from).total_seconds())


def is_overdue(heard_at: datetime, *, interval_s: int, timeout_s: int, watch: Watch, now: datetime) -> bool:
    """Has nothing been heard for too long? ``heard_at`` is the last known result's slot, or when the monitor
    began or was changed, if that is later.

    While we were away it had no slots, and one more may have fallen into the end of that.
    """
    patience = patience_s(interval_s, timeout_s)
    if (now - watch.since).total_seconds() < min(patience, BACK_FOR_S):
        return False
    excused_s = watch.away_s + interval_s if heard_at < watch.since else 0
    return (now - heard_at).total_seconds() > patience + excused_s


def say_silence(since: datetime, *, ever: bool) -> str:
    """Why there is no data, where not even an ``unknown`` result says so."""
    at = say_utc(since, seconds=True)
    if ever:
        return f"No result since {at}."
    return f"No result has come since {at}, when it was created, changed or resumed."
