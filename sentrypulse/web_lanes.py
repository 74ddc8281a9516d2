"""Who waits for whom in the web server: pings and health have threads of their own, and never queue behind
anything else."""

from typing import Any

from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error

PING_THREADS, HEALTH_THREADS = 4, 2
MOST_WAITING = 200
"""Requests that may wait for a thread of a lane. More would be answered when nobody waits any more."""


class Busy(Error):  # type: ignore[misc]  # waitress has no types
    """The answer to a request that finds too many before it."""

    code = 503
    reason = "Service Unavailable"

    def __init__(self) -> None:
        super().__init__("Too many requests are waiting; try again in a moment.")

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        status, headers, body = super().to_response(ident)
        return status, [*headers, ("Retry-After", "5")], body


class Lanes:
    """Waitress' task dispatcher, which it has one of: three, and whose turn it is goes by the path."""

    def __init__(self, *, threads: int) -> None:
        self._pings = _start(PING_THREADS)
        self._health = _start(HEALTH_THREADS)
        self._others = _start(threads)

    def add_task(self, channel: Any) -> None:
        """Queue the channel's first request."""
        request = channel.requests[0]
        lane = self._choose(getattr(request, "path", ""))
        if len(lane.queue) >= MOST_WAITING:
            request.error = Busy()
            lane = self._health
        lane.add_task(channel)

    def _choose(self, path: str) -> ThreadedTaskDispatcher:
        if path.startswith("/ping/"):
            return self._pings
        return self._health if path.rstrip("/") in {"/api/v1/health", "/metrics"} else self._others

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        """End the threads; true when what waited was cancelled."""
        ended = [lane.shutdown(cancel_pending, timeout) for lane in (self._others, self._health, self._pings)]
        return any(ended)


def _start(threads: int) -> ThreadedTaskDispatcher:
    lane = ThreadedTaskDispatcher()
    lane.set_thread_count(threads)
    return lane
