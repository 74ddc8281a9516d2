"""Makes specs of monitors. A spec holds all that a probe needs, secrets included, so a probe looks nothing
up."""

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
from probes.registry import HEARTBEAT
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)


SPEC_COLUMNS = ("revision", "kind", "url", "timeout_s", "config", "secrets", "team")
"""What of a monitor ``build_spec`` reads, besides its id."""


def build_spec(monitor: Monitor, *, region: str, at: datetime, slow: bool = False) -> CheckSpec:
    """The spec of one check; a monitor that is not stored has the id 0. Raises ``SecretsUnreadable`` when
    FIELD_ENCRYPTION_KEY does not open its secrets, and ``TypeError`` when its configuration is no JSON
    object."""
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
    """The specs of all that are ``due``. A spec that cannot be built (its monitor's secrets are unreadable,
    say) is left out and logged."""
    wanted = list(due)
    slow_until = read_slow({monitor.pk for monitor, _, _ in wanted})

    def build(one: tuple[Monitor, str, datetime]) -> CheckSpec:
        monitor, region, at = one
        slow = is_slow(monitor, at=at, until=slow_until.get((monitor.pk, region)))
        return build_spec(monitor, region=region, at=at, slow=slow)

    return do_each("build specs", wanted, build, name=lambda one: ("monitor", one[0].pk))


def check_soon(monitors: Iterable[Monitor], *, now: datetime, delay_s: float = 0.0) -> None:
    """Ask for one check of each enabled monitor in ``delay_s`` seconds, besides its slots: it is new, edited
    or resumed. Heartbeats are left out, for nothing probes them. While the queues are away this only logs a
    warning: the change is stored, and the next slot brings a check."""
    at = now + timedelta(seconds=delay_s)
    due = [
        (m, region, at) for m in monitors if m.kind != HEARTBEAT and m.enabled for region in m.watched_from
    ]
    try:
        send_specs(build_specs(due), delay_s=delay_s)
    except QueuesAway as error:
        logger.warning("check soon left to the slots monitors=%d: %s", len(due), error)


def send_specs(specs: Iterable[CheckSpec], *, delay_s: float = 0.0) -> None:
    """Queue these checks, due in ``delay_s`` seconds. Raises ``QueuesAway``."""
    dispatch.send_all("checks", pack_specs(specs, delay_s=delay_s))
