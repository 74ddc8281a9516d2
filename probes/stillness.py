"""Did this process stand still (stopped, suspended, its machine asleep or short of CPU)?

A check during such a time is late for reasons of ours, whatever it seems to have found. A thread notes four
times a second that we run. Where nothing was noted for longer, we stood still.
"""

import threading
from time import perf_counter, sleep

TICK_S = 0.25
STILL_S = 2.0
"""Seconds. On a busy machine a thread may wait about as long as that."""


class Stillness:
    """When this process last stood still. Thread-safe; its thread starts with the first ``watch``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ticked_at = perf_counter()
        self._still_from = self._still_until = float("-inf")

    def watch(self) -> None:
        """Watch from now on. Called by each user before it begins something, because a fork does not copy the
        thread."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._ticked_at = perf_counter()
                self._thread = threading.Thread(target=self._run, name="stillness", daemon=True)
                self._thread.start()
        self._tick()

    def stood_still_s(self, *, since: float) -> float:
        """The longest time in seconds for which the process stood still since then (``time.perf_counter()``);
        0: it did not."""
        self._tick()
        return max(0.0, self._still_until - max(since, self._still_from))

    def _run(self) -> None:
        while True:
            sleep(TICK_S)
            self._tick()

    def _tick(self) -> None:
        with self._lock:
            now = perf_counter()
            if now - self._ticked_at > STILL_S:
                self._still_from, self._still_until = self._ticked_at, now
            self._ticked_at = now


our_process = Stillness()
