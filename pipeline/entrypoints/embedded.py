"""The embedded engine: clock, queues and workers as threads of one process."""

import logging
import math
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connections

from core.clock import read_clock
from core.connections import AWAY, drop_connections
from core.descriptors import is_shortage
from core.retries import DATABASE_AWAY
from pipeline import dispatch
from pipeline.edge import COURIER, PROBER
from pipeline.entrypoints.crew import Crew, CrewPlace, Worker
from pipeline.jobs.listening import Listener
from pipeline.jobs.periodic import send_again
from pipeline.messages import Wake, find_message, pack_specs
from pipeline.queues.base import ROUTES, DeadLetter, Parcel, Route, Sender, describe_bug
from pipeline.queues.memory import MemoryQueue, QueuedMessage
from pipeline.stages.deliver import START_WITHIN_S
from pipeline.stages.probe import TOO_OLD
from pipeline.timetable import TIMETABLE, Job, run_job
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)

TAKERS = {"checks": 48, "deliveries": 12}
"""Threads that may wait for messages of slow work, a third of them for one team's (``MemoryQueue``). How many
checks and deliveries run at once, prober and courier decide."""
LASTS_S = {"checks": TOO_OLD.total_seconds(), "deliveries": START_WITHIN_S}
"""Seconds that a message may wait once it is due: an older check becomes a gap, an older delivery comes again
from its outbox."""
TOGETHER = 10
"""Messages of one share that one thread takes together."""
AT_ONCE = 20
"""Messages that a thread of the core takes together."""
STOP_WAIT_S = 5.0
WORK_S = {"checks": 660.0, "deliveries": 120.0, "results": 60.0, "receipts": 120.0}
"""Seconds that a piece of work may take before its thread is taken for lost. A message of 100 slow checks of
one host takes ten minutes, woken jobs take one."""
LANES_S, LANE_S = {"schedule": 60.0, "heartbeats": 60.0, "alerts": 60.0}, 300.0
"""The same for jobs of the clock, by lane. Without the lanes that are named here there are no checks or no
alerts."""


