"""A pool of threads in which no team's work holds up the others', however long it hangs."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from probes.queue import FairQueue

acting_for: ContextVar[int] = ContextVar("acting_for", default=0)
"""The team that the running code works for. asyncio passes it on to what a coroutine runs in a thread."""


@dataclass(eq=False, slots=True)
class _Work:
    """A call that waits for a thread."""

    team: int
    call: Callable[[], Any]
    future: "Future[Any]"
    owner: Hashable = None
    host: str = ""
    slow: bool = False


class FairThreads(ThreadPoolExecutor):
    """One team gets at most a third of the threads while other teams wait, and two thirds otherwise. Calls
    cannot be interrupted, so some threads stay free for the team that comes next."""

    def __init__(self, threads: int, *, name: str) -> None:
        super().__init__(threads, thread_name_prefix=name)
        self._queue: FairQueue[_Work] = FairQueue(concurrency=threads, expects_others=True)
        self._queue_lock = threading.Lock()
        self._ended = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        return self.submit_for(acting_for.get(), fn, *args, **kwargs)

    def submit_for(self, team: int, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        work = _Work(team, lambda: fn(*args, **kwargs), Future())
        with self._queue_lock:
            if self._ended:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._queue.add(work)
        self._start_waiting()
        return work.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._queue_lock:
            self._ended = True
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _start_waiting(self) -> None:
        while True:
            with self._queue_lock:
                work = None if self._ended else self._queue.take()
            if work is None:
                return
            super().submit(self._run, work)

    def _run(self, work: _Work) -> None:
        try:
            if work.future.set_running_or_notify_cancel():
                try:
                    work.future.set_result(work.call())
                except BaseException as fault:  # noqa: BLE001  # it belongs to who asked
                    work.future.set_exception(fault)
        finally:
            with self._queue_lock:
                self._queue.release(work)
            self._start_waiting()
