"""Monitors into specs: everything a probe needs, secrets included, so that it looks nothing up."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from monitors.instants import whole_ms
from monitors.models import Monitor
from monitors.secrets import SecretsUnreadable, join, unseal
from pipeline import dispatch
from pipeline.dispatch import QueuesAway
from pipeline.messages import pack_specs
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)


def build_spec(monitor: Monitor, *, region: str, at: datetime) -> CheckSpec:
    """Raises ``SecretsUnreadable`` when FIELD_ENCRYPTION_KEY has changed. One that is not stored is number
    0."""
    config = join(monitor.config, unseal(monitor.secrets)) if monitor.secrets else monitor.config
    return CheckSpec(
        monitor_id=monitor.pk or 0,
        revision=monitor.revision,
        kind=monitor.kind,
        target=monitor.url,
        region=region,
        scheduled_at=whole_ms(at),
        timeout_s=monitor.timeout_s,
        config=config,
    )


def build_specs(due: Iterable[tuple[Monitor, str, datetime]]) -> list[CheckSpec]:
    """Specs for all that can be built; a monitor whose secrets cannot be read is left out and logged."""
    specs = []
    for monitor, region, at in due:
        try:
            specs.append(build_spec(monitor, region=region, at=at))
        except SecretsUnreadable as error:
            logger.error("spec left out monitor=%d: %s", monitor.pk, error)
    return specs


def check_soon(monitors: Iterable[Monitor], *, now: datetime, delay_s: float = 0.0) -> None:
    """Ask for a check of each monitor besides its slots: it is new, edited or resumed. Heartbeats wait
    instead. While the queues are away the next slot must do: the change itself is stored."""
    at = now + timedelta(seconds=delay_s)
    due = [
        (m, region, at) for m in monitors if m.kind != "heartbeat" and m.enabled for region in m.watched_from
    ]
    try:
        send_specs(build_specs(due), delay_s=delay_s)
    except QueuesAway as error:
        logger.warning("check soon left to the slots monitors=%d: %s", len(due), error)


def send_specs(specs: Iterable[CheckSpec], *, delay_s: float = 0.0) -> None:
    """Ask for these checks in ``delay_s`` seconds."""
    dispatch.send_all("checks", pack_specs(specs, delay_s=delay_s))
