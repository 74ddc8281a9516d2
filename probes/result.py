"""The message that tells what one check found."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """What a check found. ``unknown``: we could not measure; it never counts against the target."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """How long each phase took, in milliseconds; null for a phase that the kind does not have or the check
    did not reach."""

    dns_ms: int | None = None
    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    download_ms: int | None = None
    total_ms: int | None = None


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one ``CheckSpec``; ``error_code`` and ``error`` are empty when all is well.

    ``error_code`` is one of ``probes.errors.ErrorCode``; ``error`` is one plain sentence that names what was
    expected and what came, at most ``ERROR_MAX_CHARS`` characters. ``address`` is the IP address that
    answered.
    """

    monitor_id: int
    revision: int
    region: str
    scheduled_at: datetime
    checked_at: datetime
    status: Status
    error_code: str = ""
    error: str = ""
    http_status: int | None = None
    timings: Timings = Timings()
    address: str = ""
    http_version: str = ""
    size_bytes: int | None = None
    tls_expires_at: datetime | None = None
    domain_expires_at: datetime | None = None


ERROR_MAX_CHARS = 500
