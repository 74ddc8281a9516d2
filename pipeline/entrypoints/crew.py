"""The embedded engine's threads. Each says what it is doing; one that stands still is given up and replaced.

Python cannot end a thread from outside. A thread that was given up ends by itself if it ever goes on, and
changes nothing any more. Another thread does the work it had in hand: everything here may be done twice.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from pipeline.health import vitals
from pipeline.health.vitals import Loop
from pipeline.queues.memory import QueuedMessage

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
FROZEN_AFTER_S = 5.0
"""Seconds. When the watch itself is so late, the whole process stood still, not one of its threads."""
LOST_AT_MOST = 3
"""Threads of one place that may be given up. When so many stand still, a new one would as well: health
reports it, and the process needs a restart."""


@dataclass(frozen=True, slots=True)
class CrewPlace:
    """The place of one thread in a crew; a lost thread is replaced. ``limit_s``: seconds that a piece of work
    may take. ``needed``: see ``Loop``."""

    group: str
    name: str
    limit_s: float
    needed: bool = True

    def open_loop(self) -> Loop:
        return vitals.open_loop(self.name, limit_s=self.limit_s, needed=self.needed)


@dataclass(eq=False, slots=True)
class Worker:
    """One thread of a crew, as its own code sees it. ``messages`` are those that it has in hand."""

    place: CrewPlace
    run: Callable[["Worker"], None]
    loop: Loop
    messages: list[QueuedMessage] = field(default_factory=list)
    given_up: bool = False
    thread: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, messages: Sequence[QueuedMessage]) -> None:
        """Begin to work on these messages."""
        self.messages = list(messages)
        self.loop.begin()

    def let_go(self) -> list[QueuedMessage]:
        """Take the messages out of its hands. Only one caller gets them: the thread may finish and be given
        up at the same moment."""
        with self.lock:
            messages, self.messages = self.messages, []
            return messages

    @classmethod
    def outside(cls, group: str) -> "Worker":
        """A worker for a caller whose thread is in no crew."""
        return cls(CrewPlace(group, group, limit_s=math.inf), lambda me: None, Loop(group, math.inf))


class Crew:
    """All threads of one engine. ``give_back`` is called with the messages that a lost thread had in hand."""

    def __init__(self, *, give_back: Callable[[CrewPlace, Sequence[QueuedMessage]], None]) -> None:
        self._give_back = give_back
        self._lock = threading.Lock()
        self._workers: list[Worker] = []
        self._lost: list[Worker] = []
        self._stopping = threading.Event()

    def spawn(self, place: CrewPlace, target: Callable[..., None], *args: Any) -> None:
        """Start a thread in ``place`` that runs ``target(*args, worker)``."""
        self._start(Worker(place, lambda me: target(*args, me), place.open_loop()))

    def _start(self, worker: Worker) -> None:
        worker.thread = threading.Thread(
            target=self._run, args=(worker,), name=worker.place.name, daemon=True
        )
        with self._lock:
            self._workers.append(worker)
        worker.thread.start()

    def _run(self, worker: Worker) -> None:
        try:
            worker.run(worker)
        finally:
            vitals.close_loop(worker.loop)
            with self._lock:
                for those in (self._workers, self._lost):
                    if worker in those:
                        those.remove(worker)
            if worker.given_up:
                logger.warning("a thread that was given up has ended name=%s", worker.place.name)

    def watch(self) -> None:
        """Start a thread that replaces those that stand still, until ``stop``."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _watch(self) -> None:
        seen_at = monotonic()
        while not self._stopping.wait(LOOK_EVERY_S):
            frozen, seen_at = monotonic() - seen_at > FROZEN_AFTER_S, monotonic()
            if frozen:
                vitals.begin_anew()
                continue
            try:
                self.look_after()
            except Exception:  # a bug here must not end the watch
                logger.exception("the watch stumbled")

    def look_after(self) -> None:
        """Give up each thread that stands still, and start another in its place."""
        with self._lock:
            stuck = [worker for worker in self._workers if worker.loop.is_stuck]
        for worker in stuck:
            with self._lock:
                lost = sum(other.place == worker.place for other in self._lost)
                if lost >= LOST_AT_MOST or worker not in self._workers:
                    continue
                self._workers.remove(worker)
                self._lost.append(worker)
                worker.given_up = True
            place = worker.place
            logger.error("thread stands still, and is replaced name=%s after_s=%d", place.name, place.limit_s)
            vitals.close_loop(worker.loop)
            vitals.count_replaced()
            if messages := worker.let_go():
                self._give_back(place, messages)
            self._start(Worker(place, worker.run, place.open_loop()))

    def join(self, group: str, *, within_s: float) -> None:
        """Wait up to ``within_s`` seconds for the threads of ``group``, except for those that were given
        up."""
        deadline = monotonic() + within_s
        with self._lock:
            threads = [worker.thread for worker in self._workers if worker.place.group == group]
        for thread in threads:
            if thread is not None:
                thread.join(max(0.0, deadline - monotonic()))
