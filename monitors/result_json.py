"""A result as the API shows it, from a stored row or straight from a probe."""

from datetime import datetime
from typing import Any

from core.formats import spell_rfc3339
from core.instants import whole_ms
from monitors.models import Result
from probes.result import CheckResult

PHASES = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "download_ms", "total_ms")


def _instant(at: datetime | None) -> str | None:
    return spell_rfc3339(whole_ms(at)) if at else None


def result_json(result: Result | CheckResult) -> dict[str, Any]:
    """The public contract's result; JSON types only, so that an incident can keep it as its cause."""
    timings = result.timings if isinstance(result, CheckResult) else result
    return {
        "monitor": result.monitor_id,
        "region": result.region,
        "scheduled_at": _instant(result.scheduled_at),
        "checked_at": _instant(result.checked_at),
        "status": str(result.status),
        "error_code": result.error_code,
        "error": result.error,
        "http_status": result.http_status,
        "timings": {phase: getattr(timings, phase) for phase in PHASES},
        "address": result.address or None,
        "http_version": result.http_version or None,
        "size_bytes": result.size_bytes,
        "tls_expires_at": _instant(result.tls_expires_at),
        "domain_expires_at": _instant(result.domain_expires_at),
    }
