"""Until when did we listen to pings? No heartbeat is late for a time in which nobody listened.

The web server that takes the pings says once a second that it listens (``say_listening``). When there was a
gap, it first forgives the heartbeats that were due in the gap. The job that finds late heartbeats believes
only what was listened to (``heard_until``). So after a restart it does not matter which of the two runs
first. Where no web server of ours runs (Lambda's API has no loop; another WSGI server has none of ours), the
schedule's clock says it.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connections

from core.clock import read_clock
from core.connections import AWAY, drop_connections
from monitors import heartbeats
from pipeline.health import vitals
from pipeline.models import Cursor

logger = logging.getLogger(__name__)

PINGS, SCHEDULE = "pings", "checks"
WEB, CLOCK = "web", "clock"
"""Who says that we listen. Once a web server has said it, the clock's word does not count any more."""
EVERY = timedelta(seconds=1)
FROZEN_AFTER = timedelta(seconds=5)
"""A loop that runs once a second and was not seen for so long stood still, or its clock jumped."""
CLOCK_GOOD_FOR = timedelta(seconds=10)
"""How long the word of the schedule's clock holds; it comes twice a second."""
CLOCKS_AGREE_WITHIN = timedelta(seconds=60)
STOP_WAIT_S = 2.0
STUCK_AFTER_S = 60.0


def heard_until(*, now: datetime) -> datetime:
    """The moment until which a missing ping counts: now, while the last word holds; else the moment of that
    word."""
    word = _last_word()
    if word is None or now <= word.good_until:
        return now
    return min(now, word.said_at)


def say_listening(
    *,
    now: datetime,
    by: str = WEB,
    tolerance: timedelta = FROZEN_AFTER,
    good_for: timedelta = timedelta(),
) -> None:
    """Write down that we listen, now and for ``good_for``. When the last word is older than ``tolerance``,
    first forgive the heartbeats that were due in the gap. When the last word lies in the future, plan again
    the deadlines that were planned by that clock.

    Safe to run twice and at once: all who find the same gap forgive the same heartbeats.
    """
    word = _last_word()
    if word is not None and now - word.said_at > tolerance:
        count = heartbeats.forgive(away_from=word.said_at, away_until=now)
        logger.warning("did not listen to pings from=%s to=%s forgiven=%d", word.said_at, now, count)
    elif word is not None and word.said_at - now > CLOCKS_AGREE_WITHIN:
        count = heartbeats.set_back(now=now)
        logger.warning("the clock was set back from=%s to=%s deadlines=%d", word.said_at, now, count)
        Cursor.objects.filter(pk=PINGS).update(sent_until=now)
    _say(now=now, by=by, good_for=good_for)


def say_listening_by_clock(*, now: datetime, good_for: timedelta = CLOCK_GOOD_FOR) -> None:
    """``say_listening`` by the schedule's clock. Does nothing when a web server of ours said the last
    word."""
    word = _last_word()
    if word is None or word.by != WEB:
        say_listening(now=now, by=CLOCK, tolerance=good_for, good_for=good_for)


class _Word(NamedTuple):
    said_at: datetime
    good_until: datetime
    by: str


def _last_word() -> _Word | None:
    """The last word. Before the first one (the first start after an update), the schedule's last round stands
    for it; None when there is none."""
    cursors = Cursor.objects.in_bulk([PINGS, SCHEDULE])
    if said := cursors.get(PINGS):
        return _Word(said.sent_until, said.lease_until, said.lease_owner)
    if scheduled := cursors.get(SCHEDULE):
        return _Word(scheduled.moved_at, scheduled.moved_at + CLOCK_GOOD_FOR, CLOCK)
    return None


def _say(*, now: datetime, by: str, good_for: timedelta) -> None:
    """Write the word down. It never moves back, because another web server's clock may be slightly ahead."""
    word = {"sent_until": now, "lease_until": now + good_for, "moved_at": now, "lease_owner": by}
    if not Cursor.objects.filter(pk=PINGS, sent_until__lte=now).update(**word):
        Cursor.objects.get_or_create(pk=PINGS, defaults=word)


class Listener:
    """A thread beside the web server that says once a second that we listen.

    These count as a gap: the time before the start, a process that stood still, a clock that jumped, and a
    database that refused this write or took five seconds for it, for then it refused pings as well.

    ``alone``: no other web server listens on this database, so even the shortest pause is a gap.
    """

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._seen_at: datetime | None = None
        self._loop = vitals.Loop("listener", STUCK_AFTER_S)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(STOP_WAIT_S)

    def _listen(self) -> None:
        self._loop = vitals.open_loop("listener", limit_s=STUCK_AFTER_S)
        while not self._stopping.is_set():
            self.say()
            self._stopping.wait(EVERY.total_seconds())
        vitals.close_loop(self._loop)
        connections.close_all()

    def say(self, *, clock: Callable[[], datetime] = read_clock) -> None:
        """One round. After an unbroken second, only write the word; after a gap, call ``say_listening``,
        which forgives."""
        now, seen_at = clock(), self._seen_at
        unbroken = seen_at is not None and abs(now - seen_at) <= FROZEN_AFTER
        self._loop.begin()
        try:
            if unbroken:
                _say(now=now, by=WEB, good_for=timedelta())
            else:
                say_listening(now=now, tolerance=timedelta() if self._alone else FROZEN_AFTER)
        except AWAY as error:
            self._seen_at = None
            self._loop.fail(error)
            logger.warning("pings are not heard, the database does not answer: %s", error)
            drop_connections()
        else:
            self._seen_at = now
            self._loop.succeed()
