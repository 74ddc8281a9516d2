"""Receipts back to the outboxes that they came from, and jobs that are asked for at once."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module

import msgspec

from delivery.message import Receipt
from pipeline import dispatch, observing
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
OWNER = "wake"
"""For whom a woken job takes its lease: an engine's clock that is at it has it, and then nothing happens."""


def settle(bodies: Sequence[bytes], *, now: datetime, owner: str = OWNER) -> list[int]:
    """Hand each receipt to the app it came from, and run the jobs asked for, each once, or wake them again
    when there is no time to begin; the indexes of messages that are none or come from nowhere.

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
    for job in jobs:
        in_time = time.perf_counter() - started < BEGIN_JOBS_FOR_S
        if not in_time or _run(job, owner=owner, now=now):
            dispatch.send("receipts", encode(Wake(job.name)))  # it goes on in a turn of its own
    took_ms = round((time.perf_counter() - started) * 1000)
    settled = sum(map(len, by_origin.values()))
    observing.count(Receipts=settled, Jobs=len(jobs))
    if settled or jobs:
        logger.info("settle receipts=%d jobs=%d took_ms=%d", settled, len(jobs), took_ms)
    return failed


def _run(job: Job, *, owner: str, now: datetime) -> bool:
    observing.mark(job=job.name)
    return run_job(job, owner=owner, now=now)


def _origin(receipt: Receipt) -> str:
    return receipt.id.partition(":")[0]


def _load(path: str) -> Callable[..., object]:
    module, _, function = path.partition(":")
    loaded: Callable[..., object] = getattr(import_module(module), function)
    return loaded
