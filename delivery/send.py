"""Turns deliveries into receipts, many at a time. No receiver can make this raise, or hold it up longer than
allowed."""

import contextlib
import logging
import math
import queue
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

import msgspec

from delivery.attempt import DEADLINE_S, Attempt, Mailer, Verdict
from delivery.config import ConfigError, check_config
from delivery.egress_guard import watch
from delivery.message import DeliveryMessage, Outcome, Receipt
from delivery.outcomes import find_password, find_secrets, judge_fault, scrub
from delivery.registry import KINDS, OUR_OWN, load_sender
from probes.fair_threads import FairThreads
from probes.guard import Guard

logger = logging.getLogger(__name__)

GRACE_S = 2.0
"""Seconds after the deadline for which a thread is still waited for (a resolver may hang)."""


class _Batch:
    """The deliveries of one ``send``: what waits, what runs, and the receipts that are ready."""

    def __init__(
        self, deliveries: Sequence[DeliveryMessage], start_within_s: Callable[[DeliveryMessage], float] | None
    ) -> None:
        self.lock = threading.Lock()
        self.waiting = dict(enumerate(deliveries))
        self.start_until = {
            number: monotonic() + start_within_s(delivery)
            for number, delivery in self.waiting.items()
            if start_within_s is not None
        }
        self.running: dict[int, tuple[DeliveryMessage, Attempt]] = {}
        self.done: queue.SimpleQueue[Receipt | None] = queue.SimpleQueue()

    def take(self, *, timeout_s: float) -> list[Receipt | None]:
        """All receipts that are ready; waits for the first one. None stands for a delivery that was left
        out."""
        receipts: list[Receipt | None] = []
        with contextlib.suppress(queue.Empty):
            receipts.append(self.done.get(timeout=timeout_s))
            while True:
                receipts.append(self.done.get_nowait())
        return receipts

    def give_up(self, *, after_s: float) -> list[Receipt | None]:
        """Receipts for attempts that have taken longer than ``after_s`` seconds."""
        with self.lock:
            late = [number for number, (_, tried) in self.running.items() if tried.took_ms > after_s * 1000]
            gone = [self.running.pop(number) for number in late]
        return [
            _write_receipt(delivery, attempt, judge_fault(TimeoutError(), attempt=attempt))
            for delivery, attempt in gone
        ]


