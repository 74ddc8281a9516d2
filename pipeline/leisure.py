"""Jobs that may wait, and may take long, are at work in two places at most: whoever else takes receipts is
free for alerts, however many of them there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import Q

from pipeline.models import Cursor

PLACES = ("leisure 1", "leisure 2")
LEASE = timedelta(minutes=2)
"""Who holds a place for longer was killed: no function of Lambda's runs for longer."""


@contextmanager
def take_place(owner: str, *, now: datetime) -> Iterator[bool]:
    """A place for as long as the block runs; False: all are taken."""
    until = now + LEASE
    place = next((place for place in PLACES if _take(place, owner, until=until, now=now)), None)
    try:
        yield place is not None
    finally:
        if place is not None:
            Cursor.objects.filter(pk=place, lease_owner=owner, lease_until=until).update(lease_until=now)


def _take(place: str, owner: str, *, until: datetime, now: datetime) -> bool:
    """Of several who try at once, one. A lease from a clock that ran ahead is void."""
    free = Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    _, new = Cursor.objects.get_or_create(
        pk=place,
        defaults={"sent_until": now, "lease_owner": owner, "lease_until": until, "moved_at": now},
    )
    return new or bool(
        Cursor.objects.filter(free, pk=place).update(lease_owner=owner, lease_until=until, moved_at=now)
    )
