"""The serverless engine's clock. It runs once a minute, and every job of the timetable has its place here.

The schedule runs in the tick itself, a minute ahead. Every other job is woken by a message of its own: so
each has a function's whole time, is tried again when it fails, and delays no other.
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
"""Moments within one span of so many seconds share a wake."""
NIGHTLY_FROM_S = 86_400
AGGREGATE = "roll up results"
"""Runs nightly as well: at 01:00 UTC it rolls up the day that is over, even if the minutes did not get that
far."""


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


def run_minute(*, owner: str, now: datetime) -> None:
    """The work of one minute. A tick that comes late, twice or not at all loses and doubles no slot (see
    ``schedule``). A job may be woken twice, which is harmless; a job that was due in a skipped minute is
    woken in the next.

    When the schedule fails, the jobs are woken first, then the error is raised.
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
    """Wake the jobs of the night, and the roll-up of the day that is over."""
    wake_jobs([AGGREGATE, *(job.name for job in TIMETABLE if place_of(job) is ClockPlace.NIGHT)])


def wake_jobs(jobs: Iterable[str]) -> None:
    """Ask for each job now, in a function of its own."""
    dispatch.send_all("receipts", [_wake(job) for job in jobs])


def _wake(job: str, delay_s: int = 0) -> Parcel:
    return Parcel(encode(Wake(job)), delay_s)


def _delay_s(at: datetime, *, now: datetime) -> int:
    """Seconds from ``now`` to the end of the span in which ``at`` lies, so never before ``at``."""
    end_s = math.floor(at.timestamp() / GROUP_S) * GROUP_S + GROUP_S
    return max(0, math.ceil(end_s - now.timestamp()))


def _take_turn(job: Job, *, now: datetime) -> bool:
    """Whether the job's turn is in this minute. Of two ticks that ask at once, one gets True.

    The job's cursor stands at its next turn. Turns lie ``every_s`` apart, counted from midnight UTC.
    """
    next_turn = {"sent_until": _next_turn(job, now=now), "moved_at": now}
    _, new = Cursor.objects.get_or_create(pk=job.name, defaults={**next_turn, "lease_until": now})
    due = find_free(lasts=timedelta(seconds=job.every_s), now=now, column="sent_until")
    return new or bool(Cursor.objects.filter(due, pk=job.name).update(**next_turn))


def _next_turn(job: Job, *, now: datetime) -> datetime:
    turns = math.floor(now.timestamp() / job.every_s)
    return datetime.fromtimestamp((turns + 1) * job.every_s, UTC)
