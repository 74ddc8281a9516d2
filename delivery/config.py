"""What a user may configure for each kind of channel, and how a mistake is explained to a person.

No network and no clock. Forms and APIs call ``check_config`` before they store a channel. ``split_secrets``
takes the secrets out before a configuration is stored or shown, and ``join_secrets`` puts them back.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

from core.forms import describe_type, read_fields, read_meta
from delivery.headers import join_headers, split_headers
from delivery.registry import KINDS, load_kind
from probes.config_error import ConfigError

__all__ = ["ConfigError", "check_config", "describe_kinds", "join_secrets", "split_secrets"]


def check_config(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The complete configuration of ``kind``, with every default filled in. Raises ``ConfigError`` with all
    faults.

    Idempotent: what it returns, it accepts and returns unchanged.
    """
    if kind not in KINDS:
        raise ConfigError({"kind": f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}."})
    if not isinstance(given, Mapping):
        raise ConfigError({"config": "Must be an object."})
    errors = dict[str, str]()
    read = msgspec.to_builtins(read_fields(load_kind(kind).form, given, errors, clean=_strip))
    complete = dict[str, Any]()
    for field in _fields(kind):
        if field.name in read:
            complete[field.name] = read[field.name]
        elif field.name in given:
            pass  # read_fields reported it
        elif field.required:
            errors[field.name] = f"Required: {describe_type(field.type)}."
        else:
            complete[field.name] = msgspec.to_builtins(_default(field))
    load_kind(kind).check(complete, errors)
    if errors:
        raise ConfigError(errors)
    return complete


def _fields(kind: str) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(load_kind(kind).form)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _strip(value: Any) -> Any:
    """Remove the blanks that people paste around a value."""
    if isinstance(value, str):
        return value.strip()
    return [_strip(item) for item in value] if isinstance(value, list) else value


def _secret_fields(kind: str) -> list[str]:
    return [field.name for field in _fields(kind) if (read_meta(field.type).extra or {}).get("secret")]


# ---- secrets ----


def split_secrets(kind: str, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration as people may read it, and its secrets by path (``token``, ``headers.X-Token``).

    A secret header stays, as ``{"secret": true}``; other secret fields are left out.
    """
    public, secrets = dict(config), dict[str, str]()
    for name in _secret_fields(kind):
        if value := public.pop(name, ""):
            secrets[name] = value
    if isinstance(headers := public.get("headers"), Mapping):
        public["headers"], hidden = split_headers(headers)
        secrets |= hidden
    return public, secrets


def join_secrets(kind: str, public: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with the stored secrets put back, unless it holds newer ones.

    Used for sending, and for an edit: a client may send back what it got without the secrets. An empty text
    deletes a secret; null, or leaving it out, keeps it.
    """
    config = dict(public)
    for name in _secret_fields(kind):
        if config.get(name) is None:
            config.pop(name, None)
            if name in secrets:
                config[name] = secrets[name]
    if isinstance(headers := config.get("headers"), Mapping):
        config["headers"] = join_headers(headers, secrets)
    return config


_ADDRESSES = ("url", "server")
"""Fields that say to which server a kind's secrets go, besides addresses that are secret themselves."""


def list_kept_secrets(
    kind: str,
    given: Mapping[str, Any],
    whole: Mapping[str, Any],
    stored: Mapping[str, str],
    *,
    before: Mapping[str, Any],
) -> list[str]:
    """The stored secrets that ``whole`` would send to another server than ``before`` did. Empty when the
    server is the same, or ``given`` brings all of them anew."""
    if all(_origin(before.get(name)) == _origin(whole.get(name)) for name in _ADDRESSES):
        return []
    return [path for path in stored if _value_at(whole, path) != _value_at(given, path)]


def _origin(address: Any) -> tuple[str, str]:
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
    except ValueError:
        return "", ""
    return parts.scheme.lower(), parts.netloc.lower()


def _value_at(config: Mapping[str, Any], path: str) -> Any:
    section, _, name = path.partition(".")
    value = config.get(section)
    if not name:
        return value
    return value.get(name) if isinstance(value, Mapping) else None


# ---- forms ----


def describe_kinds() -> list[dict[str, Any]]:
    """The forms of all kinds, ready for JSON: all that an app needs to draw them."""
    return [
        {
            "kind": name,
            "label": load_kind(name).label,
            "help": (load_kind(name).form.__doc__ or "").splitlines()[0],
            "fields": [_describe_field(field) for field in _fields(name)],
        }
        for name in KINDS
    ]


def _describe_field(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    meta = read_meta(field.type)
    extra: dict[str, Any] = {**(meta.extra or {})}
    choices = _choices(field.type)
    return {
        "name": field.name,
        "label": meta.title,
        "help": extra.get("help", ""),
        "must_be": meta.description,
        "input": extra.get("input", "choice" if choices else "text"),
        "required": field.required,
        "secret": bool(extra.get("secret")),
        "default": None if field.required else _default(field),
        "choices": choices,
        "example": extra.get("example"),
    }


def _choices(type_: Any) -> list[str] | None:
    inner = get_args(type_)[0]
    return list(get_args(inner)) if get_origin(inner) is Literal else None
