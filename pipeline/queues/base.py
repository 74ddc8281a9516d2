"""What every engine's queues have in common, and which queue leads where. Imports nothing of ours: the edge
has no Django."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pkgutil import resolve_name
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Route:
    """Messages of ``queue`` are handled by ``stage`` on the plane ``edge`` or ``core``; what an edge's stage
    finds goes to the queue ``answers``."""

    queue: str
    stage: str
    plane: str
    run: str
    answers: str = ""

    def load(self) -> Callable[..., Any]:
        """The stage's function. Its code is imported when first used."""
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
"""By queue, in the order in which they end. A stage is ``(bodies, …) -> indexes of messages that failed``."""


class Parcel(NamedTuple):
    """One message to send: due in ``delay_s``, and for ``checks`` the region whose edge is to take it.

    ``share`` names the team whose work alone it is, which may take long: of those who handle messages, a
    third at most is busy with one share. Empty: nobody's alone.
    """

    body: bytes
    delay_s: float = 0.0
    region: str = ""
    share: str = ""


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


class Sender:
    """An engine's queues, as the stages and the operator's commands see them. This one has none: no engine
    runs in this process (a command, a test), and nobody would take a message.

    Each method raises ``QueuesAway`` when the queues cannot be reached.
    """

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        """Queue ``body`` on one of the four queues, to be taken in ``delay_s`` seconds at the earliest.
        Without an engine it is dropped: the monitor's next slot comes from the scheduler, wherever that
        runs."""

    def send_all(self, queue: str, parcels: Sequence[Parcel]) -> None:
        """Queue all of them, in as few calls as the engine can. Raises when some could not be queued; the
        others then may have been."""
        for parcel in parcels:
            self.send(queue, parcel.body, delay_s=parcel.delay_s)

    def free(self, queue: str) -> int:
        """How many messages the queue still takes now."""
        return 0

    def figures(self) -> dict[str, dict[str, int]]:
        """By queue: messages ``waiting``, and ``dead_letters`` given up."""
        return {}

    def workers(self) -> dict[str, list[str]] | None:
        """By name, the planes of the workers that answer now; None where there are none to ask."""
        return None

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """The messages given up, oldest first, ``limit`` at most. They stay where they are."""
        return []

    def redrive(self, letter_id: str) -> bool:
        """Send a dead letter to its queue again, as if it had never failed; False: there is none of this
        id."""
        return False

    def drop(self, letter_id: str) -> bool:
        """Forget a dead letter for good; False: there is none of this id."""
        return False

    def redrive_all(self) -> int:
        """Send again every dead letter that can be, in one pass however many there are; how many."""
        return 0

    def drop_all(self) -> int:
        """Forget every dead letter, in one pass; how many."""
        return 0