class Courier:
    """Sends deliveries. One for a whole process, with threads of its own that the teams share fairly;
    ``close`` ends them."""

    def __init__(
        self,
        *,
        allow_private: bool,
        email_url: str = "consolemail://",
        email_from: str = "SentryPulse <sentrypulse@localhost>",
        concurrency: int = 20,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._guard, self._strict = Guard(allow_private=allow_private), Guard(allow_private=False)
        self._mailer = Mailer(url=email_url, sender=email_from)
        self._deadline_s = deadline_s
        self._closed = False
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._lost = 0
        self._pool = self._make_pool()

    def __repr__(self) -> str:
        return f"Courier(allow_private={self._guard.allow_private}, email=…)"

    def _make_pool(self) -> FairThreads:
        return FairThreads(self._concurrency, name="courier")

    def close(self) -> None:
        """Begin nothing more. A delivery that is being sent may finish; one that has not begun stays in its
        outbox."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def send_one(self, delivery: DeliveryMessage) -> Receipt:
        """Send one delivery and wait for its receipt: until a thread is free, then a little longer than the
        deadline at most.

        Raises ``RuntimeError`` once closed.
        """
        for receipts in self.send([delivery]):
            return receipts[0]
        raise RuntimeError("The courier is closed.")

    def send(
        self,
        deliveries: Sequence[DeliveryMessage],
        *,
        start_within_s: Callable[[DeliveryMessage], float] | None = None,
    ) -> Iterator[list[Receipt]]:
        """Send all deliveries. Yields lists of receipts as they come.

        A delivery whose thread does not come back after its deadline gets its receipt all the same, and the
        thread can open no further connection. When the courier is closed meanwhile, the iteration ends
        without the deliveries that have not begun. A delivery that has not begun within the seconds that
        ``start_within_s`` gives for it is left out, without a receipt: its outbox sends it again, and it must
        not go out twice.
        """
        batch = _Batch(deliveries, start_within_s)
        pool = self._begin(batch)
        left = len(deliveries)
        while left:
            gone = batch.give_up(after_s=self._deadline_s + GRACE_S)
            self._count_lost(len(gone))
            ended = batch.take(timeout_s=0.0 if gone else 0.5) + gone
            left -= len(ended)
            if pool is not self._pool and not self._closed:
                pool = self._begin(batch)
            if receipts := [receipt for receipt in ended if receipt is not None]:
                yield receipts
            elif self._closed and not ended and not batch.running and batch.done.empty():
                return

    def _begin(self, batch: "_Batch") -> FairThreads:
        """Hand the pool what of ``batch`` has not begun. Returns the pool."""
        pool = self._pool
        with contextlib.suppress(RuntimeError):  # the pool was replaced or closed at this moment
            for number, delivery in list(batch.waiting.items()):
                pool.submit_for(delivery.team_id, self._run, batch, number)
        return pool

    def _count_lost(self, count: int) -> None:
        """Count threads that do not come back: they keep their places. When half of the places are lost, a
        new pool takes over."""
        with self._lock:
            self._lost += count
            if self._lost * 2 < self._concurrency or self._closed:
                return
            logger.error("courier replaced, threads that stand still=%d", self._lost)
            old, self._pool, self._lost = self._pool, self._make_pool(), 0
        old.shutdown(wait=False, cancel_futures=True)

    def _run(self, batch: "_Batch", number: int) -> None:
        with batch.lock:
            delivery = batch.waiting.pop(number, None)
            if delivery is None:
                return  # another pool has begun it
            if monotonic() > batch.start_until.get(number, math.inf):
                logger.warning("delivery left to its outbox id=%s: its turn came too late", delivery.id)
                batch.done.put(None)
                return
            guard = self._strict if delivery.from_stranger else self._guard
            attempt = Attempt(guard=guard, mailer=self._mailer, key=delivery.key, deadline_s=self._deadline_s)
            batch.running[number] = (delivery, attempt)
        receipt = self._try(delivery, attempt)
        with batch.lock:
            if batch.running.pop(number, None):  # else it was given up
                batch.done.put(receipt)

    def _try(self, delivery: DeliveryMessage, attempt: Attempt) -> Receipt:
        try:
            verdict = self._attempt(delivery, attempt)
        except Exception as bug:  # noqa: BLE001  # logged without its text, which may hold a secret
            where = traceback.extract_tb(bug.__traceback__)[-1]
            logger.error(
                "delivery failed id=%s kind=%s: %s at %s:%s",
                delivery.id, delivery.kind, type(bug).__name__, where.filename, where.lineno,
            )  # fmt: skip
            verdict = Verdict(
                outcome=Outcome.RETRY, answer="SentryPulse itself failed to send it.", ours=True
            )
        receipt = _write_receipt(delivery, attempt, verdict)
        logger.info(
            "delivery id=%s kind=%s outcome=%s status=%s took_ms=%d",
            delivery.id, delivery.kind, receipt.outcome, receipt.status, receipt.took_ms,
        )  # fmt: skip
        return receipt

    def _attempt(self, delivery: DeliveryMessage, attempt: Attempt) -> Verdict:
        if delivery.kind in OUR_OWN:
            config = delivery.config
        elif delivery.kind not in KINDS:
            return Verdict(outcome=Outcome.REFUSED, answer=f"There is no kind {delivery.kind[:40]!r}.")
        else:
            try:
                config = check_config(delivery.kind, delivery.config)
            except ConfigError as mistake:
                return Verdict(
                    outcome=Outcome.REFUSED, answer=f"The channel is not configured rightly. {mistake}"
                )
            attempt.secrets |= find_secrets(delivery.kind, config) | find_password(self._mailer.url)
        send, faults = load_sender(delivery.kind), _faults()
        with watch(attempt):
            try:
                return send(msgspec.structs.replace(delivery, config=config), attempt=attempt)
            except faults as fault:
                return judge_fault(fault, attempt=attempt)


def _faults() -> tuple[type[BaseException], ...]:
    """The errors as which a receiver's fault may be raised."""
    import httpx
    import requests

    return (OSError, httpx.HTTPError, httpx.InvalidURL, requests.RequestException)


def _write_receipt(delivery: DeliveryMessage, attempt: Attempt, verdict: Verdict) -> Receipt:
    return Receipt(
        id=delivery.id,
        attempt=delivery.attempt,
        outcome=verdict.outcome,
        at=attempt.read_clock(),
        answer=scrub(verdict.answer, attempt.secrets),
        status=verdict.status,
        retry_after_s=verdict.retry_after_s,
        ours=verdict.ours,
        printed=verdict.printed,
        left_out=scrub(verdict.left_out, attempt.secrets),
        took_ms=attempt.took_ms,
    )
