"""The serverless engine's queues: SQS, ten messages a call. Both planes use it, so it imports no Django."""

import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core import telemetry
from core.env import Env
from core.queue_addresses import Addresses, aws_region_of, name_queue
from core.retries import SQS_ATTEMPTS, SQS_REFUSED
from pipeline.queues.base import DeadLetter, Parcel, QueuesAway, Sender

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
    )
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

logger = logging.getLogger(__name__)

ENTRIES_A_CALL = 10
BYTES_A_CALL = 256 * 1024
"""SQS takes 1 MiB a call since 2025, and 256 KiB before; it bills by 64 KiB, so longer calls save nothing."""
LONGEST_DELAY_S = 900
MAX_WAITING = 1_000
_CONTENT_REFUSED = frozenset(("InvalidMessageContents", "InvalidParameterValue", "MessageTooLong"))
"""SQS's error codes for a message that no further attempt makes any better. Other codes (of KMS, say) are
about the queue."""
FIGURES_FOR_S = 15.0
LOOK_S = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    tcp_keepalive=True,
    retries={"mode": "standard", "total_max_attempts": 5},
)


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. ``shown`` is its name in figures and for people."""

    shown: str
    url: str
    client: "SQSClient"


class SqsSender(Sender):
    """``base.Sender`` on SQS. Raises ``QueuesAway`` when SQS does not answer, or does not take some messages
    after ``SQS_ATTEMPTS``; other messages may have been taken. Send all again then: a message that comes
    twice is harmless. A message that SQS refuses for its content is left out and logged; the others are sent.

    ``max_waiting`` bounds the messages that wait in a region's ``checks``. When the region's edge takes none,
    no more are sent: unchecked slots become a gap, and no burst of stale checks follows. Delayed messages do
    not count. Endpoints follow ``AWS_USE_DUALSTACK_ENDPOINT`` and ``AWS_ENDPOINT_URL``.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        max_waiting: int = MAX_WAITING,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._addresses = addresses
        self._max_waiting = max_waiting
        self._sleep = sleep
        self._clients: dict[str | None, SQSClient] = {}
        self._full: set[str] = set()
        self._figures: dict[str, dict[str, int]] = {}
        self._figures_at = float("-inf")

    # Sending

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0, region: str = "") -> None:
        self.send_all(queue, [Parcel(body, delay_s, region)])

    def send_all(self, queue: str, parcels: Sequence[Parcel]) -> None:
        """Queue all parcels, ten a call. A delay is cut to 15 minutes; the edge puts back what comes before
        its time. A parcel for a region that does not exist any more, or that is full (``free``), is left out
        and logged."""
        by_region: dict[str, list[Parcel]] = {}
        for parcel in parcels:
            by_region.setdefault(parcel.region, []).append(parcel)
        for region, theirs in by_region.items():
            if region and region not in self._addresses[queue]:
                logger.error("sqs left out queue=%s messages=%d: no region %s", queue, len(theirs), region)
                continue
            target = self._queue(queue, region)
            if target.shown in self._full:
                logger.warning("sqs left out queue=%s messages=%d: it is full", target.shown, len(theirs))
                continue
            for entries in _fill_calls(theirs):
                self._send_entries(target, entries)

    def _send_entries(self, queue: Queue, entries: "list[Entry]") -> None:
        """Make one call. Entries that SQS did not take are sent again, with pauses that double and jitter."""
        for attempt in range(SQS_ATTEMPTS):
            with _reaching(queue):
                answer = queue.client.send_message_batch(QueueUrl=queue.url, Entries=entries)
            telemetry.count(QueueCalls=1, MessagesSent=len(answer.get("Successful", [])))
            failed = answer.get("Failed", [])
            if not failed:
                return
            why = f"{failed[0]['Code']}: {failed[0].get('Message', '')}"
            logger.warning("sqs refused queue=%s messages=%d why=%s", queue.shown, len(failed), why)
            if refused := [one for one in failed if one["SenderFault"] and one["Code"] in _CONTENT_REFUSED]:
                _note_refused(queue, refused)
            ids = {one["Id"] for one in failed if one not in refused}
            if not ids:
                return
            entries = [entry for entry in entries if entry["Id"] in ids]
            self._sleep(SQS_REFUSED.pause_s(attempt + 1) * (0.5 + random.random() / 2))  # noqa: S311  # spreads load
        raise QueuesAway(f"The queue {queue.shown} did not take {len(entries)} messages ({why}).")

    def show_again(self, queue: str, receipt_handles: Sequence[str], *, pause_s: int) -> None:
        """Let received messages be received again in ``pause_s`` seconds, not at the end of the queue's
        visibility timeout."""
        one = self._queue(queue, "")
        for start in range(0, len(receipt_handles), ENTRIES_A_CALL):
            with _reaching(one):
                one.client.change_message_visibility_batch(
                    QueueUrl=one.url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": pause_s}
                        for number, handle in enumerate(receipt_handles[start : start + ENTRIES_A_CALL])
                    ],
                )

    # Looking

    def free(self, queue: str) -> int:
        """0 when all regions of the queue are full; else any number, for SQS itself knows no bound.

        Regions that are full are remembered, and ``send_all`` leaves their parcels out until this is asked
        again. So a region whose edge is away has a gap of its own, and delays no other region.
        """
        queues = self._queues(queue)
        self._full = {one.shown for one in queues if self._count(one) >= self._max_waiting}
        return 0 if len(self._full) == len(queues) else sys.maxsize

    def figures(self) -> dict[str, dict[str, int]]:
        """By queue, the number of messages ``waiting`` and of ``dead_letters``; up to 15 seconds old.

        A queue that cannot be asked is left out and logged. Raises ``QueuesAway`` when SQS answers for none
        of them.
        """
        if time.monotonic() - self._figures_at > FIGURES_FOR_S:
            self._figures = self._ask_figures()
            self._figures_at = time.monotonic()
        return self._figures

    def _ask_figures(self) -> dict[str, dict[str, int]]:
        figures: dict[str, dict[str, int]] = {}
        away: dict[int, QueuesAway] = {}  # by client: one that did not answer is asked no more
        for queue in (queue for name in self._addresses for queue in self._queues(name)):
            if id(queue.client) in away:
                continue
            try:
                dead = self.dead_queue(queue)
                waiting = self._count(queue)
                figures[queue.shown] = {
                    "waiting": waiting,
                    "dead_letters": self._count(dead) if dead else 0,
                }
            except QueuesAway as error:
                logger.warning("sqs figures queue=%s left out: %s", queue.shown, error)
                if not isinstance(error.__cause__, ClientError):  # a ClientError is about this queue alone
                    away[id(queue.client)] = error
        if away and not figures:
            raise next(iter(away.values()))
        return figures

    def dead_queue(self, queue: Queue) -> Queue | None:
        """The queue's own dead-letter queue, in the same account and region; None when it has none."""
        policy = self._attributes(queue, "RedrivePolicy").get("RedrivePolicy")
        if not policy:
            return None
        name = name_queue(json.loads(policy)["deadLetterTargetArn"])
        return Queue(queue.shown, f"{queue.url.rpartition('/')[0]}/{name}", queue.client)

    def _count(self, queue: Queue) -> int:
        return int(self._attributes(queue, "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"])

    def _attributes(self, queue: Queue, name: Any) -> Mapping[str, str]:
        with _reaching(queue):
            answer = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=[name])
        return {str(key): value for key, value in answer.get("Attributes", {}).items()}

    # Dead letters

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """At most ``limit`` dead letters, oldest first. Reading hides them from other readers for some
        seconds. SQS gives them in no order, so of very many the next list may hold others."""
        with ExitStack() as held:
            found = [_read_letter(queue, message) for queue, message in islice(self._take_dead(held), limit)]
        return sorted(found, key=lambda letter: (letter.died_at or EPOCH, letter.id))

    def redrive(self, letter_id: str) -> bool:
        """Queue the message again, then delete its dead letter. Killed in between, it comes twice, which is
        harmless."""
        return self._finish_dead(letter_id, again=True)

    def drop(self, letter_id: str) -> bool:
        return self._finish_dead(letter_id, again=False)

    def _finish_dead(self, letter_id: str, *, again: bool) -> bool:
        with ExitStack() as held:
            for queue, message in self._take_dead(held, letter_id):
                if _id_of(queue, message) == letter_id:
                    if again:
                        self._send_entries(queue, *_fill_calls([_as_parcel(message)]))
                    if dead := self.dead_queue(queue):
                        self._delete(dead, [message])
                    return True
        return False

    def redrive_all(self) -> int:
        """Ten at a time: they are deleted among the dead before the next ten are read. So the pass ends,
        however many there are, and a pass that is cut short has done its part."""
        return self._finish_all_dead(again=True)

    def drop_all(self) -> int:
        return self._finish_all_dead(again=False)

    def _finish_all_dead(self, *, again: bool) -> int:
        began_ms, done = time.time() * 1000, 0
        for queue, dead in self._dead_queues():
            while messages := self._receive_dead(dead):
                old = [m for m in messages if int(m["Attributes"]["SentTimestamp"]) <= began_ms]
                if not old:
                    break  # these died after the pass began; it must end
                if again:
                    for entries in _fill_calls([_as_parcel(message) for message in old]):
                        self._send_entries(queue, entries)
                self._delete(dead, old)
                done += len(old)
        return done

    def _take_dead(self, held: ExitStack, letter_id: str = "") -> "Iterator[tuple[Queue, MessageTypeDef]]":
        """Every dead letter once, with the queue that it came from; with ``letter_id``, only those of that
        letter's queue. Each is hidden from other readers until ``held`` is closed, for ``LOOK_S`` seconds at
        most. When the look takes longer, the first ones come again, and it ends."""
        for queue, dead in self._dead_queues():
            if letter_id and not letter_id.startswith(f"{queue.shown}-"):
                continue
            seen: set[str] = set()
            while messages := self._receive_dead(dead):
                held.callback(_show_again, dead, messages)
                new = [message for message in messages if message["MessageId"] not in seen]
                seen |= {message["MessageId"] for message in new}
                for message in new:
                    yield queue, message
                if not new:
                    break

    def _dead_queues(self) -> Iterator[tuple[Queue, Queue]]:
        for queue in (queue for name in self._addresses for queue in self._queues(name)):
            if dead := self.dead_queue(queue):
                yield queue, dead

    def _receive_dead(self, dead: Queue) -> "list[MessageTypeDef]":
        with _reaching(dead):
            answer = dead.client.receive_message(
                QueueUrl=dead.url,
                MaxNumberOfMessages=ENTRIES_A_CALL,
                VisibilityTimeout=LOOK_S,
                WaitTimeSeconds=1,  # else SQS asks only some of its servers and may miss a few
                MessageSystemAttributeNames=["All"],
            )
        return answer.get("Messages", [])

    def _delete(self, dead: Queue, messages: "Sequence[MessageTypeDef]") -> None:
        """Delete ten messages at most. One that is not deleted comes again; handling it twice is harmless."""
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        with _reaching(dead):
            dead.client.delete_message_batch(QueueUrl=dead.url, Entries=entries)

    # Which queue, by which client

    def _queues(self, name: str) -> list[Queue]:
        return [self._queue(name, region) for region in self._addresses[name]]

    def _queue(self, name: str, region: str) -> Queue:
        """Raises ``KeyError`` for a queue or region that has no address."""
        urls = self._addresses[name]
        if not region and region not in urls:
            region = next(iter(urls))  # no region given: the first one
        url = urls[region]
        shown = name if len(urls) == 1 else f"{name}:{region}"
        return Queue(shown, url, self._client(aws_region_of(url, region=region)))

    def _client(self, aws_region: str | None) -> "SQSClient":
        if aws_region not in self._clients:
            self._clients[aws_region] = boto3.client("sqs", region_name=aws_region, config=_CONFIG)
        return self._clients[aws_region]


