"""From a stage's name to its code and its queue. The code is imported when first used: the edge has no
Django."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, NamedTuple, Protocol, runtime_checkable

STAGES = {
    "schedule": "pipeline.stages.schedule:schedule",
    "probe": "pipeline.stages.probe:probe",
    "record": "pipeline.stages.record:record_messages",
    "deliver": "pipeline.stages.deliver:deliver",
    "settle": "pipeline.stages.settle:settle",
}


ENGINE_SENDERS = {
    "celery": "pipeline.queues.celery:make_sender",
    "serverless": "pipeline.queues.sqs:make_sender",
}
"""Engines whose queues every process can reach, the web server's and a command's too: what makes the sender.
The embedded engine's are in its own process only."""


class Parcel(NamedTuple):
    """One message to send: due in ``delay_s``, and for ``checks`` the region whose edge is to take it."""

    body: bytes
    delay_s: float = 0.0
    region: str = ""


class QueuesAway(Exception):
    """The broker or queue service does not answer; its text is one sentence for an operator."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up. ``id`` names it to ``redrive`` and ``drop``, ``queue`` is where it came
    from. ``body`` may hold a monitor's secrets, so it is in no repr."""

    id: str
    queue: str
    body: bytes = field(repr=False)
    error: str = ""
    failures: int = 0
    died_at: datetime | None = None


class Sender(Protocol):
    """An engine's queues, as the stages and the operator's commands see them.

    Each method raises ``QueuesAway`` when the queues cannot be reached.
    """

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        """Queue ``body`` on one of the four queues, to be taken in ``delay_s`` seconds at the earliest."""

    def free(self, queue: str) -> int:
        """How many messages the queue still takes now."""

    def figures(self) -> dict[str, dict[str, int]]:
        """By queue: messages ``waiting``, and ``dead_letters`` given up."""

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """The messages given up, oldest first, ``limit`` at most. They stay where they are."""

    def redrive(self, letter_id: str) -> bool:
        """Send a dead letter to its queue again, as if it had never failed; False: there is none of this
        id."""

    def drop(self, letter_id: str) -> bool:
        """Forget a dead letter for good; False: there is none of this id."""

    def redrive_all(self) -> int:
        """Send again every dead letter that can be, in one pass however many there are; how many."""

    def drop_all(self) -> int:
        """Forget every dead letter, in one pass; how many."""


@runtime_checkable
class SendsParcels(Protocol):
    """A sender that takes many messages a call, and has a queue a region."""

    def send_all(self, queue: str, parcels: Sequence[Parcel]) -> None:
        """Queue all of them; raises when some could not be queued, the others then may have been."""


class _NoEngine:
    """No engine runs in this process (a management command, a test): nobody would take the message."""

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        """Drop it. The monitor's next slot comes from the scheduler, wherever that runs."""

    def free(self, queue: str) -> int:
        return 0

    def figures(self) -> dict[str, dict[str, int]]:
        return {}

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        return []

    def redrive(self, letter_id: str) -> bool:
        return False

    def drop(self, letter_id: str) -> bool:
        return False

    def redrive_all(self) -> int:
        return 0

    def drop_all(self) -> int:
        return 0


_sender: Sender = _NoEngine()


def use_sender(sender: Sender | None) -> None:
    """Called by an entry point when its queues are ready, and with None when they are gone."""
    global _sender  # one engine a process
    _sender = sender or _NoEngine()


def use_engine(engine: str) -> None:
    """Connect this process to the queues of ``engine``, where they can be reached from any process. Nothing
    is opened before the first message."""
    if engine in ENGINE_SENDERS:
        use_sender(_load(ENGINE_SENDERS[engine])())


def send(queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
    _sender.send(queue, body, delay_s=delay_s)


def send_all(queue: str, parcels: Sequence[Parcel]) -> None:
    """Queue all of them, in as few calls as the engine can."""
    if isinstance(_sender, SendsParcels):
        _sender.send_all(queue, parcels)
        return
    for parcel in parcels:
        _sender.send(queue, parcel.body, delay_s=parcel.delay_s)


def free(queue: str) -> int:
    return _sender.free(queue)


def queue_figures() -> dict[str, dict[str, int]]:
    return _sender.figures()


def dead_letters(*, limit: int = 100) -> list[DeadLetter]:
    return _sender.dead_letters(limit=limit)


def redrive(letter_id: str) -> bool:
    return _sender.redrive(letter_id)


def drop(letter_id: str) -> bool:
    return _sender.drop(letter_id)


def redrive_all() -> int:
    return _sender.redrive_all()


def drop_all() -> int:
    return _sender.drop_all()


def load_stage(name: str) -> Callable[..., Any]:
    """The stage's function; ``KeyError`` for a name that is none."""
    return _load(STAGES[name])


def _load(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
