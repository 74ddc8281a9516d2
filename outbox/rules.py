"""When is it tried again, and when no more? Pure."""

import random
from datetime import timedelta

RECEIPT_WITHIN = timedelta(seconds=60)
"""A message whose receipt has not come by then is sent again: it, or its receipt, was lost."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
LONGEST_ASKED_S = 3600.0
"""Of what a receiver may ask for by Retry-After."""
GIVE_UP_AFTER = timedelta(hours=24)


def pause_s(attempts: int, *, asked_s: float | None = None, chance: float | None = None) -> float:
    """Seconds from the failure of attempt number ``attempts`` (from 1) to the next attempt.

    Doubles from 5 s to 10 min, of which a random half is taken off, so that receivers that failed together
    are not asked together. What the receiver asked for is honoured, up to an hour.
    """
    chance = random.random() if chance is None else chance  # noqa: S311  # spreads load, guards nothing
    pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20))
    pause *= 1 - chance / 2
    return max(pause, min(asked_s, LONGEST_ASKED_S)) if asked_s is not None else pause
