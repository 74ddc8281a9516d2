"""The engine of every kind but HTTP: one asyncio loop on its own thread."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from core.descriptors import is_shortage, try_for_spare
from probes.check import Check, Judgement, ProbeError, judge_blocked, judge_bug
from probes.errors import SHORT
from probes.fair_threads import FairThreads, acting_for
from probes.guard import BlockedAddress
from probes.result import Status

logger = logging.getLogger(__name__)

JOIN_S = 5.0

Probe = Callable[[Check], Coroutine[Any, Any, Judgement]]


class ProbeLoop:
    """Runs probes on a thread that starts with the first one and ends with ``close``.

    ``lookups`` is how many names may be resolved at once. Each lookup (getaddrinfo) blocks a thread, perhaps
    for longer than the check that asked may wait.
    """

    def __init__(self, *, lookups: int) -> None:
        self._lookups = lookups
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._executor: FairThreads | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = self._abandoned = False
        self._asked_at: float | None = None

    def start(self, check: Check, probe: Probe) -> None:
        """Run ``probe(check)`` and finish the check with its judgement; may be called from any thread."""
        loop = self._get_loop()

        def begin() -> None:
            if check.done is None:
                return  # cancelled before it began
            task = loop.create_task(run_probe(check, probe))
            check.cancel = partial(_cancel_task, loop, task)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        loop.call_soon_threadsafe(begin)

    def run_aside(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> "Future[Any]":
        """Run a coroutine that belongs to no check of this loop; may be called from any thread."""
        return asyncio.run_coroutine_threadsafe(make(), self._get_loop())

    def close(self) -> None:
        """Cancel what runs and join the thread. A lookup that hangs in the resolver is not waited for."""
        with self._lock:
            self._closed = True
            loop, thread, executor = self._loop, self._thread, self._executor
        if loop is not None and thread is not None and executor is not None:
            with suppress(TimeoutError):  # it stands still
                asyncio.run_coroutine_threadsafe(self._cancel_all(), loop).result(JOIN_S)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(JOIN_S)
            executor.shutdown(wait=False, cancel_futures=True)
            if not thread.is_alive():
                loop.close()

    def abandon(self) -> None:
        """Give up a loop that stands still. If it ever goes on, it ends by itself."""
        with self._lock:
            self._closed = self._abandoned = True
            loop, executor = self._loop, self._executor
        if loop is not None and executor is not None:
            loop.call_soon_threadsafe(loop.stop)
            executor.shutdown(wait=False, cancel_futures=True)

    def stalled_s(self) -> float:
        """Seconds since the loop was asked for a sign of life that it has not given; 0 when it has given it.
        Asks for the next one."""
        if self._loop is None:
            return 0.0
        if self._asked_at is None:
            self._asked_at = monotonic()
            self._loop.call_soon_threadsafe(self._answer)
            return 0.0
        return monotonic() - self._asked_at

    def _answer(self) -> None:
        self._asked_at = None

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports close one turn later

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_forever()
        if self._abandoned:  # it went on after all, and nobody else closes it
            loop.run_until_complete(self._cancel_all())
            loop.close()

    def _get_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise RuntimeError("the prober is closed")
            if self._loop is None:
                try_for_spare()
                self._loop = asyncio.new_event_loop()
                self._executor = FairThreads(self._lookups, name="probe-lookup")
                self._loop.set_default_executor(self._executor)
                self._thread = threading.Thread(
                    target=self._run, args=(self._loop,), name="probe-loop", daemon=True
                )
                self._thread.start()
            return self._loop


def _cancel_task(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    with suppress(RuntimeError):  # the loop is closed already
        loop.call_soon_threadsafe(task.cancel)


async def run_probe(check: Check, probe: Probe) -> None:
    """Run ``probe`` within the check's timeout. Whatever happens, the check is finished with a judgement."""
    acting_for.set(check.team)
    try:
        async with asyncio.timeout(check.remaining_s()):
            judgement = await probe(check)
    except TimeoutError:
        judgement = check.judge_time_out()
    except ProbeError as reason:
        judgement = reason.judgement
    except BlockedAddress as blocked:
        judgement = judge_blocked(blocked)
    except Exception as fault:
        if is_shortage(fault):
            check.finish(Judgement(Status.UNKNOWN, *SHORT))
            return
        logger.exception("probe kind=%s monitor=%s broke", check.spec.kind, check.spec.monitor_id)
        judgement = judge_bug()
    check.finish(judgement)
