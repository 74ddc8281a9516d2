"""Turns deliveries into receipts, on the edge: no Django, no database; the message holds everything."""

import logging
import math
import time
from collections.abc import Callable, Sequence

from core import telemetry
from delivery.message import Outcome, Receipt
from delivery.send import Courier
from pipeline.messages import LETTERS, Deliveries, read_messages, receipt_body
from pipeline.queues.base import Failed

logger = logging.getLogger(__name__)

START_WITHIN_S = 45.0
"""Seconds within which a delivery must begin. It takes about ten seconds, and a minute after it was claimed
its outbox sends it again."""


def deliver(bodies: Sequence[bytes], *, courier: Courier, send: Callable[[bytes], None]) -> Failed:
    """Send the deliveries of all messages at once, and ``send`` their receipts as they come. Returns as
    failed the messages that must come again: those that could not be decoded, and those with an e-mail of
    Django's that may be accepted later (no outbox holds it, so only its queue tries it again).

    All at once, because ten messages whose receivers hang, one after the other, take longer than Lambda lets
    a function run. Receipts go out while slow receivers are still awaited. A message that is handled twice is
    sent twice, with the same idempotency keys.
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
        for receipt in receipts:
            if receipt.outcome is Outcome.RETRY and receipt.id in letters:
                failed[letters[receipt.id]] = f"Its e-mail was not accepted: {receipt.answer}"
    took_ms = round((time.perf_counter() - started) * 1000)
    logger.debug("deliver deliveries=%d receipts=%d took_ms=%d", len(deliveries), settled, took_ms)
    return failed


def _note_own_trouble(receipts: Sequence[Receipt]) -> None:
    """Tell the operator of failures that are our own fault: they disable no channel, so nobody else hears of
    them."""
    ours = [receipt for receipt in receipts if receipt.ours]
    if ours:
        telemetry.count(DeliveriesHeldUp=len(ours))
        logger.error("deliveries held up by our own trouble count=%d: %s", len(ours), ours[0].answer)
