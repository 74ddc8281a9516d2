"""The functions that Lambda calls in the core, by name (``zappa_settings.json``): the clock, and the queues
that come in."""

import logging
import os
from collections.abc import Sequence
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from core import connections
from core.clock import read_clock
from core.retries import CORE_AWAY
from pipeline import dispatch
from pipeline.entrypoints import aws_clock
from pipeline.entrypoints.aws_events import Handle, Handler, entry, handle_batch
from pipeline.queues.base import ROUTES, Failed, QueuesAway
from pipeline.queues.sqs import SqsSender

logger = logging.getLogger(__name__)

AWAY = (*connections.AWAY, QueuesAway)
"""Errors that pass: the messages stay in their queue and come again."""


@lru_cache(maxsize=1)
def get_sender() -> SqsSender:
    """The sender of this sandbox, made once; every stage then sends through it."""
    sender = SqsSender(settings.QUEUE_ADDRESSES, max_waiting=settings.QUEUE_MAX_MESSAGES)
    dispatch.use_sender(sender)
    return sender


def _with_database(handler: Handler) -> Handler:
    """Close database connections that have died, before and after an event: no end of a request of Django's
    does it."""

    @wraps(handler)
    def wrapped(event: dict[str, Any], context: Any) -> Any:
        get_sender()
        close_old_connections()
        try:
            return handler(event, context)
        finally:
            close_old_connections()

    return wrapped


def _name_owner(context: Any) -> str:
    """The owner of leases: the same for each attempt at one event, so that a second attempt gets its own
    lease again."""
    return f"lambda-{getattr(context, 'aws_request_id', '') or os.getpid()}"[:64]


# The clock


@entry("schedule")
@_with_database
def scheduler(event: dict[str, Any], context: Any) -> None:
    """EventBridge, ``rate(1 minute)``: send the coming minute's checks, and wake every job whose turn it
    is."""
    aws_clock.run_minute(owner=_name_owner(context), now=read_clock())


@entry("nightly")
@_with_database
def nightly(event: dict[str, Any], context: Any) -> None:
    """EventBridge, ``cron(0 1 * * ? *)``: wake the roll-up of the day that is over, and the jobs of once a
    day."""
    aws_clock.run_night()


# The queues


@entry("record")
@_with_database
def results(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Record what the edge found: history, states and incidents."""

    def record(bodies: Sequence[bytes]) -> Failed:
        failed: Failed = ROUTES["results"].load()(bodies, now=read_clock())
        return failed

    return _take(event, "results", record)


@entry("settle")
@_with_database
def receipts(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Settle the receipts of deliveries, and run the jobs that are woken."""

    def settle(bodies: Sequence[bytes]) -> Failed:
        stage = ROUTES["receipts"].load()
        failed: Failed = stage(bodies, now=read_clock(), owner=_name_owner(context))
        return failed

    return _take(event, "receipts", settle)


def _take(event: dict[str, Any], queue: str, handle: Handle) -> dict[str, Any]:
    try:
        return handle_batch(event, queues={queue: handle}, addresses=settings.QUEUE_ADDRESSES, away=AWAY)
    except AWAY:
        _ask_again_soon(event, queue)
        raise


def _ask_again_soon(event: dict[str, Any], queue: str) -> None:
    """Let the messages come again after pauses that double with every attempt (5 s to 5 min), not after the
    queue's visibility timeout of minutes."""
    records = event["Records"]
    attempt = max(int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) for record in records)
    pause_s = round(CORE_AWAY.pause_s(attempt))
    try:
        get_sender().show_again(queue, [record["receiptHandle"] for record in records], pause_s=pause_s)
    except QueuesAway as error:
        logger.warning("messages come again by themselves count=%d: %s", len(records), error)
