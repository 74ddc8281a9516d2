"""A lease is the right to do something alone, for a while. Rows with ``lease_owner`` and ``lease_until`` can
be leased.

A lease ends by itself, so nobody waits for an owner that was killed. One machine's clock writes its end and
others read it. A lease that ends later than any lease taken now could, was written by a clock that ran ahead,
and is void.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import uuid4

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)

CLOCK_TOLERANCE = timedelta(minutes=1)
"""The clocks of two machines differ by less than this."""


@dataclass(slots=True)
class Lease(Generic[Row]):
    """A lease that was taken, and its row."""

    rows: QuerySet[Row]
    owner: str
    lasts: timedelta
    now: datetime
    taken: float = field(default_factory=time.monotonic)

    def read(self) -> Row:
        return self.rows.get()

    def clock(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.taken)

    def keep(self, **changes: Any) -> bool:
        """Prolong the lease and write ``changes`` to its row. False: it has ended, and somebody else has
        it."""
        return self._write(lease_until=self.clock() + self.lasts, **changes)

    def end(self, **changes: Any) -> bool:
        """Give the lease back and write ``changes`` to its row. False as with ``keep``."""
        return self._write(lease_until=self.now, **changes)

    def _write(self, **changes: Any) -> bool:
        return bool(self.rows.filter(lease_owner=self.owner).update(**changes))


def take(
    rows: QuerySet[Row], owner: str, *, lasts: timedelta, now: datetime, again: bool = False, **changes: Any
) -> Lease[Row] | None:
    """Lease the one row in ``rows`` and write ``changes`` to it. None when somebody else has the lease.

    When several ask at once, one of them gets it. That holds for two runs of one process, too, unless an
    owner may take its own lease ``again``.
    """
    name = owner[:64] if again else f"{owner[:50]} {uuid4().hex[:12]}"
    mine = find_free(lasts=lasts, now=now) | (Q(lease_owner=name) if again else Q())
    if not rows.filter(mine).update(lease_owner=name, lease_until=now + lasts, **changes):
        return None
    return Lease(rows, name, lasts, now)


def find_free(*, lasts: timedelta, now: datetime, column: str = "lease_until") -> Q:
    """The condition for leases of the length ``lasts`` that nobody has: never taken, given back, ended, or
    void."""
    ended, void = {f"{column}__lte": now}, {f"{column}__gt": now + lasts + CLOCK_TOLERANCE}
    return Q(**{f"{column}__isnull": True}) | Q(**ended) | Q(**void)
