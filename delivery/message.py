"""The message that asks for one delivery, and the receipt that tells what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Tone(StrEnum):
    """The colour that a receiver may give a message."""

    BAD = "bad"
    WARNING = "warning"
    GOOD = "good"
    INFO = "info"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says, in every form that a receiver may want. ``text`` is never empty.

    ``link`` is where to read more. ``data`` is the JSON of a webhook. ``headers`` are headers of an e-mail
    besides the usual ones, such as ``List-Unsubscribe`` (RFC 2369).
    """

    subject: str
    text: str
    html: str = ""
    markdown: str = ""
    link: str = ""
    tone: Tone = Tone.INFO
    data: dict[str, Any] = {}
    headers: dict[str, str] = {}


class DeliveryMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that sending needs: it looks nothing up.

    ``id`` names the outbox that it came from and the row there (``alerts:17``). ``key`` is the same for every
    attempt and goes to receivers as ``Idempotency-Key``. ``config`` is the complete configuration of the
    ``kind``, with secrets in plain text.
    """

    id: str
    attempt: int
    key: str
    kind: str
    config: dict[str, Any]
    content: Content
    team_id: int = 0
    """The team it belongs to, for fair shares; 0 for our own e-mails, and in messages of older versions."""
    from_stranger: bool = False
    """The address was entered by somebody we do not know: it may lead to no private address, even if the
    operator allows teams that."""

    def __repr__(self) -> str:
        """Leave ``config`` out: it can hold secrets, and a repr ends in a log."""
        return f"Delivery({self.id} attempt={self.attempt} kind={self.kind} key={self.key})"


class Outcome(StrEnum):
    """``sent``: the receiver took it. ``retry``: it may take it later. ``refused``: it never will as it is
    (a wrong token, a channel that is gone)."""

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt. ``answer`` is one sentence, or what the receiver said, at most
    ``ANSWER_MAX_CHARS`` long.

    ``status`` is the HTTP or SMTP status, if there was one. ``retry_after_s``: seconds that the receiver
    asked us to wait (RFC 9110, 10.2.3). ``ours``: the fault is ours (our mail server, our account), and says
    nothing about the receiver. ``printed``: it went to our own console, and to nobody. ``left_out``: which of
    several recipients did not get it, and why, in a sentence.
    """

    id: str
    attempt: int
    outcome: Outcome
    at: datetime
    answer: str = ""
    status: int | None = None
    retry_after_s: float | None = None
    took_ms: int = 0
    ours: bool = False
    printed: bool = False
    left_out: str = ""


ANSWER_MAX_CHARS = 500
