"""Celery's Redis transport, mended: the messages that a killed worker had taken come back, and soon.

Kombu takes messages with BRPOP: the server forgets a message when it hands it out, so a worker that is killed
before it has noted the message loses it. A message that it had noted comes back only after the visibility
timeout, which must be longer than any work takes. Here the server itself notes who gets a message (BLMOVE,
see https://redis.io/docs/latest/commands/lmove/#pattern-reliable-queue), and each consumer gives signs of
life. The messages of a silent consumer go back to their queue. It may have been slow and not dead, so a
message may come twice. Needs Redis 6.2 or newer, or Valkey.

Written for Kombu 5.7 (``core.library_checks``), of which it overrides ``_brpop_start``, ``_brpop_read``,
``_get`` and ``_connparams``. Upstream: https://github.com/celery/celery/issues/1392 (a reliable queue),
https://github.com/celery/celery/issues/4354 (lost at a stop). Another version must pass
``tests/pipeline/celery/test_redis_transport.py``.
"""

import json
import logging
import math
import uuid
from contextlib import suppress
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from kombu.transport.virtual import Base64
from kombu.utils.json import loads

logger = logging.getLogger(__name__)

LOST_AFTER_S = 30
"""Seconds without a sign of life after which a consumer is taken for dead."""
SIGNS = 3
"""Signs of life that a consumer gives in this time."""
FORGOTTEN_AFTER_S = 86_400.0
"""Seconds for which messages of a dead consumer are looked for: the server may give it one after its death,
or it may only have been paused."""
SHARED_WAIT_S = 0.05
"""Seconds that a consumer of several queues waits at each in turn: BLMOVE waits at one queue."""
IN_A_ROW = 10
"""Messages taken from one queue before the next queue has its turn."""


def read_envelope(raw: bytes, queue: str) -> dict[str, Any]:
    """The message as Kombu's own producers wrap it. What another program has put there is wrapped here, and
    the consumer judges it: an error here would only bring it again."""
    try:
        found = loads(raw.decode())
        if found["properties"]["delivery_tag"] and "routing_key" in found["properties"]["delivery_info"]:
            return dict(found)
    except (ValueError, TypeError, KeyError):
        pass
    return {
        "body": Base64().encode(raw),
        "content-type": "application/octet-stream",
        "content-encoding": "binary",
        "headers": {},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
    }


class QoS(redis.QoS):  # type: ignore[misc]  # kombu has no types
    """Notes what a consumer holds unacknowledged, under the consumer's own name. Kombu uses one name for
    all."""

    def append(self, message: Any, delivery_tag: str) -> None:
        super().append(message, delivery_tag)
        self.channel.forget_taken()

    def restore_visible(self, *args: Any, **kwargs: Any) -> None:
        """Kombu's timer calls this (``unacked_restore_interval``). A consumer that is too busy to ask for
        messages gives its sign of life here."""
        super().restore_visible(*args, **kwargs)
        if self.channel.active_queues:
            self.channel.show_life()


