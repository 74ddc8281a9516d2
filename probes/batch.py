"""Specs that were asked for together, and their results as they come."""

import math
import threading
from collections.abc import Callable
from time import monotonic

from probes.result import CheckResult
from probes.spec import CheckSpec

LOOK_EVERY_S = 5.0


class Batch:
    """The results of one ``run``. Its caller is woken twice a chunk, not once a result."""

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
        """Is there a result that has not been collected, or that is still to come?"""
        return self._left > 0 or bool(self._ready)

    @property
    def is_all_in(self) -> bool:
        """Whether each check has ended, even if some results are held."""
        return self._left <= self.held

    def abandon(self) -> None:
        with self._changed:
            self._left = 0
            self._changed.notify()

    def collect(
        self, flush_s: float, deadline_at: float | None, look_after: Callable[[], None]
    ) -> list[CheckResult]:
        """Wait for the next chunk, and call ``look_after`` meanwhile. Empty: no more comes in time."""
        while not self._wait(deadline_at):
            look_after()
        with self._changed:
            if self._ready and self._left > 0:
                self._changed.wait_for(lambda: self._left <= 0, min(flush_s, until(deadline_at)))
            chunk, self._ready = self._ready, []
            return chunk

    def _wait(self, deadline_at: float | None) -> bool:
        """For the first result or the end, but not for long; true: there is no more to wait for."""
        left_s = until(deadline_at)
        with self._changed:
            there = self._changed.wait_for(lambda: self._ready or self._left <= 0, min(LOOK_EVERY_S, left_s))
        return bool(there) or left_s <= LOOK_EVERY_S


def until(deadline_at: float | None) -> float:
    """The seconds left until ``deadline_at`` (``time.monotonic()``); None: infinite."""
    return math.inf if deadline_at is None else max(0.0, deadline_at - monotonic())
