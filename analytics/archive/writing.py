"""The purge of raw results by way of the archive. Nothing is deleted that is not written, and nothing is
written twice, whoever is killed, late or there at the same time:

- one process at a time has the turn (a lease);
- it notes which slice it is about to write, writes it, and deletes its rows and the note in one transaction,
  if the rows are still those that it wrote and the turn is still its own;
- who finds a note writes that slice again, under the same name, from the rows that are there.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from analytics.archive.lines import Row, pack
from analytics.archive.slices import Slice, cut_slices, find_rows, read_rows
from analytics.archive.stores import Store
from analytics.models import Archiving
from sentrypulse.storing import StorageError

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than the archive can take for one object, tries included."""
CLOCK_TOLERANCE = timedelta(minutes=1)
TRIES = 5

Rest = Callable[[float], None]


class _LostTurn(Exception):
    """The lease ended while we wrote, and somebody else has it."""


class _Changed(Exception):
    """The rows are not those that were written: one came late, or their monitor was deleted."""


def purge_into(store: Store, *, until: datetime, owner: str, now: datetime, rest: Rest) -> Iterator[int]:
    """Archive and delete raw results of before ``until``, a midnight, but each monitor's last; yields how
    many rows each slice had. While the archive is away nothing is deleted, and the next purge tries again."""
    turn = _take_turn(owner, now=now)
    if turn is None:
        return
    problem = ""
    try:
        yield from _purge(turn, store, until, rest)
    except StorageError as error:
        problem = str(error)[:300]
        logger.error("archive away, no raw result is purged: %s", problem)
    except _LostTurn:
        logger.warning("archive lost its turn owner=%s", turn.owner)
    finally:
        turn.end(problem)


def _purge(turn: "_Turn", store: Store, until: datetime, rest: Rest) -> Iterator[int]:
    if turn.noted is not None:
        yield _move(turn, store, turn.noted, read_rows(turn.noted.spans), rest)
    started = time.perf_counter()
    for slice_, rows in cut_slices(until):
        rest(time.perf_counter() - started)  # for reading; the archive's own time keeps nobody waiting
        yield _move(turn, store, slice_, rows, rest)
        started = time.perf_counter()


def _move(turn: "_Turn", store: Store, slice_: Slice, rows: list[Row], rest: Rest) -> int:
    """Write the slice, then delete its rows; how many."""
    for _ in range(TRIES):
        turn.note(slice_)
        if rows:
            store.put(slice_.name, pack(slice_.team_id, rows))
        started = time.perf_counter()
        try:
            with transaction.atomic():
                turn.forget_note(wrote=bool(rows))
                deleted = find_rows(slice_.spans).delete()[0]
                if deleted != len(rows):
                    raise _Changed
        except _Changed:
            rows = read_rows(slice_.spans)
        else:
            rest(time.perf_counter() - started)
            return deleted
    raise StorageError("Results kept changing while they were archived.")


@dataclass(slots=True)
class _Turn:
    """The right to move results to the archive. It ends by itself when its owner is killed."""

    owner: str
    now: datetime
    noted: Slice | None
    taken: float = field(default_factory=time.monotonic)

    def note(self, slice_: Slice) -> None:
        """Also keeps the turn."""
        self._write(pending=slice_.as_json(), lease_until=self._clock() + LEASE)

    def forget_note(self, *, wrote: bool) -> None:
        self._write(pending=None, **({"written_at": self._clock()} if wrote else {}))

    def end(self, problem: str) -> None:
        ours = Archiving.objects.filter(pk=Archiving.RESULTS, lease_owner=self.owner)
        ours.update(lease_until=self.now, problem=problem)

    def _clock(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.taken)

    def _write(self, **changes: object) -> None:
        """Raises ``_LostTurn`` where it is not ours any more."""
        ours = Archiving.objects.filter(pk=Archiving.RESULTS, lease_owner=self.owner)
        if not ours.update(**changes):
            raise _LostTurn


def _take_turn(owner: str, *, now: datetime) -> _Turn | None:
    """The turn, if nobody has it. Each taker has a name of its own: of two runs of one process one may."""
    Archiving.objects.get_or_create(pk=Archiving.RESULTS, defaults={"lease_until": now})
    free = Q(lease_until__lte=now) | Q(lease_until__gt=now + LEASE + CLOCK_TOLERANCE)
    name = f"{owner[:50]} {uuid4().hex[:12]}"
    if not Archiving.objects.filter(free, pk=Archiving.RESULTS).update(
        lease_owner=name, lease_until=now + LEASE
    ):
        return None
    pending = Archiving.objects.get(pk=Archiving.RESULTS).pending
    return _Turn(name, now, None if pending is None else Slice.from_json(pending))
