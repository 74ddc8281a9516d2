"""Encodes and decodes all messages: plain JSON, readable among the dead letters, the same on every engine."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, TypeVar

import msgspec

from core import telemetry
from delivery.message import DeliveryMessage, Receipt
from pipeline.queues.base import Failed, Parcel
from probes.result import CheckResult
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)

MAX_BATCH = 100
"""Specs or results in one message: enough work for one process of the edge."""
MAX_BODY_BYTES, MAX_ALONE_BYTES = 200_000, 256_000
"""Bytes of a message with several items, and of one with a single item. SQS long took 256 KiB at most;
emulators and some regions may still."""


class Checks(msgspec.Struct, frozen=True, tag="checks.v1"):
    specs: list[CheckSpec]


class Results(msgspec.Struct, frozen=True, tag="results.v1"):
    results: list[CheckResult]


class Deliveries(msgspec.Struct, frozen=True, tag="deliveries.v1"):
    deliveries: list[DeliveryMessage]


class Receipts(msgspec.Struct, frozen=True, tag="receipts.v1"):
    receipts: list[Receipt]


class Wake(msgspec.Struct, frozen=True, tag="wake.v1"):
    """Run a job of the timetable now. The job runs at its own rhythm as well, only later."""

    job: str


Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=msgspec.Struct)
Message = Checks | Results | Deliveries | Receipts | Wake
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


LETTERS = "letters:"
"""The id of an e-mail of Django's begins with this. No outbox holds it: only its queue tries it again."""
DELIVERIES_A_MESSAGE = 10
"""A delivery with HTML has about 10 KB, so a message stays under 200 KB."""


def encode(message: Message) -> bytes:
    """The message as JSON. Raises ``UnicodeEncodeError`` for half of a surrogate pair in a text, and
    ``TypeError`` for a value that JSON cannot hold."""
    return msgspec.json.encode(message)


def decode(body: bytes | str) -> Message:
    """The message of a body. Raises ``msgspec.DecodeError`` for a body that is no JSON, and its subclass
    ``msgspec.ValidationError`` for one that is no message of ours."""
    return _decoder.decode(body)


def find_message(body: bytes | str, *kinds: type[Kind]) -> Kind | None:
    """The message of a body; None when the body is no message of ``kinds``."""
    try:
        message = decode(body)
    except msgspec.MsgspecError:
        return None
    return message if isinstance(message, kinds) else None


def read_messages(
    bodies: Sequence[bytes], *kinds: type[Kind], stage: str, find_fault: Callable[[Any], str] = lambda _: ""
) -> tuple[list[tuple[int, Kind]], Failed]:
    """Decode ``bodies``. Returns the messages that are one of ``kinds`` and in which ``find_fault`` finds no
    fault, each with the index of its body, and all other bodies as failed. These are logged."""
    messages: list[tuple[int, Kind]] = []
    failed: Failed = {}
    for index, body in enumerate(bodies):
        message = find_message(body, *kinds)
        fault = find_fault(message) if message is not None else _say_unknown(body)
        if message is not None and not fault:
            messages.append((index, message))
        else:
            logger.error("%s refused a message bytes=%d: %s", stage, len(body), fault)
            failed[index] = fault
    return messages, failed


def _say_unknown(body: bytes) -> str:
    """Why a body is not one of the messages that were expected."""
    try:
        return f"A message of the type {decode(body).__struct_config__.tag} does not belong in this queue."
    except msgspec.ValidationError as error:
        return f"It is no message of this version: {error}."
    except msgspec.DecodeError:
        return "It is no JSON."


def spec_bodies(specs: Sequence[CheckSpec]) -> Iterator[bytes]:
    """``specs`` as message bodies of at most ``MAX_BATCH`` specs and ``MAX_BODY_BYTES`` bytes. A spec that
    cannot be encoded, or alone has more than ``MAX_ALONE_BYTES``, is left out and logged."""
    return _split(specs, lambda part: encode(Checks(list(part))), left_out=_note_left_out)


def pack_specs(specs: Iterable[CheckSpec], *, delay_s: float = 0.0) -> list[Parcel]:
    """``specs`` as messages. Each message holds specs of one region only, because each region has its own
    queue.

    Slow specs (``CheckSpec.slow``) are kept apart: a message holds those of one team and names the team as
    its share. Other specs are mixed, and the teams take turns.
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
    """The first item of each line, then the second of each, and so on."""
    if len(lines) == 1:
        return lines[0]
    rounds = zip_longest(*lines, fillvalue=None)
    return [item for one in rounds for item in one if item is not None]


def result_bodies(results: Sequence[CheckResult]) -> Iterator[bytes]:
    """``results`` as message bodies with the same bounds. In their texts, halves of surrogate pairs become
    "?"."""
    return _split(results, lambda part: _encode_anyhow(Results(list(part))), left_out=_note_left_out)


def receipt_body(receipts: Sequence[Receipt]) -> bytes:
    """``receipts`` as one message body. An answer comes from outside and may hold halves of surrogate pairs;
    they become "?"."""
    return _encode_anyhow(Receipts(list(receipts)))


def pack_deliveries(
    deliveries: Iterable[DeliveryMessage], *, left_out: Callable[[DeliveryMessage, str], None]
) -> list[Parcel]:
    """``deliveries`` as messages of at most ``DELIVERIES_A_MESSAGE``. A message holds the deliveries of one
    team and names the team as its share: receivers that hang delay no other team's alerts.

    Halves of surrogate pairs in the content become "?". A delivery that cannot be packed even so (an address
    must not be guessed) is left out, and ``left_out`` is called with it and the reason.
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
    """``value`` with "?" for what UTF-8 cannot express (half of a surrogate pair), also inside of structs,
    dicts and lists."""
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
    """One body with all items; two or more with halves of them where that body is too large or cannot be
    encoded. So an item that cannot be sent keeps no other from being sent."""
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
