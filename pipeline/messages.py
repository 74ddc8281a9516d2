"""The messages' one codec: plain JSON, readable in a dead-letter queue, the same on every engine."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, TypeVar

import msgspec

from core import telemetry
from delivery.message import DeliveryMessage, Receipt
from pipeline.queues.base import Parcel
from probes.result import CheckResult
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)

MAX_BATCH = 100
"""Specs or results a message; keeps one edge process busy."""
MAX_BODY_BYTES, MAX_ALONE_BYTES = 200_000, 256_000
"""Of one message, and of one that holds a single item: SQS took 256 KiB at most for long, and emulators and
other regions' limits follow slowly."""


class Checks(msgspec.Struct, frozen=True, tag="checks.v1"):
    specs: list[CheckSpec]


class Results(msgspec.Struct, frozen=True, tag="results.v1"):
    results: list[CheckResult]


class Deliveries(msgspec.Struct, frozen=True, tag="deliveries.v1"):
    deliveries: list[DeliveryMessage]


class Receipts(msgspec.Struct, frozen=True, tag="receipts.v1"):
    receipts: list[Receipt]


class Wake(msgspec.Struct, frozen=True, tag="wake.v1"):
    """Run a job of the timetable now; its time comes by itself as well, only later."""

    job: str


Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=msgspec.Struct)
Message = Checks | Results | Deliveries | Receipts | Wake
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


LETTERS = "letters:"
"""How the id of a delivery begins that stands in no outbox: nobody but its queue tries it again."""
DELIVERIES_A_MESSAGE = 10
"""A letter with its HTML is some ten KB; a message stays under 200."""


def encode(message: Message) -> bytes:
    """Raises what it meets in a text that UTF-8 has no spelling for, or in a number that is too large."""
    return msgspec.json.encode(message)


def decode(body: bytes | str) -> Message:
    """The message again. Raises ``msgspec.ValidationError`` for a body that is none of ours."""
    return _decoder.decode(body)


def find_message(body: bytes | str, *kinds: type[Kind]) -> Kind | None:
    """The message, if it is one of ``kinds``."""
    try:
        message = decode(body)
    except msgspec.MsgspecError:
        return None
    return message if isinstance(message, kinds) else None


def read_messages(
    bodies: Sequence[bytes], *kinds: type[Kind], stage: str, accept: Callable[[Any], bool] = bool
) -> tuple[list[tuple[int, Kind]], list[int]]:
    """The messages that are one of ``kinds`` and that the stage does ``accept``, each with its index; and the
    indexes of the others, which are logged."""
    messages: list[tuple[int, Kind]] = []
    refused: list[int] = []
    for index, body in enumerate(bodies):
        message = find_message(body, *kinds)
        if message is not None and accept(message):
            messages.append((index, message))
        else:
            logger.error("%s refused a message bytes=%d", stage, len(body))
            refused.append(index)
    return messages, refused


def spec_bodies(specs: Sequence[CheckSpec]) -> Iterator[bytes]:
    """``specs`` as message bodies of at most ``MAX_BATCH`` each, and of ``MAX_BODY_BYTES`` where the specs
    are large. One that cannot be encoded, or alone is larger than queues take, is left out."""
    return _split(specs, lambda part: encode(Checks(list(part))), left_out=_note_left_out)


def pack_specs(specs: Iterable[CheckSpec], *, delay_s: float = 0.0) -> list[Parcel]:
    """``specs`` as messages, each of one region: its edge takes nobody else's.

    Slow ones travel apart, each team's by themselves and marked as its share; the others as a fair mix, in
    which turns go round the teams.
    """
    lines: dict[tuple[str, str], dict[int, list[CheckSpec]]] = {}
    for spec in specs:
        share = str(spec.team_id) if spec.slow else ""
        lines.setdefault((spec.region, share), {}).setdefault(spec.team_id, []).append(spec)
    return [
        Parcel(body, delay_s, region, share)
        for (region, share), by_team in lines.items()
        for body in spec_bodies(_take_turns(list(by_team.values())))
    ]


