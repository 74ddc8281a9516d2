"""Specs into results, on the edge: no Django, no database, everything in the message."""

import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from pipeline.messages import Checks, Results, decode, encode
from probes.run import Prober

logger = logging.getLogger(__name__)


def probe(bodies: Sequence[bytes], *, prober: Prober, send: Callable[[bytes], None]) -> list[int]:
    """Run the checks of each message and ``send`` their results as they come; the indexes of messages that
    are none.

    Results go out while slow targets are still being waited for, so that one of them delays nobody else's
    news.
    """
    failed: list[int] = []
    for index, body in enumerate(bodies):
        started = time.perf_counter()
        try:
            message = decode(body)
        except msgspec.MsgspecError:
            message = None
        if not isinstance(message, Checks):
            logger.error("probe refused a message bytes=%d", len(body))
            failed.append(index)
            continue
        found = 0
        for results in prober.run(message.specs):
            send(encode(Results(results)))
            found += len(results)
        took_ms = round((time.perf_counter() - started) * 1000)
        logger.debug("probe specs=%d results=%d took_ms=%d", len(message.specs), found, took_ms)
    return failed
