"""Receipts back to the outboxes that they came from, and jobs that are asked for at once."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module

import msgspec

from delivery.message import Receipt
from pipeline import dispatch, leisure, observing
from pipeline.dispatch import Parcel
from pipeline.messages import Receipts, Wake, decode, encode
from pipeline.timetable import Job, find_job, run_job

logger = logging.getLogger(__name__)

# Whose outbox: what stands before the colon of a receipt's id. Each is ``settle(receipts, *, now)``; to
# settle a receipt again changes nothing.
ORIGINS = {
    "alerts": "alerts.settling:settle",
    "statuspages": "statuspages.settling:settle",
    "letters": "pipeline.letters:settle",
}
BEGIN_JOBS_FOR_S = 40.0
"""Ten messages may be ten jobs of 20 s: more than a function's two minutes."""
PAUSE_S, ASK_AGAIN_S = 5.0, 3.0
"""So long pauses a job that may wait after its part, and so soon asks one again that found no place: each has
its turn."""
OWNER = "wake"
"""For whom a woken job takes its lease: an engine's clock that is at it has it, and then nothing happens."""


def settle(bodies: Sequence[bytes], *, now: datetime, owner: str = OWNER) -> list[int]:
    """Hand each receipt to the app it came from, and run the jobs asked for, each once: first those that are
    waited for, then those that may wait. What there is no time or no place to begin is woken again. The
    indexes of messages that are none or come from nowhere.

    Whatever an app or a job raises propagates, a database error above all; then settle all of them again.
    """
    started = time.perf_counter()
    failed: list[int] = []
    by_origin: dict[str, list[Receipt]] = {}
    jobs: dict[Job, None] = {}
    for index, body in enumerate(bodies):
        try:
            message = decode(body)
        except msgspec.MsgspecError:
            message = None
        if isinstance(message, Receipts) and all(_origin(receipt) in ORIGINS for receipt in message.receipts):
            for receipt in message.receipts:
                by_origin.setdefault(_origin(receipt), []).append(receipt)
        elif isinstance(message, Wake) and (job := find_job(message.job)):
            jobs[job] = None
        else:
            logger.error("settle refused a message bytes=%d", len(body))
            failed.append(index)
    for origin, receipts in by_origin.items():
        _load(ORIGINS[origin])(receipts, now=now)
    ends_at = started + BEGIN_JOBS_FOR_S
    _run_jobs([job for job in jobs if not job.may_wait], ends_at=ends_at, owner=owner, now=now)
    if at_leisure := [job for job in jobs if job.may_wait]:
        with leisure.take_place(owner, now=now) as place:
            if place:
                _run_jobs(at_leisure, ends_at=ends_at, owner=owner, now=now, pause_s=PAUSE_S)
        if not place:
            observing.count(JobsPostponed=len(at_leisure))
            _wake_again(at_leisure, delay_s=ASK_AGAIN_S)
    took_ms = round((time.perf_counter() - started) * 1000)
    settled = sum(map(len, by_origin.values()))
    observing.count(Receipts=settled, Jobs=len(jobs))
    if settled or jobs:
        logger.info("settle receipts=%d jobs=%d took_ms=%d", settled, len(jobs), took_ms)
    return failed


def _run_jobs(
    jobs: Sequence[Job], *, ends_at: float, owner: str, now: datetime, pause_s: float = 0.0
) -> None:
    """Each once, or not at all when the time is up; where there is more to do, it has a turn of its own."""
    left: list[Job] = []
    for job in jobs:
        if time.perf_counter() < ends_at:
            observing.mark(job=job.name)
            if not run_job(job, owner=owner, now=now):
                continue
        left.append(job)
    _wake_again(left, delay_s=pause_s)


def _wake_again(jobs: Sequence[Job], *, delay_s: float) -> None:
    dispatch.send_all("receipts", [Parcel(encode(Wake(job.name)), delay_s) for job in jobs])


def _origin(receipt: Receipt) -> str:
    return receipt.id.partition(":")[0]


def _load(path: str) -> Callable[..., object]:
    module, _, function = path.partition(":")
    loaded: Callable[..., object] = getattr(import_module(module), function)
    return loaded
