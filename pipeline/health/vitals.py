"""What the loops of this process are doing: since when each is busy, what it last failed with, and which of
them stand still. Kept in memory, because it must be told when the database takes nothing. No Django."""

import threading
from dataclasses import dataclass, field
from time import monotonic

FAILING_AFTER_S = 3.0
"""A database that is busy for a moment is no failure yet."""


@dataclass(eq=False, slots=True)
class Loop:
    """One loop. Its own thread says what it is doing; others read. ``limit_s``: seconds that a piece of work
    may take."""

    name: str
    limit_s: float
    needed: bool = True
    """Without this loop there are no checks or no alerts."""
    busy_since: float | None = None
    failing_since: float | None = None
    error: str = ""

    def begin(self) -> None:
        """A piece of work begins now."""
        self.busy_since = monotonic()

    def rest(self) -> None:
        """It waits for work, or for room to put down what it found."""
        self.busy_since = None

    def succeed(self) -> None:
        self.busy_since = self.failing_since = None

    def fail(self, error: BaseException | str) -> None:
        """A piece of work failed; it may begin again at once."""
        self.busy_since, self.error = (
            None,
            type(error).__name__ if isinstance(error, Exception) else str(error),
        )
        if self.failing_since is None:
            self.failing_since = monotonic()

    @property
    def is_stuck(self) -> bool:
        since = self.busy_since
        return since is not None and monotonic() - since > self.limit_s

    @property
    def is_failing(self) -> bool:
        since = self.failing_since
        return since is not None and monotonic() - since > FAILING_AFTER_S


@dataclass(slots=True)
class _Register:
    lock: threading.Lock = field(default_factory=threading.Lock)
    loops: set[Loop] = field(default_factory=set)
    replaced: int = 0


_register = _Register()


def open_loop(name: str, *, limit_s: float, needed: bool = True) -> Loop:
    """Register a loop. Close it with ``close_loop`` when it ends."""
    loop = Loop(name, limit_s, needed)
    with _register.lock:
        _register.loops.add(loop)
    return loop


def close_loop(loop: Loop) -> None:
    with _register.lock:
        _register.loops.discard(loop)


def count_replaced(count: int = 1) -> None:
    """A loop that stood still was given up, and another runs in its place."""
    with _register.lock:
        _register.replaced += count


def replaced() -> int:
    return _register.replaced


def begin_anew() -> None:
    """The whole process stood still: what its loops are doing counts from now."""
    for loop in list_loops():
        if loop.busy_since is not None:
            loop.busy_since = monotonic()


def list_loops() -> list[Loop]:
    with _register.lock:
        return sorted(_register.loops, key=lambda loop: loop.name)
