"""From a stage's name to its code and its queue. The code is imported when first used: the edge has no
Django."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol, runtime_checkable

STAGES = {
    "schedule": "pipeline.stages.schedule:schedule",
    "probe": "pipeline.stages.probe:probe",
    "record": "pipeline.stages.record:record_messages",
}


class Parcel(NamedTuple):
    """One message to send: due in ``delay_s``, and for ``checks`` the region whose edge is to take it."""

    body: bytes
    delay_s: float = 0.0
    region: str = ""


class Sender(Protocol):
    """An engine's queues, as the stages see them."""

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        """Queue ``body`` on ``checks`` or ``results``, to be taken in ``delay_s`` seconds at the earliest."""

    def free(self, queue: str) -> int:
        """How many messages the queue still takes now."""

    def figures(self) -> dict[str, dict[str, int]]:
        """By queue: messages ``waiting``, and ``dead_letters`` given up."""


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


_sender: Sender = _NoEngine()


def use_sender(sender: Sender | None) -> None:
    """Called by an entry point when its queues are ready, and with None when they are gone."""
    global _sender  # one engine a process
    _sender = sender or _NoEngine()


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


def load_stage(name: str) -> Callable[..., Any]:
    """The stage's function; ``KeyError`` for a name that is none."""
    module, _, function = STAGES[name].partition(":")
    stage: Callable[..., Any] = getattr(import_module(module), function)
    return stage
