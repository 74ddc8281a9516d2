"""Which check runs next? Bounded in total and for each host, and fair between teams, callers and hosts."""

import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

REMEMBERED_S = 60.0


class Waiting(Protocol):
    """An item that waits for a place. It belongs to a ``team``, an ``owner`` asked for it, and it loads a
    ``host``. ``slow``: it is expected to take long."""

    team: int
    owner: Hashable
    host: str

    @property
    def slow(self) -> bool: ...


Item = TypeVar("Item", bound=Waiting)
Lines = dict[str, deque[Item]]


class FairQueue(Generic[Item]):
    """The items that wait and those that run. Not thread-safe: its owner holds a lock.

    The teams take turns; within a team its owners do, and within an owner the hosts. So a single check that a
    person asks for does not wait behind a thousand checks of the timetable, and a slow host delays only its
    own checks. While other teams wait, one team has at most a third of all places and of each host's places.
    When no other team waits, but others were here within the last minutes (or with ``expects_others``), it
    has at most two thirds. Otherwise it may have all places. Slow items have at most two thirds of all places
    and of each host's, however many teams they belong to: anybody can have several teams, and must not fill
    every place with them.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        per_host: int | None = None,
        expects_others: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._concurrency = concurrency
        self._per_host = per_host or concurrency
        self._expects_others = expects_others
        self._clock = clock
        self._seen: set[int] = set()
        self._seen_before: set[int] = set()
        self._seen_since = clock()
        self._waiting: dict[int, dict[Hashable, Lines[Item]]] = {}
        self._wanted: dict[str, Counter[int]] = {}  # by host, how much of each team waits for it
        self._running: set[Item] = set()
        self._busy: Counter[int] = Counter()
        self._busy_slow = 0
        self._busy_host: Counter[str] = Counter()
        self._slow_host: Counter[str] = Counter()
        self._busy_there: Counter[tuple[int, str]] = Counter()

    def add(self, item: Item) -> None:
        """Let ``item`` wait in the line of its team, owner and host."""
        self._see(item.team)
        lines = self._waiting.setdefault(item.team, {}).setdefault(item.owner, {})
        lines.setdefault(item.host, deque()).append(item)
        self._wanted.setdefault(item.host, Counter())[item.team] += 1

    def take(self) -> Item | None:
        """Take the next item that may run now; None when there is none. It counts as running until
        ``release``."""
        if not self._waiting or len(self._running) >= self._concurrency:
            return None
        most = self._bound(self._concurrency, others_wait=len(self._waiting) > 1)
        for team, owners in self._waiting.items():
            if self._busy[team] >= most:
                continue
            for owner, lines in owners.items():
                for host, line in lines.items():
                    if self._has_room(team, host) and self._may_be_slow(line[0], host):
                        return self._start(team, owner, host)
        return None

    def _may_be_slow(self, item: Item, host: str) -> bool:
        return not item.slow or (
            self._busy_slow < rest_of(self._concurrency) and self._slow_host[host] < rest_of(self._per_host)
        )

    def _has_room(self, team: int, host: str) -> bool:
        if self._busy_host[host] >= self._per_host:
            return False
        most = self._bound(self._per_host, others_wait=len(self._wanted[host]) > 1)
        return self._busy_there[team, host] < most

    def _bound(self, places: int, *, others_wait: bool) -> int:
        """How many of ``places`` one team may have now."""
        if others_wait:
            return share_of(places)
        if self._expects_others or len(self._seen) > 1 or len(self._seen_before) > 1:
            return rest_of(places)
        return places

    def _see(self, team: int) -> None:
        """Note that the team was here in this minute; the teams of the last minute are remembered as well."""
        now = self._clock()
        if (passed_s := now - self._seen_since) >= REMEMBERED_S:
            self._seen_before = self._seen if passed_s < 2 * REMEMBERED_S else set()
            self._seen, self._seen_since = set(), now
        self._seen.add(team)

    def _start(self, team: int, owner: Hashable, host: str) -> Item:
        """Take the first item of this line. The line, its owner and its team then move to the end."""
        owners = self._waiting.pop(team)
        lines = owners.pop(owner)
        line = lines.pop(host)
        item = line.popleft()
        if line:
            lines[host] = line
        if lines:
            owners[owner] = lines
        if owners:
            self._waiting[team] = owners
        self._want_less(item)
        self._running.add(item)
        self._busy[team] += 1
        self._busy_slow += item.slow
        self._busy_host[host] += 1
        if item.slow:
            self._slow_host[host] += 1
        self._busy_there[team, host] += 1
        return item

    def _want_less(self, item: Item) -> None:
        wanted = self._wanted[item.host]
        _count_less(wanted, item.team)
        if not wanted:
            del self._wanted[item.host]

    def release(self, item: Item) -> None:
        """Free the item's place. A second call does nothing."""
        if item not in self._running:
            return
        self._running.remove(item)
        _count_less(self._busy, item.team)
        self._busy_slow -= item.slow
        _count_less(self._busy_host, item.host)
        if item.slow:
            _count_less(self._slow_host, item.host)
        _count_less(self._busy_there, (item.team, item.host))

    def drop(self, owner: Hashable) -> list[Item]:
        """Forget the items of ``owner`` that wait, and free the places of those that run. Returns those that
        ran."""
        self.drop_waiting(owner)
        running = [item for item in self._running if item.owner is owner]
        for item in running:
            self.release(item)
        return running

    def drop_waiting(self, owner: Hashable) -> list[Item]:
        """Forget the items of ``owner`` that wait, and return them. Those that run go on."""
        waiting: list[Item] = []
        for team in [team for team, owners in self._waiting.items() if owner in owners]:
            owners = self._waiting[team]
            waiting += [item for line in owners.pop(owner).values() for item in line]
            if not owners:
                del self._waiting[team]
        for item in waiting:
            self._want_less(item)
        return waiting

    def list_running(self) -> list[Item]:
        """The items that have begun and not ended."""
        return list(self._running)

    def list_owners(self) -> set[Hashable]:
        """The owners of all items that wait or run."""
        waiting = {owner for owners in self._waiting.values() for owner in owners}
        return {item.owner for item in self._running} | waiting


Key = TypeVar("Key", bound=Hashable)


def _count_less(counter: Counter[Key], key: Key) -> None:
    """Count one less. A key with nothing left is deleted, so that a counter does not grow for ever."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def share_of(places: int) -> int:
    """A team's share of ``places`` while others wait: a third, and one at least."""
    return max(1, places // 3)


def rest_of(places: int) -> int:
    """What a share leaves of ``places``: two thirds, and one at least."""
    return max(1, places - share_of(places))
