"""Runs batches of specs at once, within bounds. A fault of a target is a result and never an exception."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from core.descriptors import bound_checks, is_shortage
from core.hosts import split_host_port
from probes.batch import LOOK_EVERY_S, Batch, until
from probes.check import CertificateHook, Check, Judgement, Starter, judge_bug
from probes.errors import SHORT, ErrorCode
from probes.guard import Guard
from probes.own_network import OwnNetwork
from probes.queue import FairQueue
from probes.registry import load_kind
from probes.result import CheckResult, Status
from probes.spec import CheckSpec
from probes.stillness import our_process

if TYPE_CHECKING:
    from probes.curl import CurlPool
    from probes.loop import ProbeLoop

logger = logging.getLogger(__name__)

JUDGES = 2
STALLED_S = 15.0
"""Seconds. An engine's thread that has not gone round for so long stands still, and so does a check that has
not ended so long after its timeout."""


class Prober:
    """Runs checks. Thread-safe: all callers share its bounds, its libcurl thread and its asyncio thread.

    At most ``concurrency`` checks run at once, fewer where the system gives too few descriptors. At most
    ``per_host`` of them go to one host. While other teams wait, one team has a third of either
    (``FairQueue``). ``ca_file`` replaces the system's certificate authorities. ``show_certificates`` is
    called with every chain. While none of ``own_network_targets`` (``host:port``) answers, failures count as
    our own network's.

    When a thread stands still, a caller that waits for its checks gives the thread up: its checks are
    ``unknown``, another thread runs the next ones, and ``tell_replaced`` is called.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        concurrency: int = 100,
        per_host: int = 10,
        ca_file: str | None = None,
        show_certificates: CertificateHook | None = None,
        own_network_targets: Sequence[str] = (),
        tell_replaced: Callable[[], None] | None = None,
    ) -> None:
        if concurrency < 1 or per_host < 1:
            raise ValueError("concurrency and per_host must be at least 1")
        self._guard = Guard(allow_private=allow_private)
        self._concurrency = concurrency = bound_checks(concurrency)
        self._ca_file = ca_file
        self._show_certificates = show_certificates
        self._queue: FairQueue[Check] = FairQueue(concurrency=concurrency, per_host=per_host)
        self._network = OwnNetwork(references=[split_host_port(each) for each in own_network_targets])
        self._lock = threading.Lock()
        self._closed = False
        self._curl: CurlPool | None = None
        self._loop: ProbeLoop | None = None
        self._judges: ThreadPoolExecutor | None = None
        self._launching = threading.local()
        self._tell_replaced = tell_replaced
        self._look_at = 0.0

    def run(
        self,
        specs: Sequence[CheckSpec],
        *,
        flush_s: float = 0.5,
        deadline_at: float | None = None,
        start_within_s: Callable[[CheckSpec], float] | None = None,
        patience_s: float | None = None,
        leave_out: Callable[[CheckSpec], None] | None = None,
        learn: bool = True,
    ) -> Iterator[list[CheckResult]]:
        """Start ``specs`` at once and yield their results, in chunks, in the order in which they finish.

        A chunk comes when everything is done, or ``flush_s`` seconds after its first result. A check that has
        not finished at ``deadline_at`` (by ``time.monotonic()``) is cancelled and has no result. The same
        happens to all checks when the caller stops iterating or the prober is closed. A spec that has not
        begun within the seconds that ``start_within_s`` gives for it has no result either: it is too late,
        and others wait for the place. After ``patience_s`` seconds every spec that still waits for a place is
        taken out, and an empty chunk comes. ``leave_out`` is called with each spec of both kinds.

        ``learn``: the results are evidence about our own network. Results that a person asks for must not be
        evidence, because a person may choose any target.
        """
        our_process.watch()
        checks = [Check(spec, host=_name_host(spec), done=self._done) for spec in specs]
        batch = Batch(
            len(specs), hosts=len({check.host for check in checks}), learns=learn, leave_out=leave_out
        )
        with self._lock:
            if self._closed:
                raise RuntimeError("the prober is closed")
            for check in checks:
                check.owner = batch
                if start_within_s is not None:
                    check.start_until = monotonic() + start_within_s(check.spec)
                self._queue.add(check)
        self._launch_waiting()
        patient_until = None if patience_s is None else monotonic() + patience_s
        return self._drain(batch, flush_s, deadline_at, patient_until)

    def run_one(self, spec: CheckSpec) -> CheckResult:
        """Run one spec and return its result. Raises ``RuntimeError`` when the prober is closed meanwhile."""
        for chunk in self.run([spec], learn=False):
            return chunk[0]
        raise RuntimeError("the prober was closed")

    def close(self) -> None:
        """Stop and join the threads. Callers of ``run`` get the results that are ready, and no more."""
        with self._lock:
            self._closed = True
            owners = self._queue.list_owners()
            checks = [check for owner in owners for check in self._queue.drop(owner)]
            curl, loop, judges = self._curl, self._loop, self._judges
        for check in checks:
            check.done = None
        self._network.close()
        for owner in owners:
            if isinstance(owner, Batch):
                owner.abandon()
        if curl is not None:
            curl.close()
        if loop is not None:
            loop.close()
        if judges is not None:
            judges.shutdown(wait=False, cancel_futures=True)

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

    @property
    def judges(self) -> ThreadPoolExecutor:
        """A few threads for judgements that take long. Only a few, because Python's threads take turns, and
        each busy one delays the curl thread."""
        if self._judges is None:
            with self._lock:
                if self._judges is None:
                    self._judges = ThreadPoolExecutor(JUDGES, thread_name_prefix="probe-judge")
        return self._judges

    def _drain(
        self, batch: Batch, flush_s: float, deadline_at: float | None, patient_until: float | None
    ) -> Iterator[list[CheckResult]]:
        try:
            while patient_until is not None and batch.is_waited_for and until(deadline_at) > 0:
                soon = patient_until if deadline_at is None else min(patient_until, deadline_at)
                if chunk := batch.collect(flush_s, soon, self._look_after):
                    yield chunk
                if monotonic() >= patient_until:
                    self._take_out_waiting(batch)
                    patient_until = None
                    yield []
            while chunk := batch.collect(flush_s, deadline_at, self._look_after):
                yield chunk
        finally:
            self._cancel(batch)

    def _look_after(self) -> None:
        """Give up threads that stand still, so that they hold up no other check, and report it."""
        with self._lock:
            now, look_at = monotonic(), self._look_at
            if self._closed or now < look_at:
                return
            self._look_at = now + LOOK_EVERY_S
            if now - look_at > LOOK_EVERY_S:
                return  # nobody has waited for long, or the whole process stood still: look once more
            running = self._queue.list_running()
            late = {check for check in running if check.late_s() > STALLED_S}
            curl = self._curl if self._curl is not None and self._curl.stalled_s() > STALLED_S else None
            loop = self._loop if self._loop is not None and self._loop.stalled_s() > STALLED_S else None
            if curl is not None:
                self._curl = None
                late |= {check for check in running if check.spec.kind == "http"}
            if loop is not None:
                self._loop = None
                late |= {check for check in running if check.spec.kind != "http"}
            if late and curl is None and loop is None:
                judges, self._judges = self._judges, None
            else:
                judges = None
        self._give_up(late, curl=curl, loop=loop, judges=judges)

    def _give_up(
        self,
        late: set[Check],
        *,
        curl: "CurlPool | None",
        loop: "ProbeLoop | None",
        judges: ThreadPoolExecutor | None,
    ) -> None:
        if judges is not None:
            judges.shutdown(wait=False, cancel_futures=True)
        for name, engine in (("curl", curl), ("loop", loop)):
            if engine is not None:
                logger.error("the %s thread stands still, and is replaced checks=%d", name, len(late))
                engine.abandon()
                if self._tell_replaced is not None:
                    self._tell_replaced()
        for check in late:
            logger.error("check given up kind=%s monitor=%s", check.spec.kind, check.spec.monitor_id)
            check.finish(judge_bug())

    def _take_out_waiting(self, batch: Batch) -> None:
        with self._lock:
            checks = self._queue.drop_waiting(batch)
        for check in checks:
            check.done = None
            batch.leave_out(check.spec)

    def _cancel(self, batch: Batch) -> None:
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
        self._network.take(check, result, batch=check.owner, deliver=check.owner.deliver)
        self._launch_waiting()

    def _launch_waiting(self) -> None:
        """Start the checks that may run. A check that ends while it is started calls this again; that call
        returns at once, because the loop of the first call goes on."""
        if getattr(self._launching, "active", False):
            return
        self._launching.active = True
        try:
            while True:
                with self._lock:
                    check = None if self._closed else self._queue.take()
                if check is None:
                    return
                if check.start_until is None or monotonic() <= check.start_until:
                    self._launch(check)
                else:
                    self._leave_out(check)
        finally:
            self._launching.active = False

    def _leave_out(self, check: Check) -> None:
        with self._lock:
            self._queue.release(check)
        check.done = None
        check.owner.leave_out(check.spec)

    def _launch(self, check: Check) -> None:
        check.guard, check.ca_file = self._guard, self._ca_file
        check.show_certificates = self._show_certificates
        kind = check.spec.kind
        try:
            start = _load_start(kind)  # before the clock starts: a kind's first check would pay for imports
        except KeyError:
            check.begin()
            check.finish(_judge_unrunnable(f"This prober knows no kind {kind[:40]!r}."))
            return
        except OSError as fault:
            if not is_shortage(fault):
                raise
            check.begin()
            check.finish(Judgement(Status.UNKNOWN, *SHORT))
            return
        check.begin()
        try:
            start(check, engines=self)
        except msgspec.ValidationError as mistake:
            check.finish(_judge_unrunnable(f"The configuration cannot be used: {mistake}."))
        except Exception as fault:
            if self._closed:
                return
            if is_shortage(fault):
                check.finish(Judgement(Status.UNKNOWN, *SHORT))
                return
            logger.exception("check kind=%s monitor=%s could not start", kind, check.spec.monitor_id)
            check.finish(judge_bug())


def _load_start(kind: str) -> Starter:
    found = load_kind(kind)
    for module in found.needs:
        import_module(module)
    if found.start is None:
        raise KeyError(kind)
    return found.start


def _judge_unrunnable(sentence: str) -> Judgement:
    return Judgement(Status.UNKNOWN, ErrorCode.CONFIG_INVALID, sentence)


def _name_host(spec: CheckSpec) -> str:
    """The host that a check loads, for the bound per host."""
    try:
        return load_kind(spec.kind).name_host(spec)
    except (KeyError, OSError):  # said when it starts
        return spec.target
