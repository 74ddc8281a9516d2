"""A log that cannot be flooded: of lines of one kind a few a minute are written, and then how many were not.

A kind is a place in the code and what it names first, such as a job: the line's text before its figures, and
the first of them if that is text. What is INFO or below is paced by the work that it tells of, and passes. No
Django.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

PACE_S = 60.0
OF_ONE_KIND, OF_ONE_PLACE = 5, 50
"""Lines that pass in that time. A place may name ever new things."""
NAMED_CHARS = 80
REMEMBERED_AT_MOST = 2_000

Key = tuple[str, int, str, str | None]


@dataclass(slots=True)
class _Count:
    since: float
    passed: int = 0
    held_back: int = 0

    def begin_anew(self, now: float) -> int:
        """Begin the next minute, if this one is over; how many lines it held back."""
        if now - self.since < PACE_S:
            return 0
        held_back = self.held_back
        self.since, self.passed, self.held_back = now, 0, 0
        return held_back


class LogPace(logging.Filter):
    """To be put on a handler. Thread-safe."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Key, _Count] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """May the line be written? It then says how many of its kind were not."""
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
        """As if no line had come."""
        with self._lock:
            self._counts.clear()

    def _count(self, record: logging.LogRecord) -> int | None:
        """How many of this kind were held back before it; None: so is this one."""
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
