"""The one prober of this process, shared by the engine's workers and by run-now; or the edge, where this
process must not reach what people ask for."""

import threading
from functools import lru_cache

import msgspec
from django.conf import settings

from pipeline.edge_call import WITHIN_S, call_edge
from probes.result import CheckResult
from probes.run import Prober
from probes.spec import CheckSpec
from sentrypulse.errors import DomainError

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


def probe_now(spec: CheckSpec) -> CheckResult:
    """Run one spec at once, by the engine's means. Raises ``DomainError`` when the edge cannot, or not in
    time."""
    if settings.ENGINE != "serverless":
        return shared_prober().run_one(spec)
    answer = call_edge("probe", region=spec.region, spec=msgspec.to_builtins(spec))
    if "result" not in answer:
        raise DomainError(
            f"The check takes longer than the {WITHIN_S:g} s that we can wait here; look at its next results."
        )
    return msgspec.convert(answer["result"], CheckResult)


def close_prober() -> None:
    """Stop its threads, if it was ever made; the next use makes a new one."""
    with _lock:
        if _make.cache_info().currsize:
            _make().close()
            _make.cache_clear()
