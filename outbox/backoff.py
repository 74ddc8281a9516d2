"""When is a message tried again, and when is it given up? Pure."""

import random
from datetime import timedelta

from core.retries import DELIVERY_FAILED

RECEIPT_WITHIN = timedelta(seconds=60)
"""A message whose receipt has not come by then is sent again: the message or its receipt was lost."""
LONGEST_ASKED_S = 3600.0
"""Seconds that a receiver may ask us to wait (Retry-After); more is cut to this."""
GIVE_UP_AFTER = timedelta(hours=24)


def wait_for_receipt(attempts: int) -> timedelta:
    """How long the receipt of the attempt after ``attempts`` is waited for. The wait grows with each attempt:
    a message that kills its sender must not do so every minute."""
    return max(RECEIPT_WITHIN, timedelta(seconds=DELIVERY_FAILED.pause_s(attempts + 1)))


def pause_s(attempts: int, *, asked_s: float | None = None, chance: float | None = None) -> float:
    """Seconds from the failure of attempt number ``attempts`` (from 1) to the next attempt.

    Doubles from 5 s to 10 min. Up to half of it, by chance, is taken off, so that receivers that failed
    together are not asked together. A pause that the receiver asked for (``asked_s``) is kept, up to an hour.
    """
    chance = random.random() if chance is None else chance  # noqa: S311  # spreads load, guards nothing
    pause = DELIVERY_FAILED.pause_s(attempts) * (1 - chance / 2)
    return max(pause, min(asked_s, LONGEST_ASKED_S)) if asked_s is not None else pause
