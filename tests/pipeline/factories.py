"""Results as probes send them."""

from datetime import timedelta

from probes.result import CheckResult, Status, Timings
from tests.factories import NOW

T0 = NOW


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
