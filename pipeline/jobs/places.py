"""Jobs that may wait and may take long run in two places at most. So, however many they are, the other
functions that take receipts stay free for alerts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from core import leases
from core.leases import Lease
from pipeline.models import Cursor

PLACES = ("leisure 1", "leisure 2")
LEASE = timedelta(minutes=2)
"""A place that is held for longer belongs to a function that was killed: no Lambda function runs longer."""


@contextmanager
def take_place(owner: str, *, now: datetime) -> Iterator[bool]:
    """Hold a place while the block runs. Yields False when all places are taken."""
    lease = next((lease for place in PLACES if (lease := _take(place, owner, now=now))), None)
    try:
        yield lease is not None
    finally:
        if lease is not None:
            lease.end()


def _take(place: str, owner: str, *, now: datetime) -> Lease[Cursor] | None:
    Cursor.objects.get_or_create(pk=place, defaults={"sent_until": now, "lease_until": now, "moved_at": now})
    return leases.take(Cursor.objects.filter(pk=place), owner, lasts=LEASE, now=now, moved_at=now)
