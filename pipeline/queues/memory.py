"""The embedded engine's queue: bounded, in this process, with delays, retries and a list of dead letters."""

import heapq
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

RETRY_AFTER_S = (1.0, 5.0, 15.0, 60.0)
MAX_DEAD = 100


class QueueFull(Exception):
    """The queue holds all it may; who sends keeps what he has and comes again."""


@dataclass(slots=True)
class Letter:
    """A message on its way: its body, and how often handling it has failed."""

    body: bytes
    failures: int = 0
    number: int = 0
    """Its place among all that this queue ever gave up, from 1; 0: it was not given up."""


class MemoryQueue:
    """Many may put and many may take. A letter that keeps failing ends among the ``dead``, not in the way."""

    def __init__(self, name: str, *, max_messages: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self.max_messages = max_messages
        self.dead: deque[Letter] = deque(maxlen=MAX_DEAD)
        self.dead_total = 0
        self._heap: list[tuple[float, int, Letter]] = []
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def free(self) -> int:
        return max(0, self.max_messages - len(self._heap))

    def put(self, body: bytes, *, delay_s: float = 0.0, force: bool = False) -> None:
        """Queue ``body``, due in ``delay_s``. Raises ``QueueFull``; ``force`` is for what must not be
        lost."""
        with self._changed:
            if len(self._heap) >= self.max_messages and not force:
                raise QueueFull(f"The {self.name} queue holds {self.max_messages} messages.")
            self._push(Letter(body), delay_s)

    def put_waiting(self, body: bytes) -> None:
        """Queue ``body``, waiting while the queue is full (not once it is closed): what was found is not
        lost."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._heap) < self.max_messages)
            self._push(Letter(body), 0.0)

    def _push(self, letter: Letter, delay_s: float) -> None:
        heapq.heappush(self._heap, (self._clock() + delay_s, next(self._order), letter))
        self._changed.notify_all()

    def take(self, *, most: int = 1) -> list[Letter]:
        """Wait for due letters and take up to ``most``. Once closed, all are due; then empty: none is
        left."""
        with self._changed:
            while True:
                now = math.inf if self._closed else self._clock()
                if self._heap and self._heap[0][0] <= now:
                    taken: list[Letter] = []
                    while self._heap and len(taken) < most and self._heap[0][0] <= now:
                        taken.append(heapq.heappop(self._heap)[2])
                    self._changed.notify_all()
                    return taken
                if self._closed:
                    return []
                self._changed.wait(self._heap[0][0] - now if self._heap else None)

    def retry(self, letter: Letter) -> None:
        """Handling failed: later again, a few times, then among the dead."""
        letter.failures += 1
        with self._changed:
            if letter.failures > len(RETRY_AFTER_S):
                self.dead_total += 1
                letter.number = next(self._numbers)
                self.dead.append(letter)
            else:
                self._push(letter, RETRY_AFTER_S[letter.failures - 1])

    def bury(self, number: int) -> Letter | None:
        """Take the dead letter of this number away, for good; None when it is not there."""
        with self._changed:
            found = next((letter for letter in self.dead if letter.number == number), None)
            if found is not None:
                self.dead.remove(found)
                self.dead_total -= 1
            return found

    def revive(self, number: int) -> bool:
        """Queue the dead letter of this number as if it had never failed; False when it is not there."""
        letter = self.bury(number)
        if letter is not None:
            self.give_back(Letter(letter.body))
        return letter is not None

    def give_back(self, letter: Letter) -> None:
        """It was taken but could not be handled, through no fault of its own: it is due again."""
        with self._changed:
            self._push(letter, 0.0)

    def close(self) -> None:
        """Wake everybody who waits; what is here can still be taken, and waits no more for its time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
