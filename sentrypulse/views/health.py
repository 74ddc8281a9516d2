"""Are we well ourselves? For load balancers (``/api/v1/health``) and for Prometheus (``/metrics``)."""

import hmac
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core.client_address import client_address, is_forwarded
from pipeline.health.report import examine
from sentrypulse import __version__


@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while checks and alerts happen, else 503, with the parts; public, and tells nothing of anybody's
    data."""
    if request.method not in ("GET", "HEAD"):
        why = {"detail": f'Method "{request.method}" not allowed.'}
        return JsonResponse(why, status=405, headers={"Allow": "GET, HEAD"})
    report = examine(now=timezone.now())
    return JsonResponse({"version": __version__, **report}, status=200 if report["ok"] else 503)


def _count_replaced(report: dict[str, Any]) -> CounterMetricFamily:
    replaced = CounterMetricFamily(
        "sentrypulse_loops_replaced", "Loops of this process that stood still and were replaced"
    )
    replaced.add_metric([], float(report["loops"]["replaced"] if report["loops"] else 0))
    return replaced


class _OwnState(Collector):
    """Gauges that are read when they are asked for."""

    def collect(self) -> Any:
        report = examine(now=timezone.now())
        well = GaugeMetricFamily("sentrypulse_well", "1 while checks and alerts happen, as health says")
        well.add_metric([], float(report["ok"]))
        yield well
        parts = GaugeMetricFamily("sentrypulse_part_well", "The same by part", labels=["part"])
        for name, part in report.items():
            if isinstance(part, dict) and "ok" in part:
                parts.add_metric([name], float(part["ok"]))
        yield parts
        yield _count_replaced(report)
        up = GaugeMetricFamily("sentrypulse_database_up", "1 when the database answers")
        up.add_metric([], float(report["database"]["ok"]))
        yield up
        lag = GaugeMetricFamily("sentrypulse_scheduler_lag_seconds", "Since the scheduler last came round")
        lag.add_metric([], report["scheduler"].get("lag_s", float("nan")))
        yield lag
        rolled = GaugeMetricFamily("sentrypulse_rollup_lag_seconds", "Since the last hour that is rolled up")
        rolled.add_metric([], report["rollups"].get("lag_s", float("nan")))
        yield rolled
        if report["archive"] is not None:
            archive = GaugeMetricFamily(
                "sentrypulse_archive_up", "0 when the archive took nothing at the last purge"
            )
            archive.add_metric([], float(report["archive"]["ok"]))
            yield archive
        depth = GaugeMetricFamily("sentrypulse_queue_messages", "Messages waiting", labels=["queue"])
        dead = GaugeMetricFamily("sentrypulse_dead_letters", "Messages given up", labels=["queue"])
        for name, figures in report["queues"].items():
            depth.add_metric([name], figures["waiting"])
            dead.add_metric([name], figures["dead_letters"])
        yield depth
        yield dead

    def describe(self) -> Any:
        """Nothing: registering must not touch the database."""
        return []


REGISTRY.register(_OwnState())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: with METRICS_TOKEN as bearer token, or without one from this machine itself."""
    if not _may_scrape(request):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        expected = f"Bearer {settings.METRICS_TOKEN}"
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode())
    return not is_forwarded(request) and client_address(request) in {"127.0.0.1", "::1"}
