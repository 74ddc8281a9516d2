"""Of a worker's processes, a third at most is busy with one team's share, two thirds with all shares."""

import logging
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from pipeline.celery.sender import SHARE
from probes.queue import rest_of, share_of

logger = logging.getLogger(__name__)


class Shares:
    """Stands before the pool. A message beyond its team's share is held here, unacknowledged, and
    ``fetch_more`` lets the worker take another one meanwhile. Celery does the same with messages whose time
    has not come.

    None is held for long: its checks are left out once they are too old.
    """

    def __init__(
        self, run: Callable[[Any], Any], *, processes: int, fetch_more: Callable[[int], Any]
    ) -> None:
        self._run = run
        self._most, self._most_in_all = share_of(processes), rest_of(processes)
        self._fetch_more = fetch_more
        self._running: dict[Any, str] = {}
        self._busy: Counter[str] = Counter()
        self._held: dict[str, deque[Any]] = {}

    def admit(self, request: Any) -> None:
        """Run the request now, or when its share allows."""
        share = str(request.request_dict.get(SHARE) or "")
        if share and not self._has_room(share):
            self._held.setdefault(share, deque()).append(request)
            self._fetch_more(1)
            return
        self._start(request, share)

    def _has_room(self, share: str) -> bool:
        return self._busy[share] < self._most and self._busy.total() < self._most_in_all

    def _start(self, request: Any, share: str) -> None:
        if share:
            self._running[request] = share
            self._busy[share] += 1
            request.on_end = self.release
        self._run(request)

    def release(self, request: Any) -> None:
        """The request has ended, whether it was acknowledged or rejected; a second call does nothing. A held
        request that now has room starts."""
        share = self._running.pop(request, None)
        if share is None:
            return
        self._busy[share] -= 1
        if not self._busy[share]:
            del self._busy[share]
        following = next((held for held in self._held if self._has_room(held)), None)
        if following is not None:
            self._start_held(following)

    def _start_held(self, share: str) -> None:
        """Start the oldest request of this share. The share's next turn comes after the others'."""
        line = self._held.pop(share)
        request = line.popleft()
        if line:
            self._held[share] = line
        self._fetch_more(-1)
        self._start(request, share)

    def forget(self) -> None:
        """Forget all requests, because the connection is lost: the broker gives what was taken to some worker
        again, and requests that end now do not count."""
        held = sum(map(len, self._held.values()))
        if held:
            logger.warning("held messages forgotten count=%d", held)
        self._running.clear()
        self._busy.clear()
        self._held.clear()
