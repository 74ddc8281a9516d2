"""What a user may configure for each kind of check, and how a mistake is explained to a person.

Pure: no network and no clock. ``check_config`` and ``check_target`` are what forms and APIs call before they
store a monitor; a probe converts the stored dictionary to the same structs. What a kind takes is in its own
file, ``probes/kinds/<kind>.py``.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.forms import read_fields
from probes.config_error import ConfigError
from probes.registry import KINDS, load_kind


def check_target(kind: str, target: str) -> str:
    """Return ``target`` in the spelling that a spec of ``kind`` carries; raise ``ConfigError({"url": …})``.

    It judges the spelling only; whether an address may be reached is the guard's decision at check time.
    """
    if kind not in KINDS:
        raise ConfigError({"kind": f"There is no kind {kind!r}."})
    try:
        return load_kind(kind).check_target(target.strip())
    except ValueError as mistake:
        raise ConfigError({"url": str(mistake)}) from None


def check_config(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete configuration of ``kind``, every default filled in, or raise ``ConfigError``.

    Idempotent: what it returns, it accepts and returns unchanged.
    """
    if kind not in KINDS:
        raise ConfigError({"kind": f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}."})
    if not isinstance(config, Mapping):
        raise ConfigError({"config": "Must be an object."})
    rules, errors = load_kind(kind), dict[str, str]()
    values = read_fields(rules.config, rules.tidy(config), errors)
    complete: dict[str, Any] = msgspec.to_builtins(rules.config(**values))
    rules.validate(complete, errors)
    if not errors:
        _validate_size(complete, errors)
    if errors:
        raise ConfigError(errors)
    return complete


MAX_CONFIG_BYTES = 180_000
"""Bytes. A message holds a whole configuration, and queues take 256 KB at most."""


def _validate_size(complete: dict[str, Any], errors: dict[str, str]) -> None:
    try:
        sizes = {name: len(msgspec.json.encode(value)) for name, value in complete.items()}
    except (UnicodeEncodeError, RecursionError):
        errors["config"] = "Must be text that can be encoded, and not nested deep."
        return
    if sum(sizes.values()) > MAX_CONFIG_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        errors[largest] = (
            f"All fields together must have at most {MAX_CONFIG_BYTES} bytes as JSON, not "
            f"{sum(sizes.values())}; most of them are here."
        )
