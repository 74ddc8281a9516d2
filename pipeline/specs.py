"""Monitors into specs: everything a probe needs, secrets included, so that it looks nothing up."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.field_encryption import unseal
from core.instants import whole_ms
from core.isolation import do_each
from core.json_column import Unreadable
from monitors.models import Monitor
from monitors.pace import is_slow, read_slow
from monitors.secrets import join
from pipeline import dispatch
from pipeline.messages import pack_specs
from pipeline.queues.base import QueuesAway
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)


def build_spec(monitor: Monitor, *, region: str, at: datetime, slow: bool = False) -> CheckSpec:
    """Raises ``SecretsUnreadable`` when FIELD_ENCRYPTION_KEY has changed, ``TypeError`` for a configuration
    that is none. One that is not stored is number 0."""
    config = join(monitor.config, unseal(monitor.secrets)) if monitor.secrets else monitor.config
    if not isinstance(config, dict) or isinstance(config, Unreadable):
        raise TypeError("The stored configuration cannot be read.")
    return CheckSpec(
        monitor_id=monitor.pk or 0,
        revision=monitor.revision,
        kind=monitor.kind,
        target=monitor.url,
        region=region,
        scheduled_at=whole_ms(at),
        timeout_s=monitor.timeout_s,
        config=config,
        team_id=monitor.team_id or 0,
        slow=slow,
    )


def build_specs(due: Iterable[tuple[Monitor, str, datetime]]) -> list[CheckSpec]:
    """Specs for all that can be built; a monitor of which none can (its secrets, say, are unreadable) is left
    out and reported."""
    wanted = list(due)
    slow_until = read_slow({monitor.pk for monitor, _, _ in wanted})

    def build(one: tuple[Monitor, str, datetime]) -> CheckSpec:
        monitor, region, at = one
        slow = is_slow(monitor, at=at, until=slow_until.get((monitor.pk, region)))
        return build_spec(monitor, region=region, at=at, slow=slow)

    return do_each("build specs", wanted, build, name=lambda one: ("monitor", one[0].pk))


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
