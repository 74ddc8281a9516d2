"""The serverless engine's clock. It comes round once a minute, and every job of the timetable has its place
here.

The schedule runs at once, a minute ahead. Every other job is woken by a message of its own: each gets a
function's whole time, is tried again when it fails, and holds up no other.
"""

import logging
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pipeline import dispatch
from pipeline.dispatch import Parcel
from pipeline.jobs import send_due_checks
from pipeline.messages import Wake, encode
from pipeline.models import Cursor
from pipeline.timetable import TIMETABLE, Job, ask_soon

logger = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
GROUP_S = 5
"""Moments within so many seconds share a wake."""
NIGHTLY_FROM_S = 86_400
AGGREGATE = "roll up results"
"""Runs nightly, too: at 01:00 UTC the day that is over is summed up, however little the minutes got done."""


class Place(StrEnum):
    """When a job runs on Lambda."""

    TICK = "in the tick"
    MINUTE = "woken each minute, and at the moments that it names"
    DUE = "woken by the minute in which it is due"
    NIGHT = "woken at 01:00 UTC"


def place_of(job: Job) -> Place:
    if job.lane == "schedule":
        return Place.TICK
    if job.every_s <= MINUTE.total_seconds():
        return Place.MINUTE
    return Place.DUE if job.every_s < NIGHTLY_FROM_S else Place.NIGHT


def tick(*, owner: str, now: datetime) -> None:
    """One minute. Late, doubled or skipped, it loses and doubles nothing: see ``schedule``. A job may be
    woken twice, which is harmless, and one that was due in a minute that was skipped is woken in the next."""
    send_due_checks(owner=owner, now=now, ahead=MINUTE)
    wakes: list[Parcel] = []
    for job in TIMETABLE:
        if place_of(job) is Place.MINUTE:
            moments = ask_soon(job, now=now, until=now + MINUTE)
            wakes += [
                _wake(job.name, delay_s)
                for delay_s in sorted({0, *(_delay_s(at, now=now) for at in moments)})
            ]
        elif place_of(job) is Place.DUE and _take_turn(job, now=now):
            wakes.append(_wake(job.name))
    dispatch.send_all("receipts", wakes)


def run_night() -> None:
    """The jobs of the night, and the day's sums."""
    wake([AGGREGATE, *(job.name for job in TIMETABLE if place_of(job) is Place.NIGHT)])


def wake(jobs: Iterable[str]) -> None:
    """Let each job run now, in a function of its own."""
    dispatch.send_all("receipts", [_wake(job) for job in jobs])


def _wake(job: str, delay_s: int = 0) -> Parcel:
    return Parcel(encode(Wake(job)), delay_s)


def _delay_s(at: datetime, *, now: datetime) -> int:
    """Seconds from ``now`` to the end of the span that ``at`` lies in: not before it."""
    end_s = math.floor(at.timestamp() / GROUP_S) * GROUP_S + GROUP_S
    return max(0, math.ceil(end_s - now.timestamp()))


def _take_turn(job: Job, *, now: datetime) -> bool:
    """Is the job's turn in this minute? Of two that ask at once, one is told so.

    Its cursor stands at its next turn; turns lie ``every_s`` apart, from midnight UTC on.
    """
    cursor, new = Cursor.objects.get_or_create(
        pk=job.name, defaults={"sent_until": _next_turn(job, now=now), "lease_until": now, "moved_at": now}
    )
    if new:
        return True
    waits = now < cursor.sent_until <= now + timedelta(seconds=job.every_s)
    if waits:
        return False
    mine = Cursor.objects.filter(pk=job.name, sent_until=cursor.sent_until)
    return bool(mine.update(sent_until=_next_turn(job, now=now), moved_at=now))


def _next_turn(job: Job, *, now: datetime) -> datetime:
    turns = math.floor(now.timestamp() / job.every_s)
    return datetime.fromtimestamp((turns + 1) * job.every_s, UTC)
