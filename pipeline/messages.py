"""The messages' one codec: plain JSON, readable in a dead-letter queue, the same on every engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from delivery.message import Delivery, Receipt
from pipeline.dispatch import Parcel
from probes.result import CheckResult
from probes.spec import CheckSpec

MAX_BATCH = 100
"""Specs or results a message; keeps one edge process busy."""
MAX_BODY_BYTES = 200_000
"""Of one message: SQS took 256 KiB at most for long, and emulators and other regions' limits follow
slowly."""


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


Item = TypeVar("Item")
Message = Checks | Results | Deliveries | Receipts | Wake
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


LETTERS = "letters:"
"""How the id of a delivery begins that stands in no outbox: nobody but its queue tries it again."""
DELIVERIES_A_MESSAGE = 10
"""A letter with its HTML is some ten KB; a message stays under 200."""


def encode(message: Message) -> bytes:
    return msgspec.json.encode(message)


def decode(body: bytes | str) -> Message:
    """The message again. Raises ``msgspec.ValidationError`` for a body that is none of ours."""
    return _decoder.decode(body)


def spec_bodies(specs: Sequence[CheckSpec]) -> Iterator[bytes]:
    """``specs`` as message bodies of at most ``MAX_BATCH`` each, and of ``MAX_BODY_BYTES`` where the specs
    are large. One spec that alone is larger (no valid configuration is) goes alone."""
    return _split(specs, lambda part: encode(Checks(list(part))))


def pack_specs(specs: Iterable[CheckSpec], *, delay_s: float = 0.0) -> list[Parcel]:
    """``specs`` as messages, each of one region: its edge takes nobody else's."""
    by_region: dict[str, list[CheckSpec]] = {}
    for spec in specs:
        by_region.setdefault(spec.region, []).append(spec)
    return [
        Parcel(body, delay_s, region) for region, theirs in by_region.items() for body in spec_bodies(theirs)
    ]


def result_bodies(results: Sequence[CheckResult]) -> Iterator[bytes]:
    """``results`` as message bodies, bounded in the same way."""
    return _split(results, lambda part: encode(Results(list(part))))


def _split(items: Sequence[Item], encode_part: Callable[[Sequence[Item]], bytes]) -> Iterator[bytes]:
    for start in range(0, len(items), MAX_BATCH):
        yield from _halve(items[start : start + MAX_BATCH], encode_part)


def _halve(items: Sequence[Item], encode_part: Callable[[Sequence[Item]], bytes]) -> Iterator[bytes]:
    body = encode_part(items)
    if len(body) <= MAX_BODY_BYTES or len(items) == 1:
        yield body
        return
    middle = len(items) // 2
    yield from _halve(items[:middle], encode_part)
    yield from _halve(items[middle:], encode_part)


def delivery_bodies(deliveries: Sequence[Delivery]) -> Iterator[bytes]:
    """``deliveries`` as message bodies of at most ``DELIVERIES_A_MESSAGE`` each."""
    step = DELIVERIES_A_MESSAGE
    return (
        encode(Deliveries(list(deliveries[start : start + step])))
        for start in range(0, len(deliveries), step)
    )
