"""One attempt to deliver: what it may reach, how long it may take, what came back."""

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
"""From the first byte to the last, redirects included."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind makes of what came back; ``delivery.send`` makes the receipt of it."""

    outcome: Outcome
    answer: str = ""
    status: int | None = None
    retry_after_s: float | None = None
    ours: bool = False
    printed: bool = False
    left_out: str = ""


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver said over HTTP. ``text`` is the beginning of the body; headers by their small
    names."""

    status: int
    headers: dict[str, str] = {}
    text: str = ""


class AttemptTimedOut(OSError):
    """The attempt is over; what still runs of it may open no connection any more."""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """How letters leave: ``url`` is EMAIL_URL, and may hold a password."""

    url: str = "consolemail://"
    sender: str = "SentryPulse <sentrypulse@localhost>"

    def __repr__(self) -> str:
        return f"Post(…, sender={self.sender!r})"


class Attempt:
    """Lives in one thread; only ``expire`` is called from another one.

    ``secrets`` are texts that must appear in no answer. ``answers`` and ``faults`` are filled where requests
    leave through a library that hides them (``delivery.requests_patch``).
    """

    def __init__(self, *, guard: Guard, post: Post, key: str = "", deadline_s: float = DEADLINE_S) -> None:
        self.guard, self.post, self.key = guard, post, key
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
        """Time runs from now. What was before, such as importing a library, is not the receiver's."""
        self.started = time.monotonic()
        self._ends = self.started + self.deadline_s

    @property
    def left_s(self) -> float:
        """Seconds that are left; raises ``AttemptTimedOut`` when none are."""
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
        """What is reached within is the operator's choice (his mail server): any address will do."""
        self.guarded = False
        try:
            yield
        finally:
            self.guarded = True

    def permit(self, address: str) -> None:
        """Raise ``BlockedAddress`` for an address that must not be reached, ``AttemptTimedOut`` when time is
        over."""
        _ = self.left_s
        if self.guarded:
            try:
                self.guard.check(address)
            except BlockedAddress as blocked:
                self.blocked = blocked
                raise

    def hold(self, connecting: socket.socket) -> None:
        """Keep a hand on the connection, whoever owns it and whatever he wraps it in."""
        with self._lock:
            if self.expired:
                raise AttemptTimedOut("The time for this delivery is over.")
            self._held.append(os.dup(connecting.fileno()))

    def expire(self) -> None:
        """Time is up: every connection is shut down, so that whoever waits for it wakes."""
        with self._lock:
            self.expired = True
            for held in self._held:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(held)) as connection:
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            for held in self._held:
                os.close(held)
            self._held.clear()


class SendOnce(Protocol):
    """What a kind's module offers as ``send``.

    A receiver's fault may be raised (``OSError``, errors of httpx and requests): ``delivery.send`` makes a
    verdict of it.
    """

    def __call__(self, delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict: ...
