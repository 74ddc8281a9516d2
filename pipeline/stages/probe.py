"""Turns specs into results, on the edge: no Django, no database; the message holds everything."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from core import telemetry
from pipeline.messages import Checks, read_messages, result_bodies
from pipeline.queues.base import Failed
from probes.result import CheckResult
from probes.run import Prober
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)

TOO_OLD = timedelta(minutes=3)
"""A check that begins later than this after its slot is left out (a gap): it would report for the slot what
was found much later. Three minutes leave time for a second attempt after a Lambda function died (decision
16), and for clocks that differ by seconds."""
TOO_EARLY = timedelta(seconds=30)
"""A check that comes earlier than this before its slot is put back: the queue could not delay it long enough.
Clocks differ by less."""

PATIENCE_S = 1.0
"""How long a check waits for a place among the quick checks before it goes with its team's slow ones."""
PutBack = Callable[[Sequence[CheckSpec], float], None]
"""Puts specs on the queue again, due in so many seconds."""
SendOn = Callable[[Sequence[CheckSpec]], None]
"""Puts specs on the queue again, due at once."""
SpecKey = tuple[int, datetime, str]
"""Monitor, slot, region."""
OpenSpecs = dict[SpecKey, CheckSpec]


def probe(
    bodies: Sequence[bytes],
    *,
    prober: Prober,
    send: Callable[[bytes], None],
    send_on: SendOn,
    flush_s: float = 0.5,
    now: datetime,
    deadline_at: float | None = None,
    put_back: PutBack | None = None,
) -> Failed:
    """Run the checks of all messages at once, and ``send`` their results as they come. Returns as failed
    the messages that could not be decoded.

    Results go out while slow targets are still awaited, so a slow target delays no other monitor's news.
    ``put_back``, where the queue needs it, gets the specs that came too early (``TOO_EARLY``) and those that
    have not ended at ``deadline_at`` (by ``time.monotonic()``). Specs whose check begins later than
    ``TOO_OLD`` after the slot are left out: no downtime is made of them.

    The quick checks of all teams share their messages. A check that waits for a place longer than
    ``PATIENCE_S``, because its team or its host has no more, must not hold the message and the thread that
    took it. ``send_on`` gets it, marked as slow, and it travels on with its team's slow checks.
    """
    started = time.perf_counter()
    messages, failed = read_messages(bodies, Checks, stage="probe")
    specs = [spec for _, message in messages for spec in message.specs]
    current = take_current(specs, now=now, put_back=put_back)
    open_specs = {_key_of(spec): spec for spec in current}
    slow, found = any(spec.slow for spec in current), 0
    not_begun: list[CheckSpec] = []
    running = prober.run(
        list(open_specs.values()),
        flush_s=flush_s,
        deadline_at=deadline_at,
        start_within_s=lambda spec: (spec.scheduled_at + TOO_OLD - now).total_seconds(),
        patience_s=None if slow else PATIENCE_S,
        leave_out=not_begun.append,
    )
    for results in running:
        found += _send_results(results, open_specs, send)
        _part_with(not_begun, open_specs, None if slow else send_on)
    _part_with(not_begun, open_specs, None if slow else send_on)
    if open_specs and put_back is not None:
        put_back(list(open_specs.values()), 0.0)
    telemetry.count(Specs=len(specs), Results=found, SpecsPutBack=len(open_specs))
    took_ms = round((time.perf_counter() - started) * 1000)
    logger.debug("probe specs=%d results=%d left=%d took_ms=%d", len(specs), found, len(open_specs), took_ms)
    return failed


def _key_of(one: CheckSpec | CheckResult) -> SpecKey:
    return one.monitor_id, one.scheduled_at, one.region


def _send_results(
    results: Sequence[CheckResult], open_specs: OpenSpecs, send: Callable[[bytes], None]
) -> int:
    """Send those of checks that began in time. Returns how many."""
    for result in results:
        open_specs.pop(_key_of(result), None)
    told = [result for result in results if result.checked_at - result.scheduled_at <= TOO_OLD]
    for body in result_bodies(told):
        send(body)
    _note_left_out(len(results) - len(told))
    return len(told)


def _part_with(not_begun: list[CheckSpec], open_specs: OpenSpecs, send_on: SendOn | None) -> None:
    """Send on the specs that got no place in time; without ``send_on`` they are too old, and left out."""
    if send_on is None:
        _note_left_out(len(not_begun))
    elif not_begun:
        send_on([msgspec.structs.replace(spec, slow=True) for spec in not_begun])
    for spec in not_begun:
        open_specs.pop(_key_of(spec), None)
    not_begun.clear()


def take_current(specs: Sequence[CheckSpec], *, now: datetime, put_back: PutBack | None) -> list[CheckSpec]:
    """The specs whose time has come. Those that are too early are put back; those that are too old are left
    out.

    Without ``put_back`` the queue delays messages for as long as it is asked to. A spec that seems early then
    means that the clock was set back, so it is checked.
    """
    current: list[CheckSpec] = []
    left_out = 0
    for spec in specs:
        if put_back is not None and spec.scheduled_at > now + TOO_EARLY:
            put_back([spec], (spec.scheduled_at - now).total_seconds())
        elif now - spec.scheduled_at > TOO_OLD:
            left_out += 1
        else:
            current.append(spec)
    _note_left_out(left_out)
    return current


def _note_left_out(count: int) -> None:
    if count:
        logger.warning("probe left out specs=%d: they came more than %s after their slots", count, TOO_OLD)
        telemetry.count(SpecsTooOld=count)
