"""What the queues of all engines have in common, and which queue leads to which stage. Imports no other
module of ours, because the edge has no Django."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pkgutil import resolve_name
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Route:
    """Messages of ``queue`` are handled by ``stage`` on the plane ``edge`` or ``core``; ``run`` names the
    stage's function. A stage of the edge sends what it found to the queue ``answers``."""

    queue: str
    stage: str
    plane: str
    run: str
    answers: str = ""

    def load(self) -> Callable[..., Any]:
        """The stage's function. Its module is imported at the first call."""
        stage: Callable[..., Any] = resolve_name(self.run)
        return stage


ROUTES = {
    route.queue: route
    for route in (
        Route("checks", "probe", "edge", "pipeline.stages.probe:probe", answers="results"),
        Route("results", "record", "core", "pipeline.stages.record:record_messages"),
        Route("deliveries", "deliver", "edge", "pipeline.stages.deliver:deliver", answers="receipts"),
        Route("receipts", "settle", "core", "pipeline.stages.settle:settle"),
    )
}
"""By queue, in the order in which a stop ends them. A stage is a function ``(bodies, …)`` that returns
``Failed``."""
Failed = dict[int, str]
"""The messages that failed: by the index of each, why, in one sentence for operators."""


def describe_bug(bug: Exception) -> str:
    """Why a message failed whose stage raised ``bug``."""
    return f"{type(bug).__name__}: {bug}"[:500]


class Parcel(NamedTuple):
    """One message to send, due in ``delay_s`` seconds. ``region``: of ``checks``, the region whose edge must
    take it.

    ``share`` names a team when the message holds only that team's work, which may take long: at most a third
    of those that handle messages is busy with one share. Empty: the work of several teams.
    """

    body: bytes
    delay_s: float = 0.0
    region: str = ""
    share: str = ""


class QueuesAway(Exception):
    """The broker or queue service does not answer; its text is one sentence for an operator."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up. ``id`` names it for ``redrive`` and ``drop``; ``queue`` is where it came
    from. ``body`` may hold a monitor's secrets, so no repr shows it."""

    id: str
    queue: str
    body: bytes = field(repr=False)
    error: str = ""
    failures: int = 0
    died_at: datetime | None = None


class Sender:
    """An engine's queues, as the stages and the operator's commands see them. This base class has no queues:
    it is for a process without an engine (a command, a test).

    Each method raises ``QueuesAway`` when the queues cannot be reached.
    """

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        """Queue ``body`` on one of the four queues, to be taken in ``delay_s`` seconds at the earliest.
        Without an engine the message is dropped: the scheduler, wherever it runs, sends the monitor's next
        slot."""

    def send_all(self, queue: str, parcels: Sequence[Parcel]) -> None:
        """Queue all parcels, in as few calls as the engine can. When this raises, some of them may have been
        queued."""
        for parcel in parcels:
            self.send(queue, parcel.body, delay_s=parcel.delay_s)

    def free(self, queue: str) -> int:
        """How many messages the queue still takes now."""
        return 0

    def figures(self) -> dict[str, dict[str, int]]:
        """By queue, the number of messages ``waiting`` and of ``dead_letters``."""
        return {}

    def workers(self) -> dict[str, list[str]] | None:
        """The planes of each worker that answers now, by the worker's name. None where there are no workers
        to ask."""
        return None

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """At most ``limit`` dead letters, oldest first. They stay where they are."""
        return []

    def redrive(self, letter_id: str) -> bool:
        """Put a dead letter back on its queue, as if it had never failed. False: none has this id, or it
        cannot be sent again."""
        return False

    def drop(self, letter_id: str) -> bool:
        """Delete a dead letter for good. False: none has this id."""
        return False

    def redrive_all(self) -> int:
        """Redrive every dead letter that can be sent again, in one pass. Returns how many."""
        return 0

    def drop_all(self) -> int:
        """Delete every dead letter, in one pass. Returns how many."""
        return 0