def _take_turns(lines: Sequence[Sequence[Item]]) -> Sequence[Item]:
    """The first of each line, then the second of each, …"""
    if len(lines) == 1:
        return lines[0]
    rounds = zip_longest(*lines, fillvalue=None)
    return [item for one in rounds for item in one if item is not None]


def result_bodies(results: Sequence[CheckResult]) -> Iterator[bytes]:
    """``results`` as message bodies, bounded in the same way. What a text of one cannot say is replaced."""
    return _split(results, lambda part: _encode_anyhow(Results(list(part))), left_out=_note_left_out)


def receipt_body(receipts: Sequence[Receipt]) -> bytes:
    """What an answer says that cannot be said is replaced: it came from outside."""
    return _encode_anyhow(Receipts(list(receipts)))


def pack_deliveries(
    deliveries: Iterable[DeliveryMessage], *, left_out: Callable[[DeliveryMessage, str], None]
) -> list[Parcel]:
    """``deliveries`` as messages of at most ``DELIVERIES_A_MESSAGE`` each, every team's by themselves and
    marked as its share: receivers that hang hold up nobody else's alerts.

    What is said may be mended; ``left_out`` hears of each one that cannot be packed (an address that is no
    text must not be guessed), and why.
    """
    by_team: dict[int, list[DeliveryMessage]] = {}
    for delivery in deliveries:
        by_team.setdefault(delivery.team_id, []).append(delivery)
    return [
        Parcel(body, share=str(team or ""))
        for team, theirs in by_team.items()
        for body in _split(theirs, _encode_deliveries, most=DELIVERIES_A_MESSAGE, left_out=left_out)
    ]


def _encode_deliveries(deliveries: Sequence[DeliveryMessage]) -> bytes:
    try:
        return encode(Deliveries(list(deliveries)))
    except UnicodeEncodeError:
        return encode(
            Deliveries([msgspec.structs.replace(one, content=mend_texts(one.content)) for one in deliveries])
        )


def _encode_anyhow(message: Message) -> bytes:
    try:
        return encode(message)
    except UnicodeEncodeError:
        return encode(mend_texts(message))


def mend_texts(value: Any) -> Any:
    """``value`` with "?" for what UTF-8 has no spelling for (half of a surrogate pair)."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, msgspec.Struct):
        names = [field.name for field in msgspec.structs.fields(value)]
        return msgspec.structs.replace(value, **{name: mend_texts(getattr(value, name)) for name in names})
    if isinstance(value, dict):
        return {mend_texts(name): mend_texts(item) for name, item in value.items()}
    return [mend_texts(item) for item in value] if isinstance(value, list) else value


def _split(
    items: Sequence[Item],
    encode_part: Callable[[Sequence[Item]], bytes],
    *,
    most: int = MAX_BATCH,
    left_out: Callable[[Item, str], None],
) -> Iterator[bytes]:
    for start in range(0, len(items), most):
        yield from _halve(items[start : start + most], encode_part, left_out)


def _halve(
    items: Sequence[Item],
    encode_part: Callable[[Sequence[Item]], bytes],
    left_out: Callable[[Item, str], None],
) -> Iterator[bytes]:
    """All in one body, or in halves where that is too large or cannot be encoded: what one of them holds
    keeps no other from being sent."""
    why = "larger than a message may be"
    try:
        body = encode_part(items)
    except (ValueError, TypeError, OverflowError, RecursionError) as fault:
        body, why = b"", f"not to be encoded ({type(fault).__name__})"
    if body and len(body) <= (MAX_BODY_BYTES if len(items) > 1 else MAX_ALONE_BYTES):
        yield body
    elif len(items) > 1:
        middle = len(items) // 2
        yield from _halve(items[:middle], encode_part, left_out)
        yield from _halve(items[middle:], encode_part, left_out)
    else:
        left_out(items[0], why)


def _note_left_out(item: CheckSpec | CheckResult, why: str) -> None:
    logger.error("left out of a message monitor=%d region=%r: %s", item.monitor_id, item.region, why)
    telemetry.count(LeftOutOfMessages=1)
