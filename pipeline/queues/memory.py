"""The embedded engine's queue: bounded, in this process, with delays, retries and a list of dead letters.
What it holds ends with the process: a check becomes a gap, a delivery comes again from its outbox."""

import heapq
import itertools
import logging
import math
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.retries import MESSAGE_FAILED_S
from probes.queue import rest_of, share_of

logger = logging.getLogger(__name__)

MAX_DEAD = 100


class QueueFull(Exception):
    """The queue has no room. The caller keeps its message and tries again later."""


@dataclass(slots=True)
class QueuedMessage:
    """A message of the queue: its body, and how often handling it has failed."""

    body: bytes
    failures: int = 0
    number: int = 0
    """Its number among all messages that this queue gave up, from 1; 0: it was not given up."""
    share: str = ""
    """The team whose work alone it holds (``base.Parcel``)."""
    due_at: float = 0.0
    error: str = ""
    """Why handling it failed the last time, in one sentence."""


class MemoryQueue:
    """Thread-safe: many threads may put and take. A message that keeps failing ends among the ``dead``.

    A message wakes one taker, not all of them: there may be hundreds. Who takes it wakes the next one while
    there are more, so one that is awake always waits for the message that is due next.

    No team can fill the queue. Of ``takers``, a third at most is busy with one share (``share`` of a message)
    and two thirds with all shares together; and one share fills a third of the queue at most. Beyond that its
    oldest due message is dropped and logged. So is a message that has been due for ``lasts_s`` seconds. A
    dropped check is a gap; a dropped delivery comes again from its outbox.
    """

    def __init__(
        self,
        name: str,
        *,
        max_messages: int,
        takers: int | None = None,
        lasts_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._clock = clock
        self.max_messages = max_messages
        self._lasts_s = lasts_s
        self._most_takers = share_of(takers) if takers else sys.maxsize
        self._most_takers_in_all = rest_of(takers) if takers else sys.maxsize
        self.dead: deque[QueuedMessage] = deque(maxlen=MAX_DEAD)
        self.dead_total = 0
        self._heap: list[tuple[float, int, QueuedMessage]] = []  # not due yet, or not looked at
        self._due: dict[str, deque[QueuedMessage]] = {}  # by share, and whose turn it is first
        self._length: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._order = itertools.count()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # takers wait for it
        self._room = threading.Condition(self._lock)  # those of ``put_waiting`` wait for it
        self._closed = False

    def __len__(self) -> int:
        return self._length.total()

    @property
    def free(self) -> int:
        return max(0, self.max_messages - len(self))

    def put(self, body: bytes, *, delay_s: float = 0.0, force: bool = False, share: str = "") -> None:
        """Queue ``body``, due in ``delay_s`` seconds. Raises ``QueueFull`` unless ``force``, which is for
        messages that must not be lost."""
        with self._lock:
            if len(self) >= self.max_messages and not force:
                raise QueueFull(f"The {self.name} queue holds {self.max_messages} messages.")
            if share and self._length[share] >= share_of(self.max_messages):
                self._push_out(share)
            self._push(QueuedMessage(body, share=share), delay_s)

    def put_waiting(self, body: bytes) -> None:
        """Queue ``body``; wait while the queue is full, so that no result is lost. A closed queue takes it at
        once."""
        with self._lock:
            self._room.wait_for(lambda: self._closed or len(self) < self.max_messages)
            self._push(QueuedMessage(body), 0.0)

    def _push(self, message: QueuedMessage, delay_s: float) -> None:
        message.due_at = self._clock() + delay_s
        heapq.heappush(self._heap, (message.due_at, next(self._order), message))
        self._length[message.share] += 1
        self._work.notify()

    def _push_out(self, share: str) -> None:
        self._sort_due(self._clock())
        line = self._due.get(share)
        if line:
            self._pop(share, line)
        logger.warning("%s left out a message of team=%s: it has %d", self.name, share, self._length[share])

    def take(self, *, most: int = 1, most_of_share: int = 1) -> list[QueuedMessage]:
        """Wait for due messages and take up to ``most`` of them, or up to ``most_of_share`` of one share.
        Call ``done`` when they are handled. Once the queue is closed, all messages count as due; an empty
        list means that none is left."""
        with self._lock:
            while True:
                now = math.inf if self._closed else self._clock()
                self._sort_due(now)
                self._forget_old()
                if (share := self._choose()) is not None:
                    return self._take(share, most_of_share if share else most)
                if self._closed:
                    return []
                self._work.wait(self._heap[0][0] - now if self._heap else None)

    def done(self, messages: Sequence[QueuedMessage]) -> None:
        """The messages that one ``take`` returned are handled, or have failed: another taker may take of
        their share."""
        share = messages[0].share
        if share:
            with self._lock:
                self._busy[share] -= 1
                if not self._busy[share]:
                    del self._busy[share]
                self._work.notify()

    def _sort_due(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            message = heapq.heappop(self._heap)[2]
            self._due.setdefault(message.share, deque()).append(message)

    def _forget_old(self) -> None:
        """Drop messages that waited too long. The oldest message is the first of its line."""
        oldest = self._clock() - self._lasts_s
        for share in [share for share, line in self._due.items() if line[0].due_at < oldest]:
            line = self._due[share]
            while line and line[0].due_at < oldest:
                self._pop(share, line)
                logger.warning("%s left out a message of team=%s: it waited too long", self.name, share)

    def _choose(self) -> str | None:
        full = self._busy.total() >= self._most_takers_in_all
        for share in self._due:
            if not share or self._closed or (not full and self._busy[share] < self._most_takers):
                return share
        return None

    def _take(self, share: str, most: int) -> list[QueuedMessage]:
        line = self._due.pop(share)
        self._due[share] = line  # its next turn comes after the others'
        taken: list[QueuedMessage] = []
        while line and len(taken) < most:
            taken.append(self._pop(share, line))
        if share:
            self._busy[share] += 1
        if self._due or self._heap:
            self._work.notify()
        return taken

    def _pop(self, share: str, line: deque[QueuedMessage]) -> QueuedMessage:
        message = line.popleft()
        if not line:
            del self._due[share]
        self._length[share] -= 1
        if not self._length[share]:
            del self._length[share]
        self._room.notify()
        return message

    def retry(self, message: QueuedMessage, *, error: str) -> None:
        """Handling failed: queue the message again after the next pause of ``MESSAGE_FAILED_S``; after the
        last one, put it among the dead."""
        message.failures += 1
        message.error = error
        with self._lock:
            if message.failures > len(MESSAGE_FAILED_S):
                self.dead_total += 1
                message.number = next(self._numbers)
                self.dead.append(message)
            else:
                self._push(message, MESSAGE_FAILED_S[message.failures - 1])

    def remove_dead(self, number: int) -> QueuedMessage | None:
        """Remove and return the dead letter of this number; None when there is none."""
        with self._lock:
            found = next((message for message in self.dead if message.number == number), None)
            if found is not None:
                self.dead.remove(found)
                self.dead_total -= 1
            return found

    def redrive(self, number: int) -> bool:
        """Queue the dead letter of this number as if it had never failed. False when there is none."""
        message = self.remove_dead(number)
        if message is not None:
            self.give_back(QueuedMessage(message.body, share=message.share))
        return message is not None

    def give_back(self, message: QueuedMessage) -> None:
        """Queue a message again at once: it was taken, but could not be handled for reasons that are not its
        own."""
        with self._lock:
            self._push(message, 0.0)

    def close(self) -> None:
        """Wake all threads that wait. The messages that are left can still be taken, all at once."""
        with self._lock:
            self._closed = True
            self._work.notify_all()
            self._room.notify_all()
