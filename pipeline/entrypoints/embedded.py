"""The embedded engine: clock, queues and workers as threads of one process."""

import logging
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from msgspec import MsgspecError

from pipeline import dispatch
from pipeline.dispatch import DeadLetter
from pipeline.jobs import send_again
from pipeline.messages import Wake, decode
from pipeline.probing import close_prober, shared_prober
from pipeline.queues.memory import Letter, MemoryQueue
from pipeline.sending import close_courier, courier
from pipeline.timetable import TIMETABLE, Job, run_job

logger = logging.getLogger(__name__)

PROBE_THREADS = 32
DELIVER_THREADS = 4
"""Messages at once; how many deliveries at once is the courier's to say."""
AT_ONCE = {"record": 20, "settle": 20}
QUEUES = {"probe": "checks", "record": "results", "deliver": "deliveries", "settle": "receipts"}
"""Which queue each stage takes from, in the order in which they end."""
STOP_WAIT_S = 5.0
WRITE_AGAIN_S = 0.2
_AWAY = (OperationalError, InterfaceError)
"""The database does not answer. Its other errors (a value that does not fit) are bugs, and come again."""


def read_clock() -> datetime:
    return datetime.now(UTC)


class EmbeddedEngine:
    """Start it once, stop it once. Everything it does, it does through the stages."""

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.queues = {
            name: MemoryQueue(name, max_messages=settings.QUEUE_MAX_MESSAGES) for name in QUEUES.values()
        }
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._threads: dict[str, list[threading.Thread]] = {"clock": [], **{stage: [] for stage in QUEUES}}

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

    def redrive_all(self) -> int:
        return sum(self.redrive(letter.id) for letter in self.dead_letters(limit=sys.maxsize))

    def drop_all(self) -> int:
        return sum(self.drop(letter.id) for letter in self.dead_letters(limit=sys.maxsize))

    def _find_queue(self, letter_id: str) -> tuple[MemoryQueue | None, int]:
        name, _, number = letter_id.rpartition("-")
        return (self.queues.get(name), int(number)) if number.isdecimal() else (None, 0)

    # Life

    def start(self) -> None:
        dispatch.use_sender(self)
        shared_prober()
        try:
            send_again(now=read_clock())
        except _AWAY as error:
            logger.warning("what was on its way is sent again later: %s", error)
            _drop_connection()
        for lane in dict.fromkeys(job.lane for job in TIMETABLE):
            self._spawn("clock", f"clock-{lane}", self._tick, [job for job in TIMETABLE if job.lane == lane])
        for number in range(PROBE_THREADS):
            self._spawn("probe", f"probe-{number}", self._reach_out, "probe", "results")
        for number in range(DELIVER_THREADS):
            self._spawn("deliver", f"deliver-{number}", self._reach_out, "deliver", "receipts")
        for stage in AT_ONCE:
            self._spawn(stage, stage, self._write_down, stage)
        logger.info("engine started owner=%s", self.owner)

    def _spawn(self, group: str, name: str, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads[group].append(thread)
        thread.start()

    def stop(self) -> None:
        """Stop scheduling, give running checks and deliveries a few seconds, write down all there is, end.

        A delivery that is not begun, or whose receipt comes too late, is in its outbox and is sent when
        somebody starts again.
        """
        self._stopping.set()
        self._join("clock")
        for stage, queue in QUEUES.items():
            if stage == "deliver":
                close_courier()
            self.queues[queue].close()
            self._join(stage)
        self._ended.set()  # who still waits for the database gives back what he holds
        for stage in AT_ONCE:
            self._join(stage, within_s=1.0)
        dispatch.use_sender(None)
        close_prober()
        left = {name: len(self.queues[name]) for name in ("results", "receipts")}
        logger.info("engine stopped results_left=%d receipts_left=%d", left["results"], left["receipts"])

    def _join(self, group: str, *, within_s: float | None = None) -> None:
        deadline = time.monotonic() + (STOP_WAIT_S if within_s is None else within_s)
        for thread in self._threads[group]:
            thread.join(max(0.0, deadline - time.monotonic()))

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

    def _reach_out(self, stage_name: str, answers: str) -> None:
        """A stage of the edge: what it finds goes to ``answers``, which holds it back when it is full."""
        stage = dispatch.load_stage(stage_name)
        queue, send = self.queues[QUEUES[stage_name]], self.queues[answers].put_waiting
        while letters := queue.take():
            if self._stopping.is_set():
                continue  # a check not begun is a gap, and never a guess; a delivery is in its outbox
            for letter in letters:
                try:
                    failed = stage([letter.body], send=send, **_tools_of(stage_name))
                except Exception:  # a bug: the message is tried again, then kept as a dead letter
                    logger.exception("%s failed", stage_name)
                    failed = [0]
                if failed:
                    queue.retry(letter)

    def _write_down(self, stage_name: str) -> None:
        """A stage of the core."""
        while letters := self.queues[QUEUES[stage_name]].take(most=AT_ONCE[stage_name]):
            if self._stopping.is_set():
                letters = [letter for letter in letters if not _is_wake(letter)]
            if letters:
                self._write_letters(stage_name, letters)
            if self._ended.is_set():
                break
        connections.close_all()

    def _write_letters(self, stage_name: str, letters: list[Letter]) -> None:
        """Write them down together. While the database is away they wait here, and the bounded queue behind
        them.

        A stop waits for the database as long as for anything; what is left then goes back, to be counted.
        """
        stage, queue = dispatch.load_stage(stage_name), self.queues[QUEUES[stage_name]]
        pause_s = WRITE_AGAIN_S
        while True:
            try:
                for index in stage([letter.body for letter in letters], now=read_clock()):
                    queue.retry(letters[index])
            except _AWAY as error:
                logger.warning("%s postponed messages=%d: %s", stage_name, len(letters), error)
                _drop_connection()
                if self._ended.is_set():
                    for letter in letters:
                        queue.give_back(letter)
                    return
                (self._ended if self._stopping.is_set() else self._stopping).wait(pause_s)
                pause_s = WRITE_AGAIN_S if self._stopping.is_set() else min(pause_s * 2, 5.0)
                continue
            except Exception:  # a bug: one bad message must not hold up the others
                logger.exception("%s failed messages=%d", stage_name, len(letters))
                if len(letters) == 1:
                    queue.retry(letters[0])
                    return
                for letter in letters:
                    self._write_letters(stage_name, [letter])
            return


def _is_wake(letter: Letter) -> bool:
    """What it would begin now, nobody would finish; its time comes again at the next start."""
    try:
        return isinstance(decode(letter.body), Wake)
    except MsgspecError:
        return False


def _tools_of(stage_name: str) -> dict[str, Any]:
    """What a stage of the edge works with, one for the whole process. Checks may be old here, too: a full
    queue of slow targets holds them for long, and a process that was suspended finds them as it left them."""
    if stage_name == "probe":
        return {"prober": shared_prober(), "now": read_clock()}
    return {"courier": courier()}


def _drop_connection() -> None:
    """A connection after an error may be half-dead; the next use opens a new one."""
    for connection in connections.all(initialized_only=True):
        connection.close()
