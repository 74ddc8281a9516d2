"""Deliveries into receipts, on the edge: no Django, no database, everything in the message."""

import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from delivery.message import Delivery, Outcome
from delivery.send import Courier
from pipeline.messages import LETTERS, Deliveries, Receipts, decode, encode

logger = logging.getLogger(__name__)


def deliver(bodies: Sequence[bytes], *, courier: Courier, send: Callable[[bytes], None]) -> list[int]:
    """Send the deliveries of all messages at once and ``send`` their receipts as they come; the indexes of
    messages that are none, and of letters that may be taken another time: their queue alone brings them
    again.

    At once, for ten messages whose receivers hang would take ten times as long one after the other, which is
    longer than Lambda lets a function run. Receipts go out while slow receivers are still being waited for. A
    message that is handled twice is sent twice, with the same keys.
    """
    started = time.perf_counter()
    failed: list[int] = []
    deliveries: list[Delivery] = []
    letters: dict[str, int] = {}
    for index, body in enumerate(bodies):
        try:
            message = decode(body)
        except msgspec.MsgspecError:
            message = None
        if isinstance(message, Deliveries):
            deliveries += message.deliveries
            letters |= {one.id: index for one in message.deliveries if one.id.startswith(LETTERS)}
        else:
            logger.error("deliver refused a message bytes=%d", len(body))
            failed.append(index)
    settled = 0
    for receipts in courier.send(deliveries):
        send(encode(Receipts(receipts)))
        settled += len(receipts)
        failed += [letters[r.id] for r in receipts if r.outcome is Outcome.RETRY and r.id in letters]
    took_ms = round((time.perf_counter() - started) * 1000)
    logger.debug("deliver deliveries=%d receipts=%d took_ms=%d", len(deliveries), settled, took_ms)
    return failed
