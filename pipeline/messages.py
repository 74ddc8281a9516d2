"""The messages' one codec: plain JSON, readable in a dead-letter queue, the same on every engine."""

from collections.abc import Iterator, Sequence

import msgspec

from delivery.message import Delivery, Receipt
from probes.result import CheckResult
from probes.spec import CheckSpec

MAX_BATCH = 100
"""Specs or results a message; keeps one under 200 KB and one edge process busy."""


class Checks(msgspec.Struct, frozen=True, tag="checks.v1"):
    specs: list[CheckSpec]


class Results(msgspec.Struct, frozen=True, tag="results.v1"):
    results: list[CheckResult]


class Deliveries(msgspec.Struct, frozen=True, tag="deliveries.v1"):
    deliveries: list[Delivery]


class Receipts(msgspec.Struct, frozen=True, tag="receipts.v1"):
    receipts: list[Receipt]


class Wake(msgspec.Struct, frozen=True, tag="wake.v1"):
    """Run a job of the timetable now; its time comes by itself as well, only later."""

    job: str


Message = Checks | Results | Deliveries | Receipts | Wake
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


DELIVERIES_A_MESSAGE = 10
"""A letter with its HTML is some ten KB; a message stays under 200."""


def encode(message: Message) -> bytes:
    return msgspec.json.encode(message)


def decode(body: bytes | str) -> Message:
    """The message again. Raises ``msgspec.ValidationError`` for a body that is none of ours."""
    return _decoder.decode(body)


def spec_bodies(specs: Sequence[CheckSpec]) -> Iterator[bytes]:
    """``specs`` as message bodies of at most ``MAX_BATCH`` each."""
    return (
        encode(Checks(list(specs[start : start + MAX_BATCH]))) for start in range(0, len(specs), MAX_BATCH)
    )


def delivery_bodies(deliveries: Sequence[Delivery]) -> Iterator[bytes]:
    """``deliveries`` as message bodies of at most ``DELIVERIES_A_MESSAGE`` each."""
    step = DELIVERIES_A_MESSAGE
    return (
        encode(Deliveries(list(deliveries[start : start + step])))
        for start in range(0, len(deliveries), step)
    )
