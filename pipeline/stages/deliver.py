"""Deliveries into receipts, on the edge: no Django, no database, everything in the message."""

import logging
import math
import time
from collections.abc import Callable, Sequence

from core import telemetry
from delivery.message import Outcome, Receipt
from delivery.send import Courier
from pipeline.messages import LETTERS, Deliveries, read_messages, receipt_body

logger = logging.getLogger(__name__)

START_WITHIN_S = 45.0
"""A delivery takes some ten seconds, and is due again a minute after it was claimed."""


def deliver(bodies: Sequence[bytes], *, courier: Courier, send: Callable[[bytes], None]) -> list[int]:
    """Send the deliveries of all messages at once and ``send`` their receipts as they come; the indexes of
    messages that could not be decoded, and of messages with a letter (an e-mail of Django's) that may be
    taken later: no outbox holds it, so its queue must bring it again.

    At once, for ten messages whose receivers hang would take ten times as long one after the other, which is
    longer than Lambda lets a function run. Receipts go out while slow receivers are still being waited for. A
    message that is handled twice is sent twice, with the same keys.
    """
    started = time.perf_counter()
    messages, failed = read_messages(bodies, Deliveries, stage="deliver")
    deliveries = [delivery for _, message in messages for delivery in message.deliveries]
    letters = {
        one.id: index
        for index, message in messages
        for one in message.deliveries
        if one.id.startswith(LETTERS)
    }
    settled = 0
    for receipts in courier.send(
        deliveries, start_within_s=lambda one: math.inf if one.id in letters else START_WITHIN_S
    ):
        send(receipt_body(receipts))
        settled += len(receipts)
        _note_own_trouble(receipts)
        failed += [letters[r.id] for r in receipts if r.outcome is Outcome.RETRY and r.id in letters]
    took_ms = round((time.perf_counter() - started) * 1000)
    logger.debug("deliver deliveries=%d receipts=%d took_ms=%d", len(deliveries), settled, took_ms)
    return failed


def _note_own_trouble(receipts: Sequence[Receipt]) -> None:
    """For whoever runs this: no channel is switched off for it, so nobody else would ever hear of it."""
    ours = [receipt for receipt in receipts if receipt.ours]
    if ours:
        telemetry.count(DeliveriesHeldUp=len(ours))
        logger.error("deliveries held up by our own trouble count=%d: %s", len(ours), ours[0].answer)
