"""The Celery engine's queues, on Redis, RabbitMQ or SQS: each of our messages is one task, its body our JSON.

Workers (``pipeline.celery.worker``) take the messages. Imports no Django, because the edge sends, too.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

import kombu
import msgspec
from celery import Celery
from kombu.exceptions import OperationalError
from kombu.transport.base import StdChannel

from core import structs
from pipeline.queues.base import ROUTES, DeadLetter, Parcel, QueuesAway, Sender

DEAD = "dead"
SHARE = "share"
"""The header of a message that names its share (``base.Parcel``)."""
MESSAGE, TICK = "sentrypulse.message", "sentrypulse.tick"
HOLD_S = 60.0
"""Seconds. A worker holds a delayed message unacknowledged in memory, so none is held longer than this: a
message with a longer delay is sent anew each time. So no broker's visibility or consumer timeout strikes."""
BATCH_MAX_S = 600
"""Seconds that one message may take: 100 checks of one host, 10 at once (PROBE_PER_HOST), 60 s each."""
KILL_AFTER_S = 30
"""Seconds more before its process is killed."""
VISIBILITY_TIMEOUT_S = int(HOLD_S) + 2 * (BATCH_MAX_S + KILL_AFTER_S) + 30
"""Seconds after which Redis and SQS give a message to another worker, because the first one must be dead. The
message may have been held, then have waited for one other batch, then been handled; 30 s are for the way.
(RabbitMQ notices the closed connection at once.) A worker that is slower does no harm: the message is handled
twice."""
BROWSE_AT_ONCE = 1_000
ASK_WORKERS_S = 2.0

Answer = TypeVar("Answer")


class Postponed(Exception):
    """Something that handling a message needs is away. The message comes again, and this does not count as a
    failure."""


class Dead(msgspec.Struct, frozen=True):
    """A dead letter as it is stored in the queue ``dead``."""

    id: str
    queue: str
    body: str
    error: str
    failures: int
    died_at: datetime


def describe_queue(alias: str, *, prefix: str) -> kombu.Queue:
    """A durable queue that is reached by its name alone (the default exchange). Workers know it as
    ``alias``."""
    name = prefix + alias
    return kombu.Queue(name, kombu.Exchange(""), routing_key=name, alias=alias, durable=True)


