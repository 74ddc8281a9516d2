"""One attempt to deliver: what the code of a kind is given, and what it answers."""

from collections.abc import Callable

import msgspec

from delivery.message import Delivery, Outcome


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind makes of what came back; ``delivery.send`` makes the receipt of it."""

    outcome: Outcome
    answer: str = ""
    status: int | None = None
    retry_after_s: float | None = None


class Attempt:
    """One attempt: how long it may take."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self.now = now


Sender = Callable[[Delivery, Attempt], Verdict]
