"""Running batches of specs: concurrent, bounded, and never an exception for a target's fault."""

import logging
import threading
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from probes.check import CertificateHook, Check, Verdict, judge_bug
from probes.errors import ErrorCode
from probes.guard import Guard
from probes.kinds import load_kind
from probes.queue import FairQueue
from probes.result import CheckResult, Status
from probes.spec import CheckSpec

if TYPE_CHECKING:
    from probes.curl import CurlPool
    from probes.loop import ProbeLoop

logger = logging.getLogger(__name__)


class _Batch:
    """The results of one ``run``; the caller is woken twice a chunk, not once a result."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._ready: list[CheckResult] = []
        self._changed = threading.Condition()

    def deliver(self, result: CheckResult) -> None:
        with self._changed:
            self._ready.append(result)
            self._left -= 1
            if len(self._ready) == 1 or self._left == 0:
                self._changed.notify()

    def abandon(self) -> None:
        with self._changed:
            self._left = 0
            self._changed.notify()

    def collect(self, flush_s: float, deadline_at: float | None) -> list[CheckResult]:
        """Wait for the next chunk; empty: there is nothing more to come in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._left <= 0, _until(deadline_at))
            if self._ready and self._left > 0:
                limit_s = _until(deadline_at)
                wait_s = flush_s if limit_s is None else min(flush_s, limit_s)
                self._changed.wait_for(lambda: self._left <= 0, wait_s)
            chunk, self._ready = self._ready, []
            return chunk


def _until(deadline_at: float | None) -> float | None:
    return None if deadline_at is None else max(0.0, deadline_at - monotonic())


class Prober:
    """Runs checks. Thread-safe: callers share its bounds, its libcurl thread and its asyncio thread.

    At most ``concurrency`` checks run at once, at most ``per_host`` of them against one host. ``ca_file``
    replaces the system's certificate authorities. ``show_certificates`` hears of every chain.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        concurrency: int = 100,
        per_host: int = 10,
        ca_file: str | None = None,
        show_certificates: CertificateHook | None = None,
    ) -> None:
        if concurrency < 1 or per_host < 1:
            raise ValueError("concurrency and per_host must be at least 1")
        self._guard = Guard(allow_private=allow_private)
        self._concurrency = concurrency
        self._ca_file = ca_file
        self._show_certificates = show_certificates
        self._queue = FairQueue(concurrency=concurrency, per_host=per_host)
        self._lock = threading.Lock()
        self._closed = False
        self._curl: CurlPool | None = None
        self._loop: ProbeLoop | None = None
        self._launching = threading.local()

    def run(
        self, specs: Sequence[CheckSpec], *, flush_s: float = 0.5, deadline_at: float | None = None
    ) -> Iterator[list[CheckResult]]:
        """Start ``specs`` at once and yield their results, in the order they finish, in chunks.

        A chunk comes when everything is done, or ``flush_s`` after its first result. What has not finished at
        ``deadline_at`` (``time.monotonic()``) is cancelled and missing from the results, as is everything
        when the caller stops iterating, or when the prober is closed meanwhile.
        """
        batch = _Batch(len(specs))
        checks = [Check(spec, host=_name_host(spec), done=self._done) for spec in specs]
        with self._lock:
            if self._closed:
                raise RuntimeError("the prober is closed")
            for check in checks:
                check.owner = batch
                self._queue.add(check)
        self._launch_waiting()
        return self._drain(batch, flush_s, deadline_at)

    def run_one(self, spec: CheckSpec) -> CheckResult:
        """Run one spec and return its result; ``RuntimeError`` if the prober is closed meanwhile."""
        for chunk in self.run([spec]):
            return chunk[0]
        raise RuntimeError("the prober was closed")

    def close(self) -> None:
        """Stop; join the threads. Callers of ``run`` get what is ready and no more."""
        with self._lock:
            self._closed = True
            owners = self._queue.list_owners()
            checks = [check for owner in owners for check in self._queue.drop(owner)]
            curl, loop = self._curl, self._loop
        for check in checks:
            check.done = None
        for owner in owners:
            if isinstance(owner, _Batch):
                owner.abandon()
        if curl is not None:
            curl.close()
        if loop is not None:
            loop.close()

    @property
    def curl(self) -> "CurlPool":
        """The libcurl thread, made when first used."""
        if self._curl is None:
            from probes.curl import CurlPool

            with self._lock:
                if self._curl is None:
                    self._curl = CurlPool(guard=self._guard, ca_file=self._ca_file)
        return self._curl

    @property
    def loop(self) -> "ProbeLoop":
        """The asyncio thread, made when first used."""
        if self._loop is None:
            from probes.loop import ProbeLoop

            with self._lock:
                if self._loop is None:
                    self._loop = ProbeLoop(lookups=self._concurrency)
        return self._loop

    def _drain(self, batch: _Batch, flush_s: float, deadline_at: float | None) -> Iterator[list[CheckResult]]:
        try:
            while chunk := batch.collect(flush_s, deadline_at):
                yield chunk
        finally:
            self._cancel(batch)

    def _cancel(self, batch: _Batch) -> None:
        with self._lock:
            checks = self._queue.drop(batch)
        for check in checks:
            check.done = None
            if check.cancel is not None:
                check.cancel()
        if checks:
            self._launch_waiting()

    def _done(self, check: Check, result: CheckResult) -> None:
        with self._lock:
            self._queue.release(check)
        check.owner.deliver(result)
        self._launch_waiting()

    def _launch_waiting(self) -> None:
        """Start what may run. A check that ends at its start comes back here: the outer loop goes on."""
        if getattr(self._launching, "active", False):
            return
        self._launching.active = True
        try:
            while True:
                with self._lock:
                    check = None if self._closed else self._queue.take()
                if check is None:
                    return
                self._launch(check)
        finally:
            self._launching.active = False

    def _launch(self, check: Check) -> None:
        check.guard, check.ca_file = self._guard, self._ca_file
        check.show_certificates = self._show_certificates
        kind = check.spec.kind
        try:
            start = load_kind(
                kind
            )  # before the clock starts: the first check of a kind would pay for imports
        except KeyError:
            check.begin()
            check.finish(_judge_unrunnable(f"This prober knows no kind {kind[:40]!r}."))
            return
        check.begin()
        try:
            start(check, engines=self)
        except msgspec.ValidationError as mistake:
            check.finish(_judge_unrunnable(f"The configuration cannot be used: {mistake}."))
        except Exception:
            if self._closed:
                return
            logger.exception("check kind=%s monitor=%s could not start", kind, check.spec.monitor_id)
            check.finish(judge_bug())


def _judge_unrunnable(sentence: str) -> Verdict:
    return Verdict(Status.UNKNOWN, ErrorCode.CONFIG_INVALID, sentence)


def _name_host(spec: CheckSpec) -> str:
    """Name the host that a check strains, for the bound per host."""
    target = spec.target
    try:
        if "://" in target:
            return (urlsplit(target).hostname or target).lower()
    except ValueError:
        return target
    if spec.kind == "dns":
        return str(spec.config.get("resolver") or target).lower()
    if spec.kind == "domain":  # the registry's server is asked, whatever the name
        return urlsplit(str(spec.config.get("rdap_url"))).hostname or target.rpartition(".")[2].lower()
    host, colon, _port = target.rpartition(":")
    return (host if colon and (":" not in host or host.endswith("]")) else target).lower()
