"""Who goes next: bounded in all and per host, and fair between callers and between hosts."""

from collections import Counter, deque
from collections.abc import Hashable

from probes.check import Check


class FairQueue:
    """Checks that wait and checks that run. Not thread-safe: its owner holds a lock.

    Turns go round the batches, and within a batch round its hosts, so that one check asked for by a person
    does not wait behind a thousand of the timetable's, and a slow host holds up only itself.
    """

    def __init__(self, *, concurrency: int, per_host: int) -> None:
        self._concurrency = concurrency
        self._per_host = per_host
        self._waiting: dict[Hashable, dict[str, deque[Check]]] = {}
        self._running: set[Check] = set()
        self._busy: Counter[str] = Counter()

    def add(self, check: Check) -> None:
        """Let ``check`` wait in the line of its owner and host."""
        self._waiting.setdefault(check.owner, {}).setdefault(check.host, deque()).append(check)

    def take(self) -> Check | None:
        """Take the next check that may run now; it counts as running until ``release``."""
        if len(self._running) >= self._concurrency:
            return None
        for owner, lines in self._waiting.items():
            for host, line in lines.items():
                if self._busy[host] < self._per_host:
                    check = line.popleft()
                    self._go_last(owner, lines, host, line)
                    self._running.add(check)
                    self._busy[host] += 1
                    return check
        return None

    def _go_last(
        self, owner: Hashable, lines: dict[str, deque[Check]], host: str, line: deque[Check]
    ) -> None:
        del lines[host], self._waiting[owner]
        if line:
            lines[host] = line
        if lines:
            self._waiting[owner] = lines

    def release(self, check: Check) -> None:
        """Free the check's place; a second time does nothing."""
        if check in self._running:
            self._running.remove(check)
            self._busy[check.host] -= 1
            if not self._busy[check.host]:
                del self._busy[check.host]

    def drop(self, owner: Hashable) -> list[Check]:
        """Forget what waits for ``owner`` and free the places of what runs; return the latter."""
        self._waiting.pop(owner, None)
        running = [check for check in self._running if check.owner is owner]
        for check in running:
            self.release(check)
        return running

    def list_owners(self) -> set[Hashable]:
        """Name everybody who waits for something."""
        return {check.owner for check in self._running} | set(self._waiting)
