"""Keeps the log from being flooded: of each kind of line a few in a minute are written, and later how many
were not.

Two lines are of one kind when they come from the same place in the code and name the same thing first, such
as a job: their text without figures is the same, and so is the first argument if that is text. Lines of INFO
or below are as many as the work that they tell of, and always pass. Imports no Django.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

PACE_S = 60.0
OF_ONE_KIND, OF_ONE_PLACE = 5, 50
"""Lines of one kind, and of one place in the code, that pass in ``PACE_S``. A place may name something new
each time."""
NAMED_CHARS = 80
REMEMBERED_AT_MOST = 2_000

Key = tuple[str, int, str, str | None]


@dataclass(slots=True)
class _Count:
    since: float
    passed: int = 0
    held_back: int = 0

    def begin_anew(self, now: float) -> int:
        """Begin the next minute, if this one is over. Returns how many lines were held back in it."""
        if now - self.since < PACE_S:
            return 0
        held_back = self.held_back
        self.since, self.passed, self.held_back = now, 0, 0
        return held_back


class LogPace(logging.Filter):
    """A filter for a handler. Thread-safe."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Key, _Count] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written. If so, it says how many lines of its kind were not."""
        if record.levelno < logging.WARNING:
            return True
        with self._lock:
            held_back = self._count(record)
        if held_back is None:
            return False
        if held_back:
            record.msg, record.args = f"{record.getMessage()} held_back={held_back}", None
        return True

    def forget(self) -> None:
        """Forget all lines that came."""
        with self._lock:
            self._counts.clear()

    def _count(self, record: logging.LogRecord) -> int | None:
        """How many lines of this kind were held back before this one. None: this one is held back, too."""
        now, place = self._clock(), (record.name, record.levelno, str(record.msg)[:200])
        first = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if len(self._counts) >= REMEMBERED_AT_MOST:  # lines whose text is never the same
            self._counts.clear()
        of_place = self._counts.setdefault((*place, None), _Count(now))
        of_kind = self._counts.setdefault(
            (*place, first[:NAMED_CHARS] if isinstance(first, str) else ""), _Count(now)
        )
        of_place.begin_anew(now)
        held_back = of_kind.begin_anew(now)
        if of_kind.passed >= OF_ONE_KIND or of_place.passed >= OF_ONE_PLACE:
            of_kind.held_back += 1 + held_back
            return None
        of_kind.passed += 1
        of_place.passed += 1
        return held_back
