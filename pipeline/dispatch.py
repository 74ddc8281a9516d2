"""The queues of this process, whatever the engine. Stages and commands send messages through this module."""

from collections.abc import Sequence
from pkgutil import resolve_name

from core.engine import Engine
from pipeline.queues.base import Parcel, Sender

ENGINE_SENDERS: dict[str, str] = {
    Engine.CELERY: "pipeline.celery.app:make_sender",
    Engine.SERVERLESS: "pipeline.queues.sqs:make_sender",
}
"""By engine, the function that makes its sender. Only engines whose queues every process can reach (the web
server's and a command's, too). The embedded engine's queues exist only in its own process."""

_sender = Sender()


def use_sender(sender: Sender | None) -> None:
    """Set the sender of this process; None takes it away. An entry point calls this when its queues are
    ready, and with None at its stop."""
    global _sender  # one engine a process
    _sender = sender or Sender()


def use_engine(engine: str) -> None:
    """Connect this process to the queues of ``engine``, if any process can reach them. No connection is
    opened before the first message."""
    if engine in ENGINE_SENDERS:
        use_sender(resolve_name(ENGINE_SENDERS[engine])())


def queues() -> Sender:
    return _sender


def send_body(queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
    _sender.send(queue, body, delay_s=delay_s)


def send_all(queue: str, parcels: Sequence[Parcel]) -> None:
    _sender.send_all(queue, parcels)
