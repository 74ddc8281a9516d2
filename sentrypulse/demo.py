"""Targets to watch without the internet, served by ourselves, the monitors that watch them, and their status
page."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from accounts.models import Team
from actions import monitors as actions
from monitors.models import Monitor
from statuspages.models import StatusPage
from statuspages.services import create_page

FLAKY_PERIOD_S, FLAKY_DOWN_S = 240, 60


def ok(request: HttpRequest) -> JsonResponse:
    """A healthy API."""
    return JsonResponse({"status": "ok", "version": "demo"})


def flaky(request: HttpRequest) -> HttpResponse:
    """Broken for one minute in four."""
    if time.time() % FLAKY_PERIOD_S < FLAKY_DOWN_S:
        return HttpResponse("The demo shop is closed for a minute.\n", status=503, content_type="text/plain")
    return HttpResponse("Welcome to the demo shop.\n", content_type="text/plain")


DEMO_PATHS = [path("demo/ok", ok), path("demo/flaky", flaky)]


def make_demo_monitors(team: Team, *, now: datetime) -> list[Monitor]:
    """Make the demo's monitors in ``team`` unless it has monitors already; those that were made."""
    if Monitor.objects.filter(team=team).exists():
        return []
    here = f"http://127.0.0.1:{settings.PORT}"
    shared: dict[str, Any] = {"now": now, "tags": ["demo"], "interval_s": 20}
    asked: tuple[dict[str, Any], ...] = (
        {
            "name": "Demo API",
            "kind": "http",
            "url": f"{here}/demo/ok",
            "config": {"json_path": "$.status", "json_equals": "ok"},
        },
        {"name": "Demo shop (flaky)", "kind": "http", "url": f"{here}/demo/flaky", "recheck_s": 5},
        {"name": "Demo port", "kind": "tcp", "url": f"127.0.0.1:{settings.PORT}"},
        {
            "name": "Demo backup job",
            "kind": "heartbeat",
            "url": "",
            "interval_s": 60,
            "config": {"period_s": 3600, "grace_s": 600},
        },
    )
    return [actions.create(team, **(shared | fields)) for fields in asked]


DEMO_SLUG = "demo-shop"


def make_demo_page(team: Team, monitors: Sequence[Monitor], *, now: datetime) -> StatusPage | None:
    """A status page of the demo's monitors; None where its name is taken."""
    if not monitors or StatusPage.objects.filter(slug=DEMO_SLUG).exists():
        return None
    api, shop, port, backup = monitors
    return create_page(
        team,
        now=now,
        slug=DEMO_SLUG,
        title="Demo shop",
        description="How the demo is doing. The shop closes for one minute in four, so that there is news.",
        timezone=team.timezone,
        components=[
            {"group": "Shop", "name": "Web shop", "description": "Where people buy", "monitors": [shop]},
            {"group": "Shop", "name": "API", "description": "What apps talk to", "monitors": [api]},
            {"group": "Behind it", "name": "Web server", "monitors": [port]},
            {"group": "Behind it", "name": "Nightly backup", "monitors": [backup]},
        ],
    )
