"""Are we well ourselves? For load balancers (``/api/v1/health``) and for Prometheus (``/metrics``)."""

import hmac
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from analytics.models import Archiving
from analytics.uptime import read_rolled_until
from pipeline import dispatch
from pipeline.models import Cursor

STALE_AFTER_S = {"embedded": 60, "celery": 60, "serverless": 180}
"""Lambda's clock comes once a minute, never to the second: its silence begins where the alarm's does."""
ROLLUPS_STALE_AFTER_S = 3 * 3600


def _ask_database() -> dict[str, Any]:
    started = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return {"ok": False, "error": "The database does not answer."}
    return {"ok": True, "took_ms": round((time.perf_counter() - started) * 1000, 1)}


def _ask_scheduler() -> dict[str, Any]:
    try:
        cursor = Cursor.objects.filter(pk="checks").first()
    except (DatabaseError, InterfaceError):
        return {"ok": False, "error": "Unknown: the database does not answer."}
    if cursor is None:
        return {"ok": False, "error": "The schedule has not started yet."}
    lag_s = (timezone.now() - cursor.moved_at).total_seconds()
    stale_after_s = STALE_AFTER_S[settings.ENGINE]
    return {"ok": abs(lag_s) < stale_after_s, "sent_until": cursor.sent_until, "lag_s": round(lag_s, 1)}


def _ask_rollups() -> dict[str, Any]:
    """How far behind the figures' sums are. Readers are right all the same, only slower: it makes nobody
    ill."""
    try:
        rolled_until = read_rolled_until()
    except (DatabaseError, InterfaceError):
        return {"ok": False, "error": "Unknown: the database does not answer."}
    if rolled_until is None:
        return {"ok": True, "rolled_until": None, "lag_s": 0.0}
    lag_s = (timezone.now() - rolled_until).total_seconds()
    return {"ok": lag_s < ROLLUPS_STALE_AFTER_S, "rolled_until": rolled_until, "lag_s": round(lag_s, 1)}


def _ask_archive() -> dict[str, Any] | None:
    """Whether it took what the last purge had. If not, results wait in the database: it makes nobody ill.
    None where there is no archive."""
    if not settings.ARCHIVE_URL:
        return None
    try:
        state = Archiving.objects.filter(pk=Archiving.RESULTS).first()
    except (DatabaseError, InterfaceError):
        return {"ok": False, "error": "Unknown: the database does not answer."}
    if state is None:
        return {"ok": True, "written_at": None}
    if state.problem:  # its text may name a bucket, and health is public
        error = "The archive takes nothing, so no raw result is purged; the admin says why (Archiving)."
        return {"ok": False, "written_at": state.written_at, "error": error}
    return {"ok": True, "written_at": state.written_at}


def _ask_queues() -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    """Whether they answer, and their figures."""
    try:
        return {"ok": True}, dispatch.queue_figures()
    except dispatch.QueuesAway as error:
        return {"ok": False, "error": str(error)}, {}


def examine() -> dict[str, Any]:
    """What ``/api/v1/health`` answers; ``ok`` is true when database, scheduler and queues are."""
    database, scheduler = _ask_database(), _ask_scheduler()
    broker, queues = _ask_queues()
    return {
        "ok": database["ok"] and scheduler["ok"] and broker["ok"],
        "engine": settings.ENGINE,
        "database": database,
        "scheduler": scheduler,
        "rollups": _ask_rollups(),
        "archive": _ask_archive(),
        "broker": broker,
        "queues": queues,
        "dead_letters": sum(queue["dead_letters"] for queue in queues.values()) if broker["ok"] else None,
    }


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and the schedule moves, else 503; public, and tells nothing of
    anybody's data."""
    report = examine()
    return JsonResponse(report, status=200 if report["ok"] else 503)


class _OwnState(Collector):
    """Gauges that are read when they are asked for."""

    def collect(self) -> Any:
        report = examine()
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
    proxied = "X-Forwarded-For" in request.headers or settings.TRUSTED_PROXIES
    return not proxied and request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
