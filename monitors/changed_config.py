"""What becomes of a configuration that users change: the rest of it, and its stored secrets, which go to
their own host only."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from core.field_encryption import SecretsUnreadable, unseal
from monitors.models import Monitor
from monitors.secrets import join
from probes.config import check_target
from probes.config_error import ConfigError
from probes.registry import HEARTBEAT, load_kind


def merge_config(monitor: Monitor, part: Any) -> Any:
    """The whole configuration after a change of a part of it."""
    if not isinstance(part, Mapping):
        return part
    merged = {**monitor.config, **part}
    if monitor.kind == HEARTBEAT:  # of cadences there is one: a new one takes the other's place
        if part.get("cron") and "period_s" not in part:
            merged["period_s"] = None
        elif part.get("period_s") and "cron" not in part:
            merged["cron"] = ""
    return merged


def read_secrets(monitor: Monitor) -> dict[str, str]:
    """Secrets that no key opens any more are as good as none: the user is asked to send them again."""
    try:
        return unseal(monitor.secrets)
    except SecretsUnreadable:
        return {}


def moves_secrets(monitor: Monitor, changes: Mapping[str, Any]) -> bool:
    """Would stored secrets go to another server, or in the clear where they went by TLS?"""
    config = changes.get("config")
    try:
        url = check_target(monitor.kind, changes["url"]) if "url" in changes else monitor.url
    except ConfigError:
        url = monitor.url  # refused for what it is
    rules = load_kind(monitor.kind)
    new = config if isinstance(config, Mapping) else monitor.config
    return rules.moves_secrets(monitor.url, monitor.config, url, new)


def restore_secrets(config: Any, stored: Mapping[str, str], *, moves: bool) -> Any:
    """``config`` with its stored secrets, where it came back without them. Raises ``ValidationError`` where
    the target ``moves`` to another host."""
    if not isinstance(config, Mapping):
        return config
    full = join(config, stored)
    kept = [path for path in stored if _value_at(full, path) != _value_at(config, path)]
    if moves and kept:
        why = (
            "Send it again: the target moves to another host, and a stored secret goes to its own host only."
        )
        raise ValidationError({f"config.{path}": why for path in kept})
    return full


def _value_at(config: Mapping[str, Any], path: str) -> Any:
    section, _, name = path.partition(".")
    values = config.get(section)
    return values.get(name) if isinstance(values, Mapping) else None
