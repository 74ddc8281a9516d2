"""The one prober of this process, shared by the engine's workers and by run-now."""

import threading
from functools import lru_cache

from django.conf import settings

from probes.run import Prober

_lock = threading.Lock()


@lru_cache(maxsize=1)
def _make() -> Prober:
    return Prober(
        allow_private=settings.PROBE_ALLOW_PRIVATE,
        concurrency=settings.PROBE_CONCURRENCY,
        per_host=settings.PROBE_PER_HOST,
    )


def shared_prober() -> Prober:
    """Made at first use."""
    with _lock:
        return _make()


def close_prober() -> None:
    """Stop its threads, if it was ever made; the next use makes a new one."""
    with _lock:
        if _make.cache_info().currsize:
            _make().close()
            _make.cache_clear()