class BrokerChannel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """A channel to the broker; it is a consumer once it has asked for a message. Keys, all behind
    ``queue_prefix``:

    - ``consumers``: when each consumer last gave a sign of life (by the server's clock)
    - ``taken:<consumer>``: the one message that the server has just handed out
    - ``held:<consumer>``, ``held-since:<consumer>``: what the consumer holds unacknowledged
    """

    QoS = QoS
    queue_prefix = ""
    lost_after_s: float = LOST_AFTER_S
    priority_steps = (0,)
    from_transport_options = (*redis.Channel.from_transport_options, "queue_prefix", "lost_after_s")

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        self._address = connection.client
        self._consumer = uuid.uuid4().hex
        self._signed_at = -math.inf
        self._asked_of = ""  # the queue that a BLMOVE now waits at
        self._in_a_row = 0
        self._taken: bytes | None = None
        super().__init__(connection, **kwargs)

    def _connparams(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Give the connection its address back first. A channel outlives its connection: what is at work when
        Redis goes away is acknowledged through the channel. Kombu's connection has then forgotten its
        address, and the ``AttributeError`` would end the worker
        (https://github.com/celery/kombu/issues/582)."""
        if self.connection.client is None:
            self.connection.client = self._address
        found: dict[str, Any] = super()._connparams(*args, **kwargs)
        return found

    def close(self) -> None:
        if not self.closed and self._signed_at > 0:
            self._closing = True
            with suppress(*self.connection_errors):  # on failure, other consumers find the messages soon
                if self._in_poll:
                    with suppress(Empty):
                        self._brpop_read()
                self._give_back(self._consumer, unread=self._asked_of)
                with self.conn_or_acquire() as client:
                    client.zrem(self._consumers_key, self._consumer)
        super().close()

    # Names of keys. Kombu's own code uses the first two as well.

    @property
    def unacked_key(self) -> str:
        return self._key("held", self._consumer)

    @property
    def unacked_index_key(self) -> str:
        return self._key("held-since", self._consumer)

    def _key(self, kind: str, consumer: str) -> str:
        return f"{self.queue_prefix}{kind}:{consumer}"

    @property
    def _consumers_key(self) -> str:
        return f"{self.queue_prefix}consumers"

    # Taking messages

    def _brpop_start(self, timeout: float | None = None) -> None:
        """Ask for the next message. Kombu's poller calls this, and calls ``_brpop_read`` when an answer has
        come."""
        if self._asked_of:  # the last answer was lost with its connection; what is held is still at work
            self._give_back(self._consumer, unread=self._asked_of, held_too=False)
            self._asked_of = ""
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        self.show_life()
        wait_s = (timeout or self.brpop_timeout) if len(queues) == 1 else SHARED_WAIT_S
        self._in_poll = self.client.connection
        self._brpop_sent_at = monotonic()
        self._asked_of = queues[0]
        taken = self._key("taken", self._consumer)
        self.client.connection.send_command("BLMOVE", queues[0], taken, "RIGHT", "LEFT", wait_s)

    def _brpop_read(self, **options: Any) -> bool:
        try:
            raw = self.client.parse_response(self.client.connection, "BLMOVE", **options)
        except self.connection_errors:
            self.client.connection.disconnect()  # the next round connects again
            raise
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()
        queue, self._asked_of = self._asked_of, ""
        self._in_a_row = self._in_a_row + 1 if raw else 0
        if not raw or self._in_a_row >= IN_A_ROW:
            self._in_a_row = 0
            self._queue_cycle.rotate(queue)
        if not raw:
            raise Empty
        self._taken = raw
        self.connection._deliver(read_envelope(raw, queue), queue)
        self.forget_taken()  # for a consumer that acknowledges nothing
        return True

    def _get(self, queue: str) -> dict[str, Any]:
        self.show_life()
        with self.conn_or_acquire() as client:
            raw = client.lmove(queue, self._key("taken", self._consumer), "RIGHT", "LEFT")
        if not raw:
            raise Empty
        self._taken = raw
        return read_envelope(raw, queue)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Any:
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        self.forget_taken()
        return message

    def forget_taken(self) -> None:
        """Remove the note of the message just taken: it is noted elsewhere, or done with."""
        raw, self._taken = self._taken, None
        if raw is not None:
            with self.conn_or_acquire() as client:
                client.lrem(self._key("taken", self._consumer), 1, raw)

    # Life and death

    def show_life(self) -> None:
        """Give a sign of life and look for dead consumers, when it is time again. A consumer takes no message
        before its first sign: nobody would find the messages of an unknown consumer."""
        if monotonic() - self._signed_at < self.lost_after_s / SIGNS:
            return
        with self.conn_or_acquire() as client:
            now = _read_clock(client)
            client.zadd(self._consumers_key, {self._consumer: now})
            self._signed_at = monotonic()
            if self.active_queues:
                self._give_back_lost(client, now)

    def _give_back_lost(self, client: Any, now: float) -> None:
        silent = client.zrange(self._consumers_key, 0, now - self.lost_after_s, byscore=True, withscores=True)
        for name, signed_at in silent:
            self._give_back(name.decode(), unread=self.active_queues[0])
            if signed_at < now - FORGOTTEN_AFTER_S:
                client.zrem(self._consumers_key, name)

    def _give_back(self, consumer: str, *, unread: str, held_too: bool = True) -> None:
        """Put the messages of a consumer back to the front of their queues, all or none. A message that does
        not say its queue goes to ``unread``. With ``held_too``, those that it holds unacknowledged go back as
        well."""
        taken, held, since = (self._key(kind, consumer) for kind in ("taken", "held", "held-since"))

        def move(pipe: Any) -> int:
            noted = {tag.decode(): json.loads(value)[0] for tag, value in pipe.hgetall(held).items()}
            handed_out = [read_envelope(raw, unread) for raw in pipe.lrange(taken, 0, -1)]
            back = list(noted.values()) if held_too else []
            back += [each for each in handed_out if each["properties"]["delivery_tag"] not in noted]
            pipe.multi()
            for message in back:
                info = message["properties"]["delivery_info"]
                self._do_restore_message(message, info["exchange"], info["routing_key"], pipe)
            pipe.delete(taken, *((held, since) if held_too else ()))
            return len(back)

        with self.conn_or_acquire() as client:
            if count := client.transaction(move, taken, held, value_from_callable=True):
                logger.warning("given back messages=%d of a silent or lost consumer=%s", count, consumer)


def _read_clock(client: Any) -> float:
    """The server's clock in seconds, because the consumers' clocks may differ."""
    seconds, microseconds = client.time()
    return float(seconds + microseconds / 1e6)


class Transport(redis.Transport):  # type: ignore[misc]  # kombu has no types
    Channel = BrokerChannel


def install_transport() -> None:
    """Let Kombu use this transport for ``redis://`` and ``rediss://``."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
