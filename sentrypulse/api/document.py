"""What the OpenAPI document says beyond what its views say of themselves.

``complete_document`` is a hook of drf-spectacular's settings, called with the whole document. It needs no
database, so ``manage.py spectacular --file openapi.yaml`` writes the document anywhere.
"""

from collections.abc import Iterator
from typing import Any

from core.engine import Engine
from core.values import BIGGEST_ID
from sentrypulse.api.document_configs import REF, channel_configs, monitor_configs

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
_CONFIGS = {
    "Monitor": "MonitorConfig",
    "MonitorRequest": "MonitorConfigRequest",
    "PatchedMonitorRequest": "MonitorConfigRequest",
    "DraftRequest": "MonitorConfigRequest",
    "ImportRowRequest": "MonitorConfigRequest",
    "ExportRow": "MonitorConfig",
    "Channel": "ChannelConfig",
    "ChannelRequest": "ChannelConfigRequest",
    "PatchedChannelRequest": "ChannelConfigRequest",
}
"""Whose ``config`` is which union of the kinds' own."""
_ETAG = {
    "ETag": {"description": "Of this answer; send it back as If-None-Match.", "schema": {"type": "string"}}
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of what you have: 304 where it still holds.",
    "schema": {"type": "string"},
}
_PART: Document = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "error": {"type": "string"}},
    "required": ["ok"],
    "additionalProperties": {},
}
_PARTS = ["database", "writes", "scheduler", "broker", "checks", "alerts", "heartbeats", "jobs", "loops"]
_PARTS += ["workers", "secrets", "network", "resources", "pages", "rollups", "archive", "watchdog", "mail"]
"""As ``pipeline.health.report.examine`` tells them."""
_HEALTH: Document = {
    "type": "object",
    "description": "Whether checks and alerts happen, and by part why not. A part that is null is not ours.",
    "properties": {
        "version": {"type": "string"},
        "ok": {"type": "boolean"},
        "engine": {"type": "string", "enum": [engine.value for engine in Engine]},
        **{name: {"allOf": [{"$ref": f"{REF}HealthPart"}], "nullable": True} for name in _PARTS},
        "queues": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "dead_letters": {"type": "integer", "nullable": True},
    },
    "additionalProperties": False,
}


def complete_document(result: Document, **_: Any) -> Document:
    """Complete and tighten the document."""
    schemas = result["components"]["schemas"]
    _add_configs(schemas)
    for path, operation in list_operations(result):
        _number_ids(operation)
        _tell_etag(operation)
        if path == "/api/v1/monitors/import":
            _tell_import_faults(schemas, operation)
    result["paths"]["/api/v1/health"] = {"get": _describe_health(result)}
    schemas["Health"], schemas["HealthPart"] = _HEALTH, _PART
    _require_answers(result)
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def list_operations(result: Document) -> Iterator[tuple[str, Document]]:
    for path, item in result["paths"].items():
        yield from ((path, item[method]) for method in METHODS if method in item)


def _add_configs(schemas: Document) -> None:
    schemas |= monitor_configs() | channel_configs()
    for name, union in _CONFIGS.items():
        fields = schemas.get(name, {}).get("properties", {})
        if "config" in fields:
            about = {"description": fields["config"].get("description", "By kind")}
            fields["config"] = {"allOf": [{"$ref": REF + union}], **about}


def _number_ids(operation: Document) -> None:
    """A path whose pattern takes digits alone takes a number."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["schema"].get("pattern") == "^[0-9]+$":
            parameter["schema"] = {"type": "integer", "minimum": 0, "maximum": BIGGEST_ID}


def _tell_etag(operation: Document) -> None:
    if "304" in operation["responses"]:
        operation["parameters"] = [*operation.get("parameters", ()), _IF_NONE_MATCH]
        for code in ("200", "304"):
            operation["responses"][code]["headers"] = _ETAG


def _tell_import_faults(schemas: Document, operation: Document) -> None:
    row = {"index": {"type": "integer", "minimum": 0}, "errors": {"$ref": f"{REF}Faults"}}
    rows = {"type": "array", "items": {"type": "object", "properties": row, "required": list(row)}}
    by_row = {"type": "object", "properties": {"monitors": rows}, "required": ["monitors"]}
    schemas["ImportFaults"] = {
        "description": "What is wrong with the file as a whole, or by row.",
        "anyOf": [{"$ref": f"{REF}Faults"}, by_row],
    }
    refused = operation["responses"]["400"]["content"]["application/json"]
    refused["schema"] = {"$ref": f"{REF}ImportFaults"}


def _describe_health(result: Document) -> Document:
    """Its view is Django's own, so that it answers without what the API's views bring with them."""
    other = result["paths"]["/api/v1/auth/token"]["post"]["responses"]
    content = {"application/json": {"schema": {"$ref": f"{REF}Health"}}}
    return {
        "operationId": "health_retrieve",
        "description": "Are checks made and alerts sent? Public; tells nothing of anybody's data.",
        "tags": ["health"],
        "security": [{}],
        "responses": {
            "200": {"description": "All that must be well, is.", "content": content},
            **{code: other[code] for code in ("400", "413")},
            "503": {"description": "Something is not well: its part says why.", "content": content},
        },
    }


def _require_answers(result: Document) -> None:
    """An answer always has all its fields; so has a component that only answers use."""
    schemas = result["components"]["schemas"]
    asked, answered = set[str](), set[str]()
    for _, operation in list_operations(result):
        _follow([operation.get("requestBody", {}), operation.get("parameters", [])], schemas, asked)
        _follow(operation["responses"], schemas, answered)
    for name in answered - asked - _OPEN:
        if schemas[name].get("type") == "object" and schemas[name].get("properties"):
            schemas[name]["required"] = sorted(schemas[name]["properties"])


_OPEN = {"HealthPart", "Faults"}
"""Answers of which parts may be missing."""


def _follow(schema: Any, schemas: Document, found: set[str]) -> None:
    """Add the names of all components that ``schema`` leads to."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix(REF)
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
