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
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from analytics.archive.lines import Row, pack_lines
from analytics.archive.slices import ArchiveSlice, cut_slices, find_rows, list_teams, read_results
from analytics.archive.stores import Store
from analytics.models import Archiving
from core import leases
from core.isolation import do_each, is_away, leave_out
from core.leases import Lease
from core.storage import StorageError

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than the archive can take for one object, tries included."""
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
        logger.warning("archive lost its turn owner=%s", turn.lease.owner)
    finally:
        turn.lease.end(problem=problem)


def _purge(turn: "_Turn", store: Store, until: datetime, rest: Rest) -> Iterator[int]:
    if turn.noted is not None:
        yield _move(turn, store, turn.noted, read_results(turn.noted.spans), rest)
    for team_id, ids in list_teams():
        try:
            yield from _purge_team(turn, store, cut_slices(team_id, ids, until), rest)
        except Exception as fault:
            if isinstance(fault, StorageError | _LostTurn) or is_away(fault):
                raise
            leave_out("archive results", ("team", team_id), fault)


def _purge_team(
    turn: "_Turn", store: Store, slices: Iterator[tuple[ArchiveSlice, list[Row]]], rest: Rest
) -> Iterator[int]:
    started = time.perf_counter()
    for slice_, rows in slices:
        rest(time.perf_counter() - started)  # for reading; the archive's own time keeps nobody waiting
        yield _move(turn, store, slice_, rows, rest)
        started = time.perf_counter()


def _move(turn: "_Turn", store: Store, slice_: ArchiveSlice, rows: list[Row], rest: Rest) -> int:
    """Write the slice, then delete its rows; how many."""
    for _ in range(TRIES):
        turn.note(slice_)
        if rows:
            store.put(slice_.name, pack_lines(slice_.team_id, rows))
        started = time.perf_counter()
        try:
            with transaction.atomic():
                turn.forget_note(wrote=bool(rows))
                deleted = find_rows(slice_.spans).delete()[0]
                if deleted != len(rows):
                    raise _Changed
        except _Changed:
            rows = read_results(slice_.spans)
        else:
            rest(time.perf_counter() - started)
            return deleted
    raise StorageError("Results kept changing while they were archived.")


@dataclass(frozen=True, slots=True)
class _Turn:
    """The right to move results to the archive, and the slice that the last one who had it was about to
    write."""

    lease: Lease[Archiving]
    noted: ArchiveSlice | None

    def note(self, slice_: ArchiveSlice) -> None:
        self._keep(pending=slice_.as_json())

    def forget_note(self, *, wrote: bool) -> None:
        self._keep(pending=None, **({"written_at": self.lease.clock()} if wrote else {}))

    def _keep(self, **changes: object) -> None:
        """Raises ``_LostTurn`` where it is not ours any more."""
        if not self.lease.keep(**changes):
            raise _LostTurn


def _take_turn(owner: str, *, now: datetime) -> _Turn | None:
    """The turn, if nobody has it."""
    Archiving.objects.get_or_create(pk=Archiving.RESULTS, defaults={"lease_until": now})
    lease = leases.take(Archiving.objects.filter(pk=Archiving.RESULTS), owner, lasts=LEASE, now=now)
    if lease is None:
        return None
    pending = lease.read().pending
    return _Turn(lease, None if pending is None else _read_note(pending))


def _read_note(pending: Any) -> ArchiveSlice | None:
    """A note that cannot be read is none: its rows are still there, and are cut anew."""
    found = do_each(
        "read archive's note", [pending], ArchiveSlice.from_json, name=lambda _: ("archiving", "note")
    )
    return found[0] if found else None
