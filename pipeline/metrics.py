"""What Prometheus may ask of this process: checks by outcome, latency, how long recording takes."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from probes.result import CheckResult

CHECKS = Counter("sentrypulse_checks", "Checks recorded, by outcome", ["status", "error_code"])
LATENCY = Histogram(
    "sentrypulse_check_seconds",
    "How long the checks took, from lookup to last byte",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
RECORDING = Histogram("sentrypulse_record_seconds", "How long a batch took to record")


def observe_batch(results: Iterable[CheckResult], *, took_s: float) -> None:
    """Count a recorded batch."""
    RECORDING.observe(took_s)
    for result in results:
        CHECKS.labels(result.status.value, result.error_code).inc()
        if result.timings.total_ms is not None:
            LATENCY.observe(result.timings.total_ms / 1000)
