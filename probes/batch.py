"""Specs that were asked for together, and their results as they come."""

import math
import threading
from collections.abc import Callable
from time import monotonic

from probes.result import CheckResult
from probes.spec import CheckSpec

LOOK_EVERY_S = 5.0


class Batch:
    """The results of one call of ``Prober.run``. The caller is woken twice for each chunk of results, not
    once for each result."""

    def __init__(
        self, size: int, *, hosts: int, learns: bool, leave_out: Callable[[CheckSpec], None] | None
    ) -> None:
        self.hosts = hosts
        self.learns = learns
        self.held = 0
        self._left = size
        self._leave_out = leave_out
        self._ready: list[CheckResult] = []
        self._changed = threading.Condition()

    def deliver(self, result: CheckResult) -> None:
        with self._changed:
            self._ready.append(result)
            self._left -= 1
            if len(self._ready) == 1 or self._left == 0:
                self._changed.notify()

    def leave_out(self, spec: CheckSpec) -> None:
        """Note that this spec gets no result."""
        if self._leave_out is not None:
            self._leave_out(spec)
        with self._changed:
            self._left -= 1
            if self._left == 0:
                self._changed.notify()

    @property
    def is_waited_for(self) -> bool:
        """Whether a result is still to come, or has come and was not collected."""
        return self._left > 0 or bool(self._ready)

    @property
    def is_all_in(self) -> bool:
        """Whether all checks have ended. Some of their results may still be held (``OwnNetwork``)."""
        return self._left <= self.held

    def abandon(self) -> None:
        with self._changed:
            self._left = 0
            self._changed.notify()

    def collect(
        self, flush_s: float, deadline_at: float | None, look_after: Callable[[], None]
    ) -> list[CheckResult]:
        """Wait for the next chunk of results, and call ``look_after`` every ``LOOK_EVERY_S`` seconds
        meanwhile. The chunk is returned ``flush_s`` seconds after its first result, or when all results have
        come. It is empty when no more come before ``deadline_at``."""
        while not self._wait(deadline_at):
            look_after()
        with self._changed:
            if self._ready and self._left > 0:
                self._changed.wait_for(lambda: self._left <= 0, min(flush_s, until(deadline_at)))
            chunk, self._ready = self._ready, []
            return chunk

    def _wait(self, deadline_at: float | None) -> bool:
        """Wait at most ``LOOK_EVERY_S`` seconds for the first result or the end of the batch. True: there is
        nothing more to wait for."""
        left_s = until(deadline_at)
        with self._changed:
            there = self._changed.wait_for(lambda: self._ready or self._left <= 0, min(LOOK_EVERY_S, left_s))
        return bool(there) or left_s <= LOOK_EVERY_S


def until(deadline_at: float | None) -> float:
    """Seconds left until ``deadline_at`` (by ``time.monotonic()``); infinite without a deadline."""
    return math.inf if deadline_at is None else max(0.0, deadline_at - monotonic())