class EmbeddedEngine(Sender):
    """Start it once, stop it once. It does all its work through the stages."""

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.queues = {
            name: MemoryQueue(
                name,
                max_messages=settings.QUEUE_MAX_MESSAGES,
                takers=TAKERS.get(name),
                lasts_s=LASTS_S.get(name, math.inf),
            )
            for name in ROUTES
        }
        self._listener = Listener(alone=True)
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._crew = Crew(give_back=self._give_back)

    # What the stages see (base.Sender)

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        self.queues[queue].put(body, delay_s=delay_s, force=True)

    def send_all(self, queue: str, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            self.queues[queue].put(parcel.body, delay_s=parcel.delay_s, force=True, share=parcel.share)

    def free(self, queue: str) -> int:
        return self.queues[queue].free

    def figures(self) -> dict[str, dict[str, int]]:
        return {name: {"waiting": len(q), "dead_letters": q.dead_total} for name, q in self.queues.items()}

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Those of this process, for as long as it runs; by queue, in each the oldest first."""
        return [
            DeadLetter(f"{name}-{message.number}", name, message.body, message.error, message.failures)
            for name, queue in self.queues.items()
            for message in list(queue.dead)
        ][:limit]

    def redrive(self, letter_id: str) -> bool:
        queue, number = self._find_queue(letter_id)
        return queue is not None and queue.redrive(number)

    def drop(self, letter_id: str) -> bool:
        queue, number = self._find_queue(letter_id)
        return queue is not None and queue.remove_dead(number) is not None

    def redrive_all(self) -> int:
        return sum(self.redrive(dead.id) for dead in self.dead_letters(limit=sys.maxsize))

    def drop_all(self) -> int:
        return sum(self.drop(dead.id) for dead in self.dead_letters(limit=sys.maxsize))

    def _find_queue(self, letter_id: str) -> tuple[MemoryQueue | None, int]:
        name, _, number = letter_id.rpartition("-")
        return (self.queues.get(name), int(number)) if number.isdecimal() else (None, 0)

    # Life

    def start(self) -> None:
        dispatch.use_sender(self)
        PROBER.get()
        try:
            send_again(now=read_clock())
        except AWAY as error:
            logger.warning("what was on its way is sent again later: %s", error)
            drop_connections()
        self._listener.start()
        for lane in dict.fromkeys(job.lane for job in TIMETABLE):
            jobs = [job for job in TIMETABLE if job.lane == lane]
            place = CrewPlace("clock", f"clock-{lane}", LANES_S.get(lane, LANE_S), needed=lane in LANES_S)
            self._crew.spawn(place, self._tick, jobs)
        for route in ROUTES.values():
            if route.plane == "core":
                self._crew.spawn(_place(route, route.stage), self._write_down, route)
            for number in range(_threads_of(route.queue)):
                self._crew.spawn(_place(route, f"{route.stage}-{number}"), self._reach_out, route)
        self._crew.watch()
        logger.info("engine started owner=%s", self.owner)

    def stop(self) -> None:
        """Stop scheduling, give running checks and deliveries a few seconds, record what was found, end.

        A delivery that was not begun, or whose receipt comes too late, stays in its outbox and is sent after
        the next start.
        """
        self._stopping.set()
        self._crew.stop()
        self._listener.stop()
        self._crew.join("clock", within_s=STOP_WAIT_S)
        for queue in ROUTES:
            if queue == "deliveries":
                COURIER.close()
            self.queues[queue].close()
            self._crew.join(queue, within_s=STOP_WAIT_S)
        self._ended.set()  # threads that wait for the database give back what they hold
        for route in ROUTES.values():
            if route.plane == "core":
                self._crew.join(route.queue, within_s=1.0)
        dispatch.use_sender(None)
        PROBER.close()
        left = {name: len(self.queues[name]) for name in ("results", "receipts")}
        logger.info("engine stopped results_left=%d receipts_left=%d", left["results"], left["receipts"])

    def _give_back(self, place: CrewPlace, messages: Sequence[QueuedMessage]) -> None:
        """Queue again, a few times, the messages of a thread that stands still: they may be the cause."""
        queue = self.queues[place.group]
        for message in messages:
            queue.retry(message, error="It took too long.")
        queue.done(messages)

    # The threads

    def _tick(self, jobs: list[Job], me: Worker) -> None:
        """Call each job at its rhythm. The rhythm is monotonic, so a wall clock that jumps does not stop
        it."""
        due = {job.name: time.monotonic() for job in jobs}
        while not (self._stopping.is_set() or me.given_up):
            for job in jobs:
                if due[job.name] <= time.monotonic() and not me.given_up:
                    self._run_job(me, job)
                    due[job.name] = max(due[job.name] + job.every_s, time.monotonic())
            self._stopping.wait(max(0.01, min(due.values()) - time.monotonic()))
        connections.close_all()

    def _run_job(self, me: Worker, job: Job) -> None:
        try:
            more = True  # while it did a part, and there is more
            while more and not (self._stopping.is_set() or me.given_up):
                me.loop.begin()
                more = run_job(job, owner=self.owner, now=read_clock())
            me.loop.succeed()
        except Exception as fault:  # a job's error must not end the clock
            me.loop.fail(fault)
            if not _is_away(fault):
                logger.exception("job failed name=%r", job.name)
                return
            logger.warning("job postponed name=%r: %s", job.name, fault)
            drop_connections()

    def _reach_out(self, route: Route, me: Worker | None = None) -> None:
        """Run a stage of the edge. What it finds goes to the queue ``answers``; while that is full, the stage
        waits."""
        stage, queue = route.load(), self.queues[route.queue]
        me = me or Worker.outside(route.queue)

        def send(body: bytes) -> None:
            if me.given_up:
                return
            me.loop.rest()  # the queue may be full for long; that is no fault of this thread
            self.queues[route.answers].put_waiting(body)
            me.loop.begin()

        while not me.given_up and (messages := queue.take(most_of_share=TOGETHER)):
            if self._stopping.is_set():
                continue  # an unbegun check becomes a gap; a delivery stays in its outbox
            me.hold(messages)
            try:
                failed = stage([message.body for message in messages], send=send, **_tools_of(route))
            except Exception as bug:  # the messages are tried again, then kept as dead letters
                logger.exception("%s failed messages=%d", route.stage, len(messages))
                failed = dict.fromkeys(range(len(messages)), describe_bug(bug))
            if me.let_go():
                for index, error in failed.items():
                    queue.retry(messages[index], error=error)
                queue.done(messages)
            me.loop.succeed()

    def _write_down(self, route: Route, me: Worker) -> None:
        """Run a stage of the core."""
        queue = self.queues[route.queue]
        while not me.given_up and (messages := queue.take(most=AT_ONCE)):
            if self._stopping.is_set():
                messages = [message for message in messages if not _is_wake(message)]
            if messages:
                me.hold(messages)
                self._write_messages(me, route, messages)
                me.let_go()
            if self._ended.is_set():
                break
        connections.close_all()

    def _write_messages(self, me: Worker, route: Route, messages: list[QueuedMessage]) -> None:
        """Hand the messages to the stage together. While the database is away they wait here, and later ones
        in the bounded queue.

        A stop gives the database no more time than anything else; what is left then goes back to the queue,
        to be counted.
        """
        stage, queue = route.load(), self.queues[route.queue]
        attempt = 0
        while not me.given_up:
            me.loop.begin()
            try:
                failed = stage([message.body for message in messages], now=read_clock())
            except Exception as fault:
                if not _is_away(fault):  # a bug: one bad message must not hold up the others
                    logger.exception("%s failed messages=%d", route.stage, len(messages))
                    self._write_each(me, route, messages, error=describe_bug(fault))
                    return
                me.loop.fail(fault)
                logger.warning("%s postponed messages=%d: %s", route.stage, len(messages), fault)
                drop_connections()
                if self._ended.is_set():
                    for message in messages:
                        queue.give_back(message)
                    return
                attempt = 1 if self._stopping.is_set() else attempt + 1
                (self._ended if self._stopping.is_set() else self._stopping).wait(
                    DATABASE_AWAY.pause_s(attempt)
                )
            else:
                me.loop.succeed()
                for index, error in failed.items() if not me.given_up else ():
                    queue.retry(messages[index], error=error)
                return

    def _write_each(self, me: Worker, route: Route, messages: list[QueuedMessage], *, error: str) -> None:
        me.loop.succeed()  # the database answers; it is a message's fault
        if len(messages) == 1:
            if not me.given_up:
                self.queues[route.queue].retry(messages[0], error=error)
            return
        for index, message in enumerate(messages):
            me.messages = messages[index:]
            self._write_messages(me, route, [message])


def _is_away(fault: Exception) -> bool:
    """Whether the database does not answer or this machine is short of descriptors or memory. Neither
    lasts."""
    return isinstance(fault, AWAY) or is_shortage(fault)


def _is_wake(message: QueuedMessage) -> bool:
    """Whether the message asks for a job. At a stop such a message is dropped: nobody would finish the job,
    and the job is due at the next start."""
    return find_message(message.body, Wake) is not None


def _place(route: Route, name: str) -> CrewPlace:
    return CrewPlace(route.queue, name, WORK_S[route.queue])


def _threads_of(queue: str) -> int:
    """How many threads take from a queue of the edge. A thread that took quick checks holds one that runs, or
    is free within a second; so with a thread for each check that may run, one is always free."""
    return TAKERS.get(queue, 0) + (settings.PROBE_CONCURRENCY if queue == "checks" else 0)


def _tools_of(route: Route) -> dict[str, Any]:
    """What a stage of the edge works with besides its messages: a prober or courier for the whole process.
    Checks may be old here, too (after a full queue of slow targets, or after the process was suspended), so a
    prober's stage gets ``now``."""
    if route.stage == "probe":
        return {"prober": PROBER.get(), "now": read_clock(), "send_on": _send_on}
    return {"courier": COURIER.get()}


def _send_on(specs: Sequence[CheckSpec]) -> None:
    dispatch.send_all("checks", pack_specs(specs))
