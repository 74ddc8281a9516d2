"""The embedded engine: clock, queues and workers as threads of one process."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from pipeline import dispatch
from pipeline.dispatch import DeadLetter
from pipeline.probing import close_prober, shared_prober
from pipeline.queues.memory import Letter, MemoryQueue
from pipeline.timetable import TIMETABLE, Job, run_job

logger = logging.getLogger(__name__)

PROBE_THREADS = 32
RECORD_AT_ONCE = 20
STOP_WAIT_S = 5.0
RECORD_AGAIN_S = 0.2
_AWAY = (OperationalError, InterfaceError)
"""The database does not answer. Its other errors (a value that does not fit) are bugs, and come again."""


def read_clock() -> datetime:
    return datetime.now(UTC)


class EmbeddedEngine:
    """Start it once, stop it once. Everything it does, it does through the stages."""

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.queues = {
            name: MemoryQueue(name, max_messages=settings.QUEUE_MAX_MESSAGES)
            for name in ("checks", "results")
        }
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._threads: dict[str, list[threading.Thread]] = {"clock": [], "probe": [], "record": []}

    # What the stages see (dispatch.Sender)

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        self.queues[queue].put(body, delay_s=delay_s, force=True)

    def free(self, queue: str) -> int:
        return self.queues[queue].free

    def figures(self) -> dict[str, dict[str, int]]:
        return {name: {"waiting": len(q), "dead_letters": q.dead_total} for name, q in self.queues.items()}

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Those of this process, and only as long as it runs."""
        return [
            DeadLetter(f"{name}-{letter.number}", name, letter.body, failures=letter.failures)
            for name, queue in self.queues.items()
            for letter in list(queue.dead)
        ][:limit]

    def redrive(self, letter_id: str) -> bool:
        queue, number = self._find_queue(letter_id)
        return queue is not None and queue.revive(number)

    def drop(self, letter_id: str) -> bool:
        queue, number = self._find_queue(letter_id)
        return queue is not None and queue.bury(number) is not None

    def _find_queue(self, letter_id: str) -> tuple[MemoryQueue | None, int]:
        name, _, number = letter_id.rpartition("-")
        return (self.queues.get(name), int(number)) if number.isdecimal() else (None, 0)

    # Life

    def start(self) -> None:
        dispatch.use_sender(self)
        shared_prober()
        for lane in dict.fromkeys(job.lane for job in TIMETABLE):
            self._spawn("clock", f"clock-{lane}", self._tick, [job for job in TIMETABLE if job.lane == lane])
        for number in range(PROBE_THREADS):
            self._spawn("probe", f"probe-{number}", self._probe)
        self._spawn("record", "record", self._record)
        logger.info("engine started owner=%s", self.owner)

    def _spawn(self, group: str, name: str, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads[group].append(thread)
        thread.start()

    def stop(self) -> None:
        """Stop scheduling, give running checks a few seconds, record every result there is, end."""
        self._stopping.set()
        for group, queue in (("clock", None), ("probe", "checks"), ("record", "results")):
            if queue:
                self.queues[queue].close()
            deadline = time.monotonic() + STOP_WAIT_S
            for thread in self._threads[group]:
                thread.join(max(0.0, deadline - time.monotonic()))
        self._ended.set()  # a recorder still waiting for the database gives back what it holds
        for thread in self._threads["record"]:
            thread.join(1.0)
        dispatch.use_sender(None)
        close_prober()
        logger.info("engine stopped results_left=%d", len(self.queues["results"]))

    # The threads

    def _tick(self, jobs: list[Job]) -> None:
        """Call each job at its rhythm. The rhythm is monotonic: a wall clock that jumps does not stop it."""
        due = {job.name: time.monotonic() for job in jobs}
        while not self._stopping.is_set():
            for job in jobs:
                if due[job.name] <= time.monotonic():
                    self._run_job(job)
                    due[job.name] = max(due[job.name] + job.every_s, time.monotonic())
            self._stopping.wait(max(0.01, min(due.values()) - time.monotonic()))
        connections.close_all()

    def _run_job(self, job: Job) -> None:
        try:
            while run_job(job, owner=self.owner, now=read_clock()) and not self._stopping.is_set():
                pass  # a slice was done, and there is more
        except _AWAY as error:
            logger.warning("job postponed name=%r: %s", job.name, error)
            _drop_connection()
        except Exception:  # a bug in one job must not end the clock
            logger.exception("job failed name=%r", job.name)

    def _probe(self) -> None:
        stage = dispatch.load_stage("probe")
        results = self.queues["results"]
        while letters := self.queues["checks"].take():
            if self._stopping.is_set():
                continue  # what was not begun is a gap, and never a guess
            for letter in letters:
                try:
                    failed = stage([letter.body], prober=shared_prober(), send=results.put_waiting)
                except Exception:  # a bug: the message is tried again, then kept as a dead letter
                    logger.exception("probe failed")
                    failed = [0]
                if failed:
                    self.queues["checks"].retry(letter)

    def _record(self) -> None:
        while letters := self.queues["results"].take(most=RECORD_AT_ONCE):
            self._record_letters(letters)
            if self._ended.is_set():
                break
        connections.close_all()

    def _record_letters(self, letters: list[Letter]) -> None:
        """Record them together. While the database is away they wait here, and the bounded queue behind them.

        A stop waits for the database as long as for anything; what is left then goes back, to be counted.
        """
        stage = dispatch.load_stage("record")
        pause_s = RECORD_AGAIN_S
        while True:
            try:
                for index in stage([letter.body for letter in letters], now=read_clock()):
                    self.queues["results"].retry(letters[index])
            except _AWAY as error:
                logger.warning("record postponed messages=%d: %s", len(letters), error)
                _drop_connection()
                if self._ended.is_set():
                    for letter in letters:
                        self.queues["results"].give_back(letter)
                    return
                (self._ended if self._stopping.is_set() else self._stopping).wait(pause_s)
                pause_s = RECORD_AGAIN_S if self._stopping.is_set() else min(pause_s * 2, 5.0)
                continue
            except Exception:  # a bug: one bad message must not hold up the others
                logger.exception("record failed messages=%d", len(letters))
                if len(letters) == 1:
                    self.queues["results"].retry(letters[0])
                    return
                for letter in letters:
                    self._record_letters([letter])
            return


def _drop_connection() -> None:
    """A connection after an error may be half-dead; the next use opens a new one."""
    for connection in connections.all(initialized_only=True):
        connection.close()
