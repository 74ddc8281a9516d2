"""The one courier of this process, shared by the engine's workers and by "test a channel"; or
the edge, where this process must not reach receivers."""

import threading
from functools import lru_cache

import msgspec
from django.conf import settings

from delivery.message import Delivery, Receipt
from delivery.send import Courier
from pipeline.edge_call import call_edge

_lock = threading.Lock()


@lru_cache(maxsize=1)
def _make() -> Courier:
    return Courier(
        allow_private=settings.PROBE_ALLOW_PRIVATE,
        email_url=settings.EMAIL_URL,
        email_from=settings.DEFAULT_FROM_EMAIL,
        concurrency=settings.DELIVERY_CONCURRENCY,
    )


def courier() -> Courier:
    """Made at first use."""
    with _lock:
        return _make()


def send_one(delivery: Delivery) -> Receipt:
    """Send at once, because somebody asked for it. Blocks for as long as the receiver takes, 12 s at most.

    Raises ``DomainError`` when the edge, which sends for a core without internet, does not answer.
    """
    if settings.ENGINE != "serverless":
        return courier().send_one(delivery)
    answer = call_edge("send", delivery=msgspec.to_builtins(delivery))
    return msgspec.convert(answer["receipt"], Receipt)


def close_courier() -> None:
    """Let it begin nothing more, if it was ever made; the next use makes a new one."""
    with _lock:
        if _make.cache_info().currsize:
            _make().close()
            _make.cache_clear()
