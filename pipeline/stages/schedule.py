"""Which checks are due? Sends every slot once, under a lease. A process that is killed before it has moved
the cursor sends the window again, which is harmless."""

import logging
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q

from core import leases, telemetry
from core.instants import from_ms, to_ms
from core.leases import CLOCK_TOLERANCE
from monitors.models import Monitor
from monitors.slots import last_slot, phase_ranges, slots_between
from pipeline import dispatch
from pipeline.health import signs
from pipeline.messages import pack_specs
from pipeline.models import Cursor
from pipeline.queues.base import Parcel
from pipeline.specs import SPEC_COLUMNS, build_specs

logger = logging.getLogger(__name__)

CURSOR = "checks"
LEASE = timedelta(seconds=5)
MAX_LATE = timedelta(seconds=30)
"""Slots that are later than this are skipped: they show as a gap, and no burst of old checks follows."""
GROUP_S = 5
"""Slots that are sent ahead share messages by spans of so many seconds, and are checked at the end of their
span: up to 5 s after the slot, always by the same delay. The edge's functions then run twelve times a minute,
not sixty."""
RANGES_AT_ONCE = 500
"""Ranges in one statement: SQLite takes a thousand terms in a WHERE."""

READ = ("interval_s", "phase_ms", "regions", *SPEC_COLUMNS)
"""What of a due monitor is read."""

