"""The queues of this process, whichever engine's they are: stages and commands send through here."""

from collections.abc import Sequence
from pkgutil import resolve_name

from pipeline.queues.base import Parcel, Sender

ENGINE_SENDERS = {
    "celery": "pipeline.celery.sender:make_sender",
    "serverless": "pipeline.queues.sqs:make_sender",
}
"""Engines whose queues every process can reach, the web server's and a command's too: what makes the sender.
The embedded engine's are in its own process only."""

_sender = Sender()


def use_sender(sender: Sender | None) -> None:
    """Called by an entry point when its queues are ready, and with None when they are gone."""
    global _sender  # one engine a process
    _sender = sender or Sender()


def use_engine(engine: str) -> None:
    """Connect this process to the queues of ``engine``, where they can be reached from any process. Nothing
    is opened before the first message."""
    if engine in ENGINE_SENDERS:
        use_sender(resolve_name(ENGINE_SENDERS[engine])())


def queues() -> Sender:
    return _sender


def send(queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
    _sender.send(queue, body, delay_s=delay_s)


def send_all(queue: str, parcels: Sequence[Parcel]) -> None:
    _sender.send_all(queue, parcels)