@contextmanager
def _reaching(queue: Queue) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise QueuesAway(f"SQS does not serve the queue {queue.shown}: {error}") from error


def _show_again(dead: Queue, messages: "Sequence[MessageTypeDef]") -> None:
    """Show messages to other readers at once. Errors are ignored: the messages may be deleted by now."""
    entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for number, message in enumerate(messages)
    ]
    if entries:
        with suppress(BotoCoreError, ClientError):
            dead.client.change_message_visibility_batch(QueueUrl=dead.url, Entries=entries)


def _id_of(queue: Queue, message: "MessageTypeDef") -> str:
    return f"{queue.shown}-{message['MessageId']}"


def _as_parcel(message: "MessageTypeDef") -> Parcel:
    share = message.get("Attributes", {}).get("MessageGroupId", "")
    return Parcel(message["Body"].encode(), share=share)


def _read_letter(queue: Queue, message: "MessageTypeDef") -> DeadLetter:
    about = message.get("Attributes", {})
    sent_ms = about.get("SentTimestamp")
    return DeadLetter(
        id=_id_of(queue, message),
        queue=queue.shown,
        body=message["Body"].encode(),
        failures=int(about.get("ApproximateReceiveCount", 1)),
        died_at=EPOCH + timedelta(milliseconds=int(sent_ms)) if sent_ms else None,
    )


