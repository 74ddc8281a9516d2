"""Kombu's transport for Redis, whose channels outlive their connection.

When Redis goes away, Kombu's connection forgets its address as it closes. A message that is at work just then
is acknowledged, or put back, through the channel it came by, which needs the address to connect anew. Kombu's
own raises ``AttributeError``, which is no trouble of a broker's to Celery, and ends the worker.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    def __init__(self, connection: Any, **kwargs: Any) -> None:
        self._address = connection.client
        super().__init__(connection, **kwargs)

    def _connparams(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if self.connection.client is None:
            self.connection.client = self._address
        found: dict[str, Any] = super()._connparams(*args, **kwargs)
        return found


class Transport(redis.Transport):  # type: ignore[misc]  # kombu has no types
    Channel = Channel
