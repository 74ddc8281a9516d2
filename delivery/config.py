"""What a user may configure for each kind of channel, and how a mistake is explained to a person.

No network and no clock. ``check_config`` is what forms and APIs call before they store a channel. What is
secret is split off by ``split_secrets`` before it is stored or shown, and put back by ``join_secrets``.
"""

import difflib
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec

from delivery.forms import FORMS, Form
from delivery.judging import ALWAYS_SECRET, JUDGES
from probes.mistakes import ConfigError

__all__ = ["FORMS", "ConfigError", "check_config", "describe_kinds", "join_secrets", "split_secrets"]


def check_config(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete configuration of ``kind``, every default filled in, or raise ``ConfigError`` with
    all the faults there are.

    Idempotent: what it returns, it accepts and returns unchanged.
    """
    if kind not in FORMS:
        raise ConfigError({"kind": f"There is no kind {kind!r}; choose one of {', '.join(FORMS)}."})
    if not isinstance(given, Mapping):
        raise ConfigError({"config": "Must be an object."})
    form, errors = FORMS[kind][1], dict[str, str]()
    complete = _read_fields(form, given, errors)
    JUDGES[kind](complete, errors)
    if errors:
        raise ConfigError(errors)
    return complete


def _read_fields(form: type[Form], given: Mapping[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    """The fields that can be read, defaults filled in; what cannot is left out and put into ``errors``."""
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    errors |= {str(name): _name_unknown(str(name), list(fields)) for name in given if name not in fields}
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in given:
            try:
                read = msgspec.convert(_strip(given[name]), field.type)
            except msgspec.ValidationError:
                errors[name] = f"Must be {_meta(field.type).description}."
            else:
                values[name] = msgspec.to_builtins(read)
        elif field.required:
            errors[name] = f"Required: {_meta(field.type).description}."
        else:
            values[name] = msgspec.to_builtins(field.default_factory()) if _is_made(field) else field.default
    return values


def _is_made(field: msgspec.structs.FieldInfo) -> bool:
    return field.default_factory is not msgspec.NODEFAULT


def _strip(value: Any) -> Any:
    """As people paste it: with blanks around it."""
    if isinstance(value, str):
        return value.strip()
    return [_strip(item) for item in value] if isinstance(value, list) else value


def _meta(type_: Any) -> msgspec.Meta:
    """The field's own description, not one of the types it is made of."""
    found: msgspec.Meta = next(meta for meta in reversed(type_.__metadata__) if meta.title)
    return found


def _name_unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(known)}."
    return f"There is no field {name[:60]!r}.{hint}"


def _secret_fields(kind: str) -> list[str]:
    fields = msgspec.structs.fields(FORMS[kind][1])
    return [field.name for field in fields if (_meta(field.type).extra or {}).get("secret")]


# ---- secrets ----


def split_secrets(kind: str, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration as people may read it, and its secrets by path (``token``, ``headers.X-Token``).

    Secret headers stay, as ``{"secret": true}``; other secret fields are left out.
    """
    public, secrets = dict(config), dict[str, str]()
    for name in _secret_fields(kind):
        if value := public.pop(name, ""):
            secrets[name] = value
    if kind == "webhook":
        public["headers"] = dict(public.get("headers") or {})
        for name, value in public["headers"].items():
            marked = isinstance(value, Mapping)
            if (marked and value.get("secret", True)) or name.lower() in ALWAYS_SECRET:
                secrets[f"headers.{name}"] = value["value"] if marked else value
                public["headers"][name] = {"secret": True}
    return public, secrets


def join_secrets(kind: str, public: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with the secrets put back where nothing newer stands in their place.

    Serves sending, and serves an edit: what a reader got back without its secrets may be sent again as it
    is. A secret is taken away by an empty text, and kept by null or by leaving it out.
    """
    config = dict(public)
    for name in _secret_fields(kind):
        if config.get(name) is None:
            config.pop(name, None)
            if name in secrets:
                config[name] = secrets[name]
    if isinstance(headers := config.get("headers"), Mapping):
        config["headers"] = {name: _join_header(name, value, secrets) for name, value in headers.items()}
    return config


def _join_header(name: str, value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping) and value.get("value") is None and f"headers.{name}" in secrets:
        return {"value": secrets[f"headers.{name}"], "secret": True}
    return value


# ---- forms ----


def describe_kinds() -> list[dict[str, Any]]:
    """Every kind's form, ready for JSON: what an app needs to draw it."""
    return [
        {
            "kind": kind,
            "label": label,
            "help": (form.__doc__ or "").splitlines()[0],
            "fields": [_describe_field(field) for field in msgspec.structs.fields(form)],
        }
        for kind, (label, form) in FORMS.items()
    ]


def _describe_field(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    meta = _meta(field.type)
    extra: dict[str, Any] = {**(meta.extra or {})}
    choices = _choices(field.type)
    described = {
        "name": field.name,
        "label": meta.title,
        "help": extra.get("help", ""),
        "must_be": meta.description,
        "input": extra.get("input", "choice" if choices else "text"),
        "required": field.required,
        "secret": bool(extra.get("secret")),
        "default": None,
        "choices": choices,
        "example": extra.get("example"),
    }
    if not field.required:
        described["default"] = field.default_factory() if _is_made(field) else field.default
    return described


def _choices(type_: Any) -> list[str] | None:
    inner = get_args(type_)[0]
    return list(get_args(inner)) if get_origin(inner) is Literal else None
