"""One check, at once, because somebody asked for it."""

from datetime import datetime

from django.utils import timezone

from core.errors import RuleViolation
from core.field_encryption import SecretsUnreadable
from monitors.models import Monitor
from pipeline.edge import probe_now
from pipeline.specs import build_spec
from pipeline.stages.record import record
from probes.registry import HEARTBEAT
from probes.result import CheckResult


def check_now(monitor: Monitor, *, now: datetime) -> CheckResult:
    """Check the monitor and record what was found (not for a paused one: paused is no data).

    Raises ``RuleViolation`` for a heartbeat, for secrets that no key opens, and when the edge is away. Blocks
    for as long as the check takes, its timeout at most.
    """
    if monitor.kind == HEARTBEAT:
        raise RuleViolation(
            "A heartbeat waits to be pinged: there is nothing to run. Call its ping_url instead."
        )
    try:
        spec = build_spec(monitor, region=monitor.watched_from[0], at=now)
    except SecretsUnreadable as error:
        raise RuleViolation(str(error)) from None
    result = probe_now(spec)
    if monitor.enabled:
        record([result], now=timezone.now())
    return result


def try_draft(draft: Monitor, *, now: datetime) -> CheckResult:
    """Check what is not stored yet, from its first region. Stores nothing. Raises as ``check_now`` does."""
    if draft.kind == HEARTBEAT:
        raise RuleViolation("A heartbeat waits to be pinged: there is nothing to test before it is created.")
    return probe_now(build_spec(draft, region=draft.watched_from[0], at=now))
