"""The kinds' configurations in the OpenAPI document, made of the structs that judge them.

A body takes what the struct takes (``HttpConfigRequest``); an answer has every field but the secrets
(``HttpConfig``).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.forms import read_meta
from delivery.registry import KINDS as CHANNEL_KINDS
from delivery.registry import load_kind as load_channel
from probes.registry import KINDS as MONITOR_KINDS
from probes.registry import load_kind as load_monitor

Schemas = dict[str, Any]
REF = "#/components/schemas/"
_SECRETS_OF = {"BasicAuth": {"password"}, "BearerAuth": {"token"}}
_MASKED = ("SecretValue", "HeaderValue")
"""Of a secret header an answer says only that it is one."""


def monitor_configs() -> Schemas:
    """Every kind's ``…Config`` and ``…ConfigRequest``, and ``MonitorConfig`` and ``MonitorConfigRequest``,
    which are any of them."""
    structs = [load_monitor(kind).config for kind in MONITOR_KINDS]
    return _describe("MonitorConfig", {struct: struct.__name__ for struct in structs}, {})


def channel_configs() -> Schemas:
    """The same of channels: ``EmailChannelConfig``, …, ``ChannelConfig``."""
    forms = [load_channel(kind).form for kind in CHANNEL_KINDS]
    names: dict[type[msgspec.Struct], str] = {
        form: form.__name__.removesuffix("Form") + "ChannelConfig" for form in forms
    }
    return _describe("ChannelConfig", names, {form.__name__: _list_secrets(form) for form in forms})


def _list_secrets(form: type[msgspec.Struct]) -> set[str]:
    fields = msgspec.structs.fields(form)
    return {field.name for field in fields if (read_meta(field.type).extra or {}).get("secret")}


def _describe(
    union: str, names: Mapping[type[msgspec.Struct], str], secrets: Mapping[str, Iterable[str]]
) -> Schemas:
    _, found = msgspec.json.schema_components(list(names), ref_template="{name}")
    spelled = {struct.__name__: name for struct, name in names.items()}
    described: Schemas = {}
    for struct, schema in found.items():
        name = spelled.get(struct, struct)
        hidden = {*secrets.get(struct, ()), *_SECRETS_OF.get(struct, ())}
        for suffix in ("", "Request"):
            schema_there = _translate(schema, spelled, suffix)
            schema_there["description"] = _first_paragraph(str(schema.get("description", name)))
            if not suffix:
                _keep_shown(schema_there, hidden=hidden, masked=struct in _MASKED)
            described[name + suffix] = schema_there
    for suffix in ("", "Request"):
        refs = [{"$ref": REF + name + suffix} for name in names.values()]
        described[union + suffix] = {"anyOf": refs, "description": "That of its `kind`"}
    return described


def _keep_shown(schema: Schemas, *, hidden: Iterable[str], masked: bool) -> None:
    """Make of what a body takes what an answer shows."""
    fields = schema["properties"]
    for name in hidden:
        fields.pop(name, None)
    if masked:
        fields.pop("value", None)
        schema.pop("additionalProperties", None)
    for field in fields.values():
        field.pop("default", None)
    schema.pop("required", None)
    if fields:
        schema["required"] = sorted(fields)


def _translate(schema: Any, spelled: Mapping[str, str], suffix: str) -> Any:
    """JSON Schema as OpenAPI 3.0 spells it: null is no type there, and a list of types is none either."""
    if isinstance(schema, list):
        return [_translate(part, spelled, suffix) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(ref := schema.get("$ref"), str):
        return {"$ref": f"{REF}{spelled.get(ref, ref)}{suffix}"}
    plain = {key: value for key, value in schema.items() if key not in ("title", "discriminator")}
    if plain.get("required") == []:
        del plain["required"]
    default = {"default": plain.pop("default")} if "default" in plain else {}
    told = {
        key: value if key == "enum" else _translate(value, spelled, suffix) for key, value in plain.items()
    }
    if "enum" in told:
        told["type"] = "string"
    if "exclusiveMaximum" in told:
        told |= {"maximum": told["exclusiveMaximum"], "exclusiveMaximum": True}
    if {"type": "null"} in told.get("anyOf", ()):
        others = [part for part in told.pop("anyOf") if part != {"type": "null"}]
        first = others[0]
        same = len(others) == 1 and "$ref" not in first
        told |= {**(first if same else {"anyOf": others}), "nullable": True}
    return told | default


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
