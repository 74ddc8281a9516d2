"""Hands receipts back to the outboxes that they came from."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from pkgutil import resolve_name

from core import telemetry
from delivery.message import Receipt
from pipeline.messages import Receipts, Wake, read_messages
from pipeline.queues.base import Failed
from pipeline.stages.jobs import OWNER, run_woken
from pipeline.timetable import Job, find_job

logger = logging.getLogger(__name__)

# By the text before the colon of a receipt's id: the function ``(receipts, *, now)`` of its outbox.
# Settling a receipt again changes nothing.
ORIGINS = {
    "alerts": "alerts.receipts:settle_deliveries",
    "statuspages": "statuspages.receipts:settle_notices",
    "letters": "pipeline.email_backends:settle_emails",
    "watchdog": "pipeline.health.watchdog:settle_calls",
}


def settle(bodies: Sequence[bytes], *, now: datetime, owner: str = OWNER) -> Failed:
    """Hand each receipt to the app that it came from, then run the jobs whose wakes travel on the same queue.
    Returns as failed the messages that could not be decoded, those that name an unknown origin or job, and
    wakes whose job failed.

    Errors of a database or a queue that is away propagate; settle all messages again then.
    """
    started = time.perf_counter()
    by_origin: dict[str, list[Receipt]] = {}
    jobs: dict[Job, list[int]] = {}
    messages, failed = read_messages(bodies, Receipts, Wake, stage="settle", find_fault=_find_fault)
    for index, message in messages:
        if isinstance(message, Receipts):
            for receipt in message.receipts:
                by_origin.setdefault(_origin(receipt), []).append(receipt)
        elif isinstance(message, Wake) and (job := find_job(message.job)):
            jobs.setdefault(job, []).append(index)
    for origin, receipts in by_origin.items():
        resolve_name(ORIGINS[origin])(receipts, now=now)
    broken = run_woken(list(jobs), started=started, owner=owner, now=now)
    failed |= {
        index: f"The job {job.name!r} failed; the log says why." for job in broken for index in jobs[job]
    }
    took_ms = round((time.perf_counter() - started) * 1000)
    settled = sum(map(len, by_origin.values()))
    telemetry.count(Receipts=settled, Jobs=len(jobs))
    if settled or jobs:
        logger.info("settle receipts=%d jobs=%d took_ms=%d", settled, len(jobs), took_ms)
    return failed


def _find_fault(message: Receipts | Wake) -> str:
    if isinstance(message, Wake):
        return "" if find_job(message.job) else f"There is no job {message.job!r}."
    unknown = [receipt.id for receipt in message.receipts if _origin(receipt) not in ORIGINS]
    return f"The receipt {unknown[0]!r} is of no outbox that exists." if unknown else ""


def _origin(receipt: Receipt) -> str:
    return receipt.id.partition(":")[0]