class CelerySender(Sender):
    """``base.Sender`` on Celery. Thread-safe. Connections come from the application's pools and are made when
    first used."""

    def __init__(
        self, app: Celery, *, max_messages: int, retry_after_s: tuple[float, ...], queue_prefix: str
    ) -> None:
        self._app = app
        self._prefix = queue_prefix
        self._max_messages = max_messages
        self._retry_after_s = retry_after_s

    # What stages and commands see (base.Sender)

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        self.put(queue, body.decode(), delay_s=delay_s)

    def send_all(self, queue: str, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            self.put(queue, parcel.body.decode(), delay_s=parcel.delay_s, share=parcel.share)

    def free(self, queue: str) -> int:
        """The room of the fuller plane: when results pile up, more checks would only make more of them."""
        return max(0, self._max_messages - max(self._count("core", "edge").values()))

    def figures(self) -> dict[str, dict[str, int]]:
        """By the broker's own queues (``core``, ``edge``, ``dead``). Messages that a worker has taken are not
        counted."""
        waiting = self._count("core", "edge", DEAD)
        dead = waiting.pop(DEAD)
        found = {name: {"waiting": count, "dead_letters": 0} for name, count in waiting.items()}
        return found | {DEAD: {"waiting": 0, "dead_letters": dead}}

    def workers(self) -> dict[str, list[str]] | None:
        """The workers whose loop answers within ``ASK_WORKERS_S``. None over SQS, where they cannot be
        asked."""
        if not self._app.conf.worker_enable_remote_control:
            return None
        try:
            answers = self._app.control.inspect(timeout=ASK_WORKERS_S).active_queues() or {}
        except OperationalError as error:
            raise _away(error) from error
        return {
            name: [queue["name"].removeprefix(self._prefix) for queue in queues]
            for name, queues in answers.items()
            if any(queue["name"].startswith(self._prefix) for queue in queues)
        }

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Sorted here, because not every broker puts a message that was looked at back to its old place."""
        with self._browse_dead() as messages:
            found = [dead for dead, _ in itertools.islice(messages, max(limit, BROWSE_AT_ONCE))]
        return [
            DeadLetter(dead.id, dead.queue, dead.body.encode(), dead.error, dead.failures, dead.died_at)
            for dead in sorted(found, key=attrgetter("died_at"))[:limit]
        ]

    def redrive(self, letter_id: str) -> bool:
        """False as well for what was no message of ours: it has no queue and can only be dropped."""
        return self._settle_dead(again=True, letter_id=letter_id) > 0

    def drop(self, letter_id: str) -> bool:
        return self._settle_dead(again=False, letter_id=letter_id) > 0

    def redrive_all(self) -> int:
        return self._settle_dead(again=True)

    def drop_all(self) -> int:
        return self._settle_dead(again=False)

    # What the workers' tasks need besides

    def put(self, queue: str, body: str, *, failures: int = 0, delay_s: float = 0.0, share: str = "") -> None:
        """Queue a message that has failed ``failures`` times, due in ``delay_s`` seconds. Raises
        ``QueuesAway``, and ``KeyError`` for an unknown queue."""
        hold_s = min(delay_s, HOLD_S)
        try:
            self._app.send_task(
                MESSAGE,
                args=[queue, body],
                kwargs={"failures": failures, "wait_s": round(delay_s - hold_s, 3)},
                countdown=hold_s if hold_s > 0 else None,
                queue=ROUTES[queue].plane,  # the broker has two queues of ours, one a plane
                headers={SHARE: share} if share else None,
                argsrepr=queue,  # Celery would write the body, secrets included, into headers and logs
                kwargsrepr="",
            )
        except OperationalError as error:
            raise _away(error) from error

    def fail(self, queue: str, body: str, *, failures: int, error: str, share: str = "") -> None:
        """Handling failed: queue the message again after the next pause of CELERY_RETRY_AFTER_S; after the
        last one, put it among the dead."""
        if failures < len(self._retry_after_s):
            delay_s = self._retry_after_s[failures]
            self.put(queue, body, failures=failures + 1, delay_s=delay_s, share=share)
        else:
            self.bury(queue, body, failures=failures + 1, error=error)

    def bury(self, queue: str, body: str, *, failures: int, error: str) -> None:
        """Put a message among the dead. Raises ``QueuesAway``."""
        dead = Dead(uuid.uuid4().hex[:12], queue, body, error[:500], failures, datetime.now(UTC))

        def publish(channel: StdChannel) -> None:
            kombu.Producer(channel).publish(
                msgspec.json.encode(dead),
                routing_key=self._prefix + DEAD,
                content_type="application/json",
                content_encoding="utf-8",
                declare=[describe_queue(DEAD, prefix=self._prefix)],
            )

        self._ask(publish)

    # The broker

    def _count(self, *names: str) -> dict[str, int]:
        """By queue, the number of messages that wait. Declaring a queue tells it, and makes the queue where
        it is missing."""

        def count(channel: StdChannel) -> dict[str, int]:
            queues = {name: describe_queue(name, prefix=self._prefix)(channel) for name in names}
            return {name: queue.queue_declare().message_count for name, queue in queues.items()}

        return self._ask(count)

    def _ask(self, question: Callable[[StdChannel], Answer]) -> Answer:
        """Put a question to the broker; once more on a new connection, because the pool's may have died
        unseen. Raises ``QueuesAway``.

        A connection that failed is closed and given back, and connects anew when it is next taken. Kombu's
        ``replace`` would put none in its place, and an empty pool makes everybody wait for ever.
        """
        for again in (True, False):
            connection = self._app.pool.acquire(block=True)
            answered = False
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
                answer = question(connection.default_channel)
                answered = True
            except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
                if not again:
                    raise _away(error) from error
            else:
                return answer
            finally:
                if not answered:
                    connection.close()
                connection.release()
        raise AssertionError("unreachable")

    @contextmanager
    def _browse_dead(self) -> Iterator[Iterator[tuple[Dead, Any]]]:
        """Yields the dead letters with their messages, taken one by one. Those that are still unacknowledged
        at the end go back to the queue."""
        taken: list[Any] = []

        def take(queue: kombu.Queue) -> Iterator[tuple[Dead, Any]]:
            while (message := queue.get(no_ack=False)) is not None:
                taken.append(message)
                yield _read_dead(message.body), message

        with self._app.connection_for_write() as connection:
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
                with connection.channel() as channel:
                    queue = describe_queue(DEAD, prefix=self._prefix)(channel)
                    queue.queue_declare()
                    try:
                        yield take(queue)
                    finally:
                        for message in reversed(taken):
                            if not message.acknowledged:
                                message.requeue()
            except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
                raise _away(error) from error

    def _settle_dead(self, *, again: bool, letter_id: str | None = None) -> int:
        """Delete the dead letter of this id, or all of them; with ``again``, queue each message first.
        Returns how many. Killed in between, a message comes twice, which is harmless."""
        settled = 0
        with self._browse_dead() as messages:
            for dead, message in messages:
                if letter_id not in {None, dead.id} or (again and dead.queue not in ROUTES):
                    continue
                if again:
                    self.put(dead.queue, dead.body)
                message.ack()
                settled += 1
                if letter_id is not None:
                    break
        return settled


def _read_dead(body: str | bytes) -> Dead:
    """The dead letter of a body; one with the id ``unreadable`` for what another program has put there."""
    try:
        return structs.read_struct(body, Dead)
    except msgspec.MsgspecError:
        text = body if isinstance(body, str) else bytes(body).decode(errors="replace")
        never = datetime.fromtimestamp(0, UTC)
        return Dead("unreadable", "", text, "It is no dead letter of ours.", 0, never)


def _away(error: Exception) -> QueuesAway:
    """Names only the error's kind, because its text may hold the broker's URL with its password."""
    return QueuesAway(f"The broker of CELERY_BROKER_URL does not answer ({type(error).__name__}).")
