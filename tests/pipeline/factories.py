"""Monitors and results for the pipeline's tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import Team
from monitors.models import Monitor
from monitors.services import create_monitor
from probes.result import CheckResult, Status, Timings

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_team(name="Team"):
    return Team.objects.create(name=name)


def make_monitor(team=None, *, now=T0, **fields) -> Monitor:
    defaults: dict[str, Any] = {"name": "Shop", "kind": "http", "url": "http://shop.test/", "interval_s": 60}
    return create_monitor(team or make_team(), now=now, **(defaults | fields))


def make_result(monitor, at=T0, status=Status.UP, *, region="local", **fields) -> CheckResult:
    status = {"U": Status.UP, "D": Status.DOWN, "S": Status.DEGRADED, "?": Status.UNKNOWN}.get(status, status)
    if status is Status.DOWN:
        fields = {
            "error_code": "http_status",
            "error": "Expected 200-299, got 503.",
            "http_status": 503,
        } | fields
    return CheckResult(
        monitor_id=monitor.pk,
        revision=fields.pop("revision", monitor.revision),
        region=region,
        scheduled_at=at,
        checked_at=at + timedelta(milliseconds=40),
        status=status,
        timings=Timings(total_ms=fields.pop("total_ms", 25)),
        **fields,
    )
