"""Specs into results, on the edge: no Django, no database, everything in the message."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline import observing
from pipeline.messages import Checks, decode, result_bodies
from probes.run import Prober
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)

TOO_OLD = timedelta(minutes=15)
"""A check that comes so late would tell of now what was asked of then: it is left out, a gap."""
TOO_EARLY = timedelta(seconds=30)
"""More than clocks differ by: the queue could not delay it for as long as was asked."""

PutBack = Callable[[Sequence[CheckSpec], float], None]
"""Sends specs to the queue again, to be taken in so many seconds."""


def probe(
    bodies: Sequence[bytes],
    *,
    prober: Prober,
    send: Callable[[bytes], None],
    flush_s: float = 0.5,
    now: datetime | None = None,
    deadline_at: float | None = None,
    put_back: PutBack | None = None,
) -> list[int]:
    """Run the checks of all messages at once and ``send`` their results as they come; the indexes of messages
    that are none.

    Results go out while slow targets are still being waited for, so that one of them delays nobody else's
    news. What has not ended at ``deadline_at`` (``time.monotonic()``), and with ``now`` what comes before its
    time, is ``put_back``: it is nobody's downtime.
    """
    started = time.perf_counter()
    specs, failed = read_specs(bodies)
    if now is not None and put_back is not None:
        specs = take_current(specs, now=now, put_back=put_back)
    open_specs = {(spec.monitor_id, spec.scheduled_at, spec.region): spec for spec in specs}
    found = 0
    for results in prober.run(list(open_specs.values()), flush_s=flush_s, deadline_at=deadline_at):
        for body in result_bodies(results):
            send(body)
        found += len(results)
        for result in results:
            open_specs.pop((result.monitor_id, result.scheduled_at, result.region), None)
    if open_specs and put_back is not None:
        put_back(list(open_specs.values()), 0.0)
    observing.count(Specs=len(specs), Results=found, SpecsPutBack=len(open_specs))
    took_ms = round((time.perf_counter() - started) * 1000)
    logger.debug("probe specs=%d results=%d left=%d took_ms=%d", len(specs), found, len(open_specs), took_ms)
    return failed


def read_specs(bodies: Sequence[bytes]) -> tuple[list[CheckSpec], list[int]]:
    """The specs of all messages, and the indexes of messages that are none."""
    specs: list[CheckSpec] = []
    failed: list[int] = []
    for index, body in enumerate(bodies):
        try:
            message = decode(body)
        except msgspec.MsgspecError:
            message = None
        if isinstance(message, Checks):
            specs += message.specs
        else:
            logger.error("probe refused a message bytes=%d", len(body))
            failed.append(index)
    return specs, failed


def take_current(specs: Sequence[CheckSpec], *, now: datetime, put_back: PutBack) -> list[CheckSpec]:
    """The specs whose time it is; those before it are put back, those long past are left out."""
    early = [spec for spec in specs if spec.scheduled_at > now + TOO_EARLY]
    for spec in early:
        put_back([spec], (spec.scheduled_at - now).total_seconds())
    current = [spec for spec in specs if now - TOO_OLD <= spec.scheduled_at <= now + TOO_EARLY]
    if left_out := len(specs) - len(early) - len(current):
        logger.warning("probe left out specs=%d: they are older than %s", left_out, TOO_OLD)
        observing.count(SpecsTooOld=left_out)
    return current