def make_sender() -> SqsSender:
    """A sender for the queues that the environment names. Raises ``SettingsError`` for an address that is not
    valid."""
    env = Env({**os.environ, "SSM_PATH": ""})  # the settings have read the parameter store
    return SqsSender(env.queues(required=False), max_waiting=env.queue_max_messages())


def _note_refused(queue: Queue, refused: "Sequence[BatchResultErrorEntryTypeDef]") -> None:
    """Log and count messages that SQS refused for their content. They are not sent again; the others are
    sent."""
    codes = ", ".join(sorted({one["Code"] for one in refused}))
    logger.error("sqs left out queue=%s messages=%d: refused (%s)", queue.shown, len(refused), codes)
    telemetry.count(MessagesRefused=len(refused))


def _fill_calls(parcels: Sequence[Parcel]) -> "Iterator[list[Entry]]":
    """``parcels`` as the entries of calls, each of ten entries and ``BYTES_A_CALL`` bytes at most."""
    entries: list[Entry] = []
    size = 0
    for parcel in parcels:
        body = write_body(parcel.body)
        length = len(body.encode())
        if entries and (len(entries) == ENTRIES_A_CALL or size + length > BYTES_A_CALL):
            yield entries
            entries, size = [], 0
        delay_s = min(LONGEST_DELAY_S, max(0, round(parcel.delay_s + 0.499)))  # whole seconds, rounded up
        entry: Entry = {"Id": str(len(entries)), "MessageBody": body, "DelaySeconds": delay_s}
        if parcel.share:  # SQS's fair queues: one group's messages delay no others
            entry["MessageGroupId"] = parcel.share
        entries.append(entry)
        size += length
    if entries:
        yield entries


def write_body(body: bytes) -> str:
    """The body as SQS takes it. SQS refuses two characters (U+FFFE, U+FFFF); they become JSON escapes."""
    return body.decode().replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