Due = tuple[Monitor, str, datetime]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What one round did. ``away_from`` is set when slots since then were skipped; ``held`` when the queue
    had no room."""

    messages: int = 0
    away_from: datetime | None = None
    held: bool = False


def schedule(*, owner: str, now: datetime, ahead: timedelta = timedelta(0)) -> Scheduled:
    """Send the slots between the cursor and ``now + ahead``, then move the cursor. Safe to run twice at once:
    one of the two runs does nothing. After a kill -9 in between, the next round sends the same window again.

    ``ahead`` is for a clock that comes round seldom: all slots until its next round are sent now, each with a
    delay. That round may be late by as much again: the slots that it missed are sent at once. When the queue
    has no room for the window, nothing is sent and the cursor stays: the next round tries again. Raises
    ``QueuesAway``.
    """
    started = time.perf_counter()
    cursor = lease_cursor(owner, now=now, ahead=ahead)
    if cursor is None:
        return Scheduled()
    start, away_from = find_start(cursor, now=now, ahead=ahead)
    until = max(start, now + ahead)
    parcels = pack_due(due_slots(start, until, every=bool(ahead)), now=now, ahead=ahead)
    if parcels and len(parcels) > dispatch.queues().free("checks"):
        logger.warning("schedule held messages=%d free=%d", len(parcels), dispatch.queues().free("checks"))
        return Scheduled(held=True)
    dispatch.send_all("checks", parcels)
    moved = Cursor.objects.filter(pk=CURSOR, lease_owner=owner, sent_until=cursor.sent_until).update(
        sent_until=until,
        moved_at=now,
        lease_until=now,  # any process may take the next round
    )
    if moved and start != cursor.sent_until:  # slots were skipped: health must not wait for their results
        signs.save_sign(signs.RESUMED, at=now, every=timedelta())
    telemetry.count(ScheduleMoved=moved)
    took_ms = round((time.perf_counter() - started) * 1000)
    if parcels or not moved:
        logger.log(
            logging.INFO if ahead else logging.DEBUG,
            "schedule messages=%d moved=%d took_ms=%d",
            len(parcels),
            moved,
            took_ms,
        )
    return Scheduled(messages=len(parcels), away_from=away_from)


def lease_cursor(owner: str, *, now: datetime, ahead: timedelta = timedelta(0)) -> Cursor | None:
    """The cursor, if ``owner`` gets its lease: for five seconds, or with ``ahead`` until shortly before the
    next round. None when somebody else has it."""
    rows, lasts = Cursor.objects.filter(pk=CURSOR), max(LEASE, ahead - LEASE)
    lease = leases.take(rows, owner, lasts=lasts, now=now, again=True)
    if lease is None and _ensure_cursor(owner, now=now):
        lease = leases.take(rows, owner, lasts=lasts, now=now, again=True)
    return lease.read() if lease else None


def _ensure_cursor(owner: str, *, now: datetime) -> bool:
    """Make the cursor, if there is none yet: the first window begins now."""
    new = {"sent_until": now, "lease_until": now, "moved_at": now, "lease_owner": owner}
    return Cursor.objects.get_or_create(pk=CURSOR, defaults=new)[1]


def find_start(
    cursor: Cursor, *, now: datetime, ahead: timedelta = timedelta(0)
) -> tuple[datetime, datetime | None]:
    """Where the window begins, and the moment since when slots were skipped (None if none were).

    A cursor in the near future was moved by a scheduler whose clock is slightly ahead: the window begins at
    the cursor, for its slots were sent. A cursor farther in the future was moved by a wrong clock: the window
    begins now, so that the schedule goes on.
    """
    max_late = MAX_LATE + ahead
    if cursor.sent_until > now + ahead + CLOCK_TOLERANCE:
        logger.warning("schedule clock went back from=%s to=%s", cursor.sent_until, now)
        return now, None
    if now - cursor.sent_until > max_late:
        skipped_s = (now - cursor.sent_until - max_late).total_seconds()
        logger.warning("schedule skipped seconds=%d", skipped_s)
        return now - max_late, cursor.sent_until
    return cursor.sent_until, None


def pack_due(due: Iterable[Due], *, now: datetime, ahead: timedelta) -> list[Parcel]:
    """The due checks as messages. With ``ahead``, they are grouped by spans of ``GROUP_S``, and each message
    has the delay to the end of its span."""
    if not ahead:
        return pack_specs(build_specs(due))
    spans: dict[int, list[Due]] = {}
    for one in due:
        end_s = -(-to_ms(one[2]) // (GROUP_S * 1000)) * GROUP_S
        spans.setdefault(max(0, math.ceil(end_s - now.timestamp())), []).append(one)
    return [
        parcel
        for delay_s, theirs in sorted(spans.items())
        for parcel in pack_specs(build_specs(theirs), delay_s=delay_s)
    ]


def due_slots(start: datetime, end: datetime, *, every: bool = False) -> Iterator[Due]:
    """(monitor, region, slot) for each monitor with a slot in ``[start, end)``. Of several slots of a
    monitor, only the last; with ``every``, all of them.

    The cost grows with what is due: one index range for each interval in use, in two statements (more beyond
    500 ranges).
    """
    start_ms, end_ms = to_ms(start), to_ms(end)
    if end_ms <= start_ms:
        return
    enabled = Monitor.objects.filter(enabled=True, phase_ms__isnull=False)
    ranges = [
        Q(interval_s=interval_s, phase_ms__gte=low, phase_ms__lt=high)
        for interval_s in enabled.order_by("interval_s").values_list("interval_s", flat=True).distinct()
        for low, high in phase_ranges(interval_s, start_ms=start_ms, end_ms=end_ms)
    ]
    for first in range(0, len(ranges), RANGES_AT_ONCE):
        wanted = reduce(or_, ranges[first : first + RANGES_AT_ONCE])
        for monitor in enabled.filter(wanted).only(*READ).iterator(chunk_size=2000):
            assert monitor.phase_ms is not None  # noqa: S101  # filtered above
            slots: Iterable[int] = (
                slots_between(monitor.phase_ms, monitor.interval_s, start_ms=start_ms, end_ms=end_ms)
                if every
                else [last_slot(monitor.phase_ms, monitor.interval_s, before_ms=end_ms)]
            )
            for slot in slots:
                for region in monitor.watched_from:
                    yield monitor, region, from_ms(slot)
