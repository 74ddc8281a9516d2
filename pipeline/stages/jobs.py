"""Runs jobs of the timetable that a ``Wake`` asks for."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from core import telemetry
from core.isolation import is_away
from pipeline import dispatch
from pipeline.jobs import places
from pipeline.messages import Wake, encode
from pipeline.queues.base import Parcel, QueuesAway
from pipeline.timetable import Job, run_job

logger = logging.getLogger(__name__)

BEGIN_JOBS_FOR_S = 40.0
"""Seconds in which jobs are begun. Ten messages may ask for ten jobs of 20 s each, and a function has two
minutes."""
PAUSE_S, ASK_AGAIN_S = 5.0, 3.0
"""Seconds until a job that may wait goes on after a part of its work, and until a job that found no place
asks again. The second is shorter, so that each job has its turn."""
OWNER = "wake"
"""The owner of a woken job's lease. While the engine's clock runs the job, the clock has the lease, and the
woken job does nothing."""


def run_woken(jobs: Sequence[Job], *, started: float, owner: str, now: datetime) -> list[Job]:
    """Run each job once: first the jobs that somebody waits for, then those that may wait. When the time is
    up (``BEGIN_JOBS_FOR_S`` after ``started``, by ``time.perf_counter``) or no place is free, a job is woken
    again. Returns the jobs that failed.

    A job that fails keeps no other from running. Errors of a database or a queue that is away propagate.
    """
    ends_at = started + BEGIN_JOBS_FOR_S
    broken = _run([job for job in jobs if not job.may_wait], ends_at=ends_at, owner=owner, now=now)
    if may_wait := [job for job in jobs if job.may_wait]:
        with places.take_place(owner, now=now) as place:
            if place:
                broken += _run(may_wait, ends_at=ends_at, owner=owner, now=now, pause_s=PAUSE_S)
        if not place:
            telemetry.count(JobsPostponed=len(may_wait))
            _wake_again(may_wait, delay_s=ASK_AGAIN_S)
    return broken


def _run(
    jobs: Sequence[Job], *, ends_at: float, owner: str, now: datetime, pause_s: float = 0.0
) -> list[Job]:
    """Run each job once, while there is time. A job that was not begun, or that has more to do, is woken
    again in ``pause_s`` seconds. Returns the jobs that failed."""
    left: list[Job] = []
    broken: list[Job] = []
    for job in jobs:
        if time.perf_counter() < ends_at:
            telemetry.mark(job=job.name)
            try:
                if not run_job(job, owner=owner, now=now):
                    continue
            except Exception as fault:
                if isinstance(fault, QueuesAway) or is_away(fault):
                    raise
                logger.exception("job failed name=%r", job.name)
                broken.append(job)
                continue
        left.append(job)
    _wake_again(left, delay_s=pause_s)
    return broken


def _wake_again(jobs: Sequence[Job], *, delay_s: float) -> None:
    dispatch.send_all("receipts", [Parcel(encode(Wake(job.name)), delay_s) for job in jobs])
