"""The figures of this process for Prometheus: monitors by status, regions whose network is down, checks by
outcome, latency, how long recording takes, rows left out."""

from collections import Counter as Tally
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core import isolation
from monitors.selectors import count_by_status
from pipeline.health.own_network import find_outages
from probes.result import CheckResult

CHECKS = Counter("sentrypulse_checks", "Checks recorded, by outcome", ["status", "error_code"])
LATENCY = Histogram(
    "sentrypulse_check_seconds",
    "How long the checks took, from lookup to last byte",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
RECORDING = Histogram("sentrypulse_record_seconds", "How long a batch took to record")


class _Standing(Collector):
    """Monitors by status, and regions whose own network is down. Read from the database at each scrape; empty
    while the database is away."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        monitors = GaugeMetricFamily("sentrypulse_monitors", "Monitors by their status", labels=["status"])
        network = GaugeMetricFamily(
            "sentrypulse_own_network_down", "1 while nothing answers from a region", labels=["region"]
        )
        try:
            counts = count_by_status()
            down = {outage.region for outage in find_outages(now=timezone.now())}
        except (DatabaseError, InterfaceError):
            return
        for status, count in counts.items():
            monitors.add_metric([status], count)
        for region in settings.REGIONS:
            network.add_metric([region], float(region in down))
        yield monitors
        yield network

    def describe(self) -> list[GaugeMetricFamily]:
        """Empty, because registering must not touch the database."""
        return []


REGISTRY.register(_Standing())


class _LeftOut(Collector):
    """Rows that failed and were left out of some work, since this process began."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        counter = CounterMetricFamily(
            "sentrypulse_rows_left_out", "Rows that failed and were left out, by work", labels=["work"]
        )
        for work, count in isolation.left_out.items():
            counter.add_metric([work], count)
        yield counter


REGISTRY.register(_LeftOut())


def observe_batch(results: Sequence[CheckResult], *, took_s: float) -> None:
    """Count a recorded batch; ``took_s`` is how many seconds recording took."""
    RECORDING.observe(took_s)
    outcomes = Tally((result.status.value, result.error_code) for result in results)
    for outcome, count in outcomes.items():
        CHECKS.labels(*outcome).inc(count)
    for result in results:
        if result.timings.total_ms is not None:
            LATENCY.observe(result.timings.total_ms / 1000)
