"""Deliveries into receipts, concurrently. Nothing a receiver does raises, or holds us longer than allowed."""

import contextlib
import logging
import queue
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from delivery.attempt import DEADLINE_S, Attempt, Post, Verdict
from delivery.config import ConfigError, check_config
from delivery.kinds import KINDS, load_kind
from delivery.message import Delivery, Outcome, Receipt
from delivery.outbound import watch
from delivery.verdicts import find_password, find_secrets, judge_fault, scrub
from probes.guard import Guard

logger = logging.getLogger(__name__)

GRACE_S = 2.0
"""After the deadline, a thread that still does not come back (a resolver that hangs) is not waited for."""


class _Batch:
    """What of one ``send`` is running, and which receipts wait to be taken."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: dict[int, tuple[Delivery, Attempt]] = {}
        self.done: queue.SimpleQueue[Receipt] = queue.SimpleQueue()

    def take(self, *, timeout_s: float) -> list[Receipt]:
        """All there are, waiting for the first."""
        receipts: list[Receipt] = []
        with contextlib.suppress(queue.Empty):
            receipts.append(self.done.get(timeout=timeout_s))
            while True:
                receipts.append(self.done.get_nowait())
        return receipts

    def give_up(self, *, after_s: float) -> list[Receipt]:
        """Receipts for those that should have come back long ago."""
        with self.lock:
            late = [number for number, (_, tried) in self.running.items() if tried.took_ms > after_s * 1000]
            gone = [self.running.pop(number) for number in late]
        return [
            _write_receipt(delivery, attempt, judge_fault(TimeoutError(), attempt=attempt))
            for delivery, attempt in gone
        ]


class Courier:
    """Shared by a whole process. Threads are its own; ``close`` ends them."""

    def __init__(
        self,
        *,
        allow_private: bool,
        email_url: str = "consolemail://",
        email_from: str = "SentryPulse <sentrypulse@localhost>",
        concurrency: int = 20,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._guard = Guard(allow_private=allow_private)
        self._post = Post(url=email_url, sender=email_from)
        self._deadline_s = deadline_s
        self._closed = False
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="courier")

    def __repr__(self) -> str:
        return f"Courier(allow_private={self._guard.allow_private}, email=…)"

    def close(self) -> None:
        """Begin nothing more. What is being sent has its time; what has not begun is left in its outbox."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def send_one(self, delivery: Delivery) -> Receipt:
        """Send now and wait for what becomes of it, a little over the deadline at most.

        Raises ``RuntimeError`` once closed.
        """
        for receipts in self.send([delivery]):
            return receipts[0]
        raise RuntimeError("The courier is closed.")

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[list[Receipt]]:
        """Send all of them; receipts as they come, those that come together as one list.

        A delivery whose thread does not come back after its deadline gets its receipt all the same; such a
        thread can open no connection any more. When closed meanwhile, it ends without those not begun.
        """
        batch = _Batch()
        for number, delivery in enumerate(deliveries):
            self._pool.submit(self._run, batch, number, delivery)
        left = len(deliveries)
        while left:
            receipts = batch.take(timeout_s=0.5) + batch.give_up(after_s=self._deadline_s + GRACE_S)
            left -= len(receipts)
            if receipts:
                yield receipts
            elif self._closed and not batch.running and batch.done.empty():
                return

    def _run(self, batch: "_Batch", number: int, delivery: Delivery) -> None:
        attempt = Attempt(guard=self._guard, post=self._post, key=delivery.key, deadline_s=self._deadline_s)
        with batch.lock:
            batch.running[number] = (delivery, attempt)
        receipt = self._try(delivery, attempt)
        with batch.lock:
            if batch.running.pop(number, None):  # else it was given up
                batch.done.put(receipt)

    def _try(self, delivery: Delivery, attempt: Attempt) -> Receipt:
        try:
            verdict = self._attempt(delivery, attempt)
        except Exception as bug:  # noqa: BLE001  # logged without its text, which may hold a secret
            where = traceback.extract_tb(bug.__traceback__)[-1]
            logger.error(
                "delivery failed id=%s kind=%s: %s at %s:%s",
                delivery.id, delivery.kind, type(bug).__name__, where.filename, where.lineno,
            )  # fmt: skip
            verdict = Verdict(outcome=Outcome.RETRY, answer="SentryPulse itself failed to send it.")
        receipt = _write_receipt(delivery, attempt, verdict)
        logger.info(
            "delivery id=%s kind=%s outcome=%s status=%s took_ms=%d",
            delivery.id, delivery.kind, receipt.outcome, receipt.status, receipt.took_ms,
        )  # fmt: skip
        return receipt

    def _attempt(self, delivery: Delivery, attempt: Attempt) -> Verdict:
        if delivery.kind not in KINDS:
            return Verdict(outcome=Outcome.REFUSED, answer=f"There is no kind {delivery.kind[:40]!r}.")
        try:
            config = check_config(delivery.kind, delivery.config)
        except ConfigError as mistake:
            return Verdict(
                outcome=Outcome.REFUSED, answer=f"The channel is not configured rightly. {mistake}"
            )
        attempt.secrets |= find_secrets(delivery.kind, config) | find_password(self._post.url)
        send = load_kind(delivery.kind)
        with watch(attempt):
            try:
                return send(msgspec.structs.replace(delivery, config=config), attempt=attempt)
            except _faults() as fault:
                return judge_fault(fault, attempt=attempt)


def _faults() -> tuple[type[BaseException], ...]:
    """What a receiver's fault may be raised as."""
    import httpx
    import requests

    return (OSError, httpx.HTTPError, httpx.InvalidURL, requests.RequestException)


def _write_receipt(delivery: Delivery, attempt: Attempt, verdict: Verdict) -> Receipt:
    return Receipt(
        id=delivery.id,
        attempt=delivery.attempt,
        outcome=verdict.outcome,
        at=attempt.read_clock(),
        answer=scrub(verdict.answer, attempt.secrets),
        status=verdict.status,
        retry_after_s=verdict.retry_after_s,
        took_ms=attempt.took_ms,
    )
