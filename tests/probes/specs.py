"""Specs for tests, made the way the product makes them."""

from datetime import UTC, datetime
from typing import Any

from probes.config import check_config
from probes.spec import CheckSpec

SCHEDULED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_spec(
    kind: str, target: str, *, timeout_s: float = 2.0, monitor_id: int = 7, revision: int = 3, **config: Any
) -> CheckSpec:
    """A spec whose target is taken as it is, however odd, and whose configuration is completed."""
    return CheckSpec(
        monitor_id=monitor_id,
        revision=revision,
        kind=kind,
        target=target,
        region="eu",
        scheduled_at=SCHEDULED_AT,
        timeout_s=timeout_s,
        config=check_config(kind, config),
    )
