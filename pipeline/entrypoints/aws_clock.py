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

from core.isolation import do_each
from core.leases import find_free
from pipeline import dispatch
from pipeline.jobs.periodic import send_due_checks
from pipeline.messages import Wake, encode
from pipeline.models import Cursor
from pipeline.queues.base import Parcel
from pipeline.timetable import TIMETABLE, Job, ask_soon

logger = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
GROUP_S = 5
"""Moments within so many seconds share a wake."""
NIGHTLY_FROM_S = 86_400
AGGREGATE = "roll up results"
"""Runs nightly, too: at 01:00 UTC the day that is over is summed up, however little the minutes got done."""


class ClockPlace(StrEnum):
    """When a job runs on Lambda."""

    TICK = "in the tick"
    MINUTE = "woken each minute, and at the moments that it names"
    DUE = "woken by the minute in which it is due"
    NIGHT = "woken at 01:00 UTC"


def place_of(job: Job) -> ClockPlace:
    if job.lane == "schedule":
        return ClockPlace.TICK
    if job.every_s <= MINUTE.total_seconds():
        return ClockPlace.MINUTE
    return ClockPlace.DUE if job.every_s < NIGHTLY_FROM_S else ClockPlace.NIGHT


def tick(*, owner: str, now: datetime) -> None:
    """One minute. Late, doubled or skipped, it loses and doubles nothing: see ``schedule``. A job may be
    woken twice, which is harmless, and one that was due in a minute that was skipped is woken in the next.

    A schedule that fails keeps no job from being woken, and is raised when they are.
    """
    try:
        send_due_checks(owner=owner, now=now, ahead=MINUTE)
    finally:
        wakes = [parcel for job in TIMETABLE for parcel in _wakes_of(job, now=now)]
        dispatch.send_all("receipts", wakes)


def _wakes_of(job: Job, *, now: datetime) -> list[Parcel]:
    if place_of(job) is ClockPlace.MINUTE:
        asked = do_each(
            "ask when to wake", [job], lambda one: ask_soon(one, now=now, until=now + MINUTE), name=_name
        )
        delays = {0, *(_delay_s(at, now=now) for moments in asked for at in moments)}
        return [_wake(job.name, delay_s) for delay_s in sorted(delays)]
    return [_wake(job.name)] if place_of(job) is ClockPlace.DUE and _take_turn(job, now=now) else []


def _name(job: Job) -> tuple[str, str]:
    return "job", job.name


def run_night() -> None:
    """The jobs of the night, and the day's sums."""
    wake([AGGREGATE, *(job.name for job in TIMETABLE if place_of(job) is ClockPlace.NIGHT)])


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
    next_turn = {"sent_until": _next_turn(job, now=now), "moved_at": now}
    _, new = Cursor.objects.get_or_create(pk=job.name, defaults={**next_turn, "lease_until": now})
    due = find_free(lasts=timedelta(seconds=job.every_s), now=now, column="sent_until")
    return new or bool(Cursor.objects.filter(due, pk=job.name).update(**next_turn))


def _next_turn(job: Job, *, now: datetime) -> datetime:
    turns = math.floor(now.timestamp() / job.every_s)
    return datetime.fromtimestamp((turns + 1) * job.every_s, UTC)
