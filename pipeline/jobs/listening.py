"""Until when did we listen to pings? Nobody is late for a time in which we did not.

Whoever serves the pings says so again and again (``note``), and forgives first what fell into a gap. The job
that finds late heartbeats believes nobody late after the last word (``heard_until``). So it does not matter
which of the two comes first after a restart. Where no web server of ours says anything (Lambda's API has no
loop, another WSGI server has none of ours), the clock of the schedule does.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connections

from monitors import heartbeats
from pipeline.health import vitals
from pipeline.models import Cursor

logger = logging.getLogger(__name__)

PINGS, SCHEDULE = "pings", "checks"
WEB, CLOCK = "web", "clock"
"""Who has the say. A web server that has spoken once is waited for from then on."""
EVERY = timedelta(seconds=1)
FROZEN_AFTER = timedelta(seconds=5)
"""A loop of one second that was not seen for so long stood still, or its clock jumped."""
CLOCK_GOOD_FOR = timedelta(seconds=10)
"""What the schedule's clock says, twice a second, holds for so long."""
CLOCKS_AGREE_WITHIN = timedelta(seconds=60)
STOP_WAIT_S = 2.0
STUCK_AFTER_S = 60.0


def read_clock() -> datetime:
    return datetime.now(UTC)


def heard_until(*, now: datetime) -> datetime:
    """Until when silence counts: now, while the last word holds; else when it was spoken."""
    word = _last_word()
    if word is None or now <= word.good_until:
        return now
    return min(now, word.said_at)


def note(
    *,
    now: datetime,
    by: str = WEB,
    tolerance: timedelta = FROZEN_AFTER,
    good_for: timedelta = timedelta(),
) -> None:
    """We listen, now and for ``good_for``. When the last word is older than ``tolerance``, what fell into the
    gap is forgiven first; when it is from the future, what was planned by that clock is planned again.

    Safe to run twice and at once: whoever else finds the same gap forgives the same.
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


def note_by_clock(*, now: datetime, good_for: timedelta = CLOCK_GOOD_FOR) -> None:
    """The same by the schedule's clock, unless a web server of ours has the say."""
    word = _last_word()
    if word is None or word.by != WEB:
        note(now=now, by=CLOCK, tolerance=good_for, good_for=good_for)


class _Word(NamedTuple):
    said_at: datetime
    good_until: datetime
    by: str


def _last_word() -> _Word | None:
    """Before anybody has spoken (the first start after an update) the schedule's last round tells."""
    cursors = Cursor.objects.in_bulk([PINGS, SCHEDULE])
    if said := cursors.get(PINGS):
        return _Word(said.sent_until, said.lease_until, said.lease_owner)
    if scheduled := cursors.get(SCHEDULE):
        return _Word(scheduled.moved_at, scheduled.moved_at + CLOCK_GOOD_FOR, CLOCK)
    return None


def _say(*, now: datetime, by: str, good_for: timedelta) -> None:
    """Never less than was said: another web server's clock may be a little ahead."""
    word = {"sent_until": now, "lease_until": now + good_for, "moved_at": now, "lease_owner": by}
    if not Cursor.objects.filter(pk=PINGS, sent_until__lte=now).update(**word):
        Cursor.objects.get_or_create(pk=PINGS, defaults=word)


class Listener:
    """A thread beside the web server that says, once a second, that we listen.

    An absence is: the time before the start, a process that stood still, a clock that jumped, and a database
    that refused to write this down, or took five seconds for it, for then it refused the pings as well.

    ``alone``: no other web server listens on this database, so that the shortest pause was one.
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
        """One round: unbroken since the last one, or not?"""
        now, seen_at = clock(), self._seen_at
        unbroken = seen_at is not None and abs(now - seen_at) <= FROZEN_AFTER
        self._loop.begin()
        try:
            if unbroken:
                _say(now=now, by=WEB, good_for=timedelta())
            else:
                note(now=now, tolerance=timedelta() if self._alone else FROZEN_AFTER)
        except (OperationalError, InterfaceError) as error:
            self._seen_at = None
            self._loop.fail(error)
            logger.warning("pings are not heard, the database does not answer: %s", error)
            for connection in connections.all(initialized_only=True):
                connection.close()
        else:
            self._seen_at = now
            self._loop.succeed()
