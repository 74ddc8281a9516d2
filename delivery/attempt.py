"""One attempt to deliver: which addresses it may reach, how long it may take, and what came back."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from delivery.message import DeliveryMessage, Outcome
from probes.guard import BlockedAddress, Guard

DEADLINE_S = 10.0
"""Seconds that an attempt may take, from its first connection to the last byte, redirects included."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt, as the kind judges the answer. ``delivery.send`` writes the receipt from it;
    the fields are those of ``Receipt``."""

    outcome: Outcome
    answer: str = ""
    status: int | None = None
    retry_after_s: float | None = None
    ours: bool = False
    printed: bool = False
    left_out: str = ""


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver answered over HTTP. ``text`` is the beginning of the body; names of headers are in
    lower case."""

    status: int
    headers: dict[str, str] = {}
    text: str = ""


class AttemptTimedOut(OSError):
    """The attempt's time is over: it may open no further connection."""


class Mailer(msgspec.Struct, frozen=True, kw_only=True):
    """How e-mails leave: ``url`` is EMAIL_URL and may hold a password; ``sender`` is the address in From."""

    url: str = "consolemail://"
    sender: str = "SentryPulse <sentrypulse@localhost>"

    def __repr__(self) -> str:
        return f"Mailer(…, sender={self.sender!r})"


class Attempt:
    """One attempt, used by one thread; only ``expire`` is called from another one.

    ``secrets`` are texts that no answer may show. ``answers`` and ``faults`` are filled where a library sends
    the requests and hides them (``delivery.requests_patch``).
    """

    def __init__(
        self, *, guard: Guard, mailer: Mailer, key: str = "", deadline_s: float = DEADLINE_S
    ) -> None:
        self.guard, self.mailer, self.key = guard, mailer, key
        self.guarded = True
        self.blocked: BlockedAddress | None = None
        self.expired = False
        self.secrets: set[str] = set()
        self.answers: list[HttpAnswer] = []
        self.faults: list[BaseException] = []
        self.deadline_s = deadline_s
        self.begin()
        self._lock = threading.Lock()
        self._held: list[int] = []

    def begin(self) -> None:
        """Start the time. What took time before, such as importing a library, does not count."""
        self.started = time.monotonic()
        self._ends = self.started + self.deadline_s

    @property
    def left_s(self) -> float:
        """Seconds that are left. Raises ``AttemptTimedOut`` when none are."""
        left = self._ends - time.monotonic()
        if left <= 0 or self.expired:
            raise AttemptTimedOut("The time for this delivery is over.")
        return left

    @property
    def took_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    def read_clock(self) -> datetime:
        return datetime.now(UTC)

    @contextlib.contextmanager
    def operators_own(self) -> Iterator[None]:
        """Allow any address within the block: the operator chose it (the mail server)."""
        self.guarded = False
        try:
            yield
        finally:
            self.guarded = True

    def permit(self, address: str) -> None:
        """Raises ``BlockedAddress`` for an address that must not be reached, and ``AttemptTimedOut`` when the
        time is over."""
        _ = self.left_s
        if self.guarded:
            try:
                self.guard.check(address)
            except BlockedAddress as blocked:
                self.blocked = blocked
                raise

    def hold(self, connecting: socket.socket) -> None:
        """Keep a duplicate of the socket, so that ``expire`` can shut the connection down, even if a library
        wraps it. Raises ``AttemptTimedOut`` when the time is over."""
        with self._lock:
            if self.expired:
                raise AttemptTimedOut("The time for this delivery is over.")
            self._held.append(os.dup(connecting.fileno()))

    def expire(self) -> None:
        """Time is up: shut every connection down, so that a thread that waits for one wakes."""
        with self._lock:
            self.expired = True
            for held in self._held:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(held)) as connection:
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the duplicates that ``hold`` made."""
        with self._lock:
            for held in self._held:
                os.close(held)
            self._held.clear()


class SendOnce(Protocol):
    """The ``send`` of a kind's file.

    It may raise a receiver's fault (``OSError``, errors of httpx and requests): ``delivery.send`` makes a
    verdict of it.
    """

    def __call__(self, delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict: ...
