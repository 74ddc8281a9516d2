"""The cache that all processes share: Redis, and while Redis does not answer, the memory of each process.

It holds counted attempts and pages that can be made anew. So while Redis is away nobody has to wait and
nobody sees an error; each process counts attempts alone, as without Redis.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)

AWAY_S = 10.0
"""Seconds for which Redis is not asked after it did not answer. To ask a Redis that stands still takes
seconds."""
MAX_ENTRIES = 50_000
"""Entries in a process's own memory. With Django's 300, strangers could push out their own counts."""


class SharedCache(RedisCache):  # type: ignore[misc]  # it has no types here
    """Has every method that the project calls. Other methods are those of Redis, and raise what Redis
    raises."""

    _away_until: ClassVar[float] = 0.0  # of the process: Django makes a cache for each thread

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        prefix = params.get("KEY_PREFIX", "")
        self._memory = LocMemCache(
            f"{prefix} while redis is away", {"KEY_PREFIX": prefix, "OPTIONS": {"MAX_ENTRIES": MAX_ENTRIES}}
        )

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask(super().get, self._memory.get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask(super().set, self._memory.set, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask(super().add, self._memory.add, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        """Raises ``ValueError`` when the key does not exist."""
        return self._ask(super().incr, self._memory.incr, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask(super().delete, self._memory.delete, *args, **kwargs)

    def _ask(self, redis: Callable[..., Any], memory: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= SharedCache._away_until:
            try:
                return redis(*args, **kwargs)
            except (RedisConnectionError, RedisTimeoutError) as error:
                SharedCache._away_until = time.monotonic() + AWAY_S
                # Only the error's kind: its text may hold the address with its password.
                logger.warning("redis does not answer error=%s left_alone_s=%d", type(error).__name__, AWAY_S)
        return memory(*args, **kwargs)
