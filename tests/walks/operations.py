"""Every operation of the API's document, with an address of the world's and a body that is taken."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from tests.walks.test_strangers import _NAMES

METHODS = ("get", "post", "put", "patch", "delete")
PICTURE = "/api/v1/status-pages/{id}/logo"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    document: dict[str, Any]

    @property
    def name(self):
        return f"{self.method.upper()} {self.path}"

    @property
    def fields(self):
        """The document's schema of each field of its JSON body."""
        content = self.document.get("requestBody", {}).get("content", {}).get("application/json")
        return resolve(content["schema"]).get("properties", {}) if content else {}

    @property
    def queries(self):
        return [part["name"] for part in self.document.get("parameters", ()) if part["in"] == "query"]

    def address(self, ids, **instead):
        """Its path with the ids of ``ids``; ``instead`` names others, by the parameter."""
        path = self.path.format_map({name: f"{{{name}}}" for name in self.parameters} | instead)
        for plural, name in _NAMES.items():
            path = re.sub(rf"({plural}/){{\w+}}", rf"\g<1>{ids[name]}", path)
        return path.replace("{month}", str(ids["month"]))

    @property
    def parameters(self):
        return re.findall(r"{(\w+)}", self.path)


def find_operation(method, path):
    """The document's operation at an address, however it ends; None for a HEAD's, and where there is none."""
    spelled = path.partition("?")[0].strip("/")
    for operation in list_operations():
        if operation.method == method.lower() and re.fullmatch(
            re.sub(r"{\w+}", "[^/]+", operation.path.strip("/")), spelled
        ):
            return operation
    return None


def require_documented(answer, method, path):
    """What is answered is in the document of the operation, if there is one: not where 405 says otherwise
    (``channels/kinds`` looks like a channel's address)."""
    operation = find_operation(method, path)
    if operation is not None and answer.status_code != 405:
        named = operation.document["responses"]
        assert str(answer.status_code) in named, (operation.name, answer.status_code, answer.content[:200])


@lru_cache(maxsize=1)
def read_document():
    return SchemaGenerator().get_schema(request=None, public=True)


def resolve(schema):
    """The schema itself, where it is only a reference to one."""
    while "$ref" in schema or len(schema.get("allOf", ())) == 1:
        name = schema["$ref"] if "$ref" in schema else schema["allOf"][0].get("$ref")
        if name is None:
            return schema["allOf"][0]
        schema = read_document()["components"]["schemas"][name.rpartition("/")[2]]
    return schema


@lru_cache(maxsize=1)
def list_operations():
    paths = read_document()["paths"].items()
    return [Operation(m, path, item[m]) for path, item in paths for m in METHODS if m in item]


def make_bodies(ids):
    """A body that each writing operation takes, by its path. ``PUT`` and ``PATCH`` take that of ``POST``."""
    monitor = {
        "name": "Probe",
        "kind": "http",
        "url": "http://127.0.0.1:9/",
        "config": {
            "headers": {"X-Token": {"value": "s", "secret": True}},
            "keyword": "ok",
            "json_equals": [1],
        },
        "tags": ["prod"],
    }
    channel = {"name": "Hook", "kind": "webhook", "config": {"url": "https://example.com/hook"}}
    rule = {"name": "All", "steps": [{"channels": [ids["channel"]]}], "tags": ["prod"], "quiet_from": "22:00"}
    rule |= {"quiet_until": "06:00", "timezone": "Europe/Berlin", "monitors": [ids["monitor"]]}
    window = {"title": "Upgrade", "starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-01T01:00:00Z"}
    window |= {"monitors": [ids["monitor"]], "rrule": "FREQ=WEEKLY;BYDAY=MO", "timezone": "Europe/Berlin"}
    page = {"title": "Acme", "slug": "acme-two", "components": [{"name": "A", "monitors": [ids["monitor"]]}]}
    post = {"text": "We look.", "title": "Trouble", "severity": "minor", "components": [ids["component"]]}
    secret = {"email": "eve@example.com", "password": "correct horse battery"}
    return {
        "/api/v1/alert-rules/": rule,
        "/api/v1/alert-settings/": {"digest_over": 5},
        "/api/v1/alert-templates/": {"event": "recovered", "subject": "{{ headline }}", "text": "ok"},
        "/api/v1/alert-templates/preview": {"subject": "{{ headline }}"},
        "/api/v1/api-keys/": {"name": "CI", "scope": "read", "expires_at": "2030-01-01T00:00:00Z"},
        "/api/v1/auth/logout": {"refresh": "x"},
        "/api/v1/auth/me": {"name": "Ada"},
        "/api/v1/auth/password": {"current_password": "x", "new_password": "staple battery horse"},
        "/api/v1/auth/password/reset": {"email": "eve@example.com"},
        "/api/v1/auth/password/reset/confirm": {
            "uid": "MQ",
            "token": "a-b",
            "new_password": "staple horse 1",
        },
        "/api/v1/auth/register": secret | {"name": "Eve"},
        "/api/v1/auth/token": secret,
        "/api/v1/auth/token/refresh": {"refresh": "x"},
        "/api/v1/channels/": channel,
        "/api/v1/incidents/": {"title": "Slow", "severity": "minor", "text": "We look."},
        "/api/v1/incidents/{id}/resolve": {"text": "Done."},
        "/api/v1/incidents/{id}/updates": {"text": "Still.", "status": "identified"},
        "/api/v1/invitations/accept": {"token": "x"},
        "/api/v1/maintenance/": window,
        "/api/v1/maintenance/preview": {"monitors": [ids["monitor"]], "tags": ["prod"]},
        "/api/v1/monitors/": monitor,
        "/api/v1/monitors/{id}/maintenance": {"duration_s": 3600},
        "/api/v1/status-pages/{id}/preview": {"title": "Acme, soon"},
        "/api/v1/monitors/{id}/clone": {"name": "Copy"},
        "/api/v1/monitors/bulk": {"action": "edit", "ids": [ids["monitor"]], "add_tags": ["x"]},
        "/api/v1/monitors/import": {"monitors": [monitor]},
        "/api/v1/monitors/import/preview": {"monitors": [monitor]},
        "/api/v1/monitors/test": monitor | {"kind": "tcp", "url": "127.0.0.1:9", "config": {}},
        "/api/v1/sla-reports/{month}/correct": {"reason": "A wrong clock."},
        "/api/v1/slos/": {"name": "Promise", "monitor": ids["monitor"], "target": 0.99, "window_days": 7},
        "/api/v1/status-pages/": page,
        "/api/v1/status-pages/{page_id}/posts/": post,
        "/api/v1/status-pages/{page_id}/subscribers/": {"address": "bob@example.com"},
        "/api/v1/tags/": {"name": "new"},
        "/api/v1/teams/": {"name": "Crew", "timezone": "Europe/Berlin"},
        "/api/v1/teams/{team_id}/invitations/": {"email": "bob@example.com", "role": "viewer"},
        "/api/v1/teams/{team_id}/members/": {"role": "owner"},
    }


def find_body(bodies, operation):
    """The body of a collection is taken by its objects, too."""
    return bodies.get(operation.path) or bodies[re.sub(r"{\w+}/$", "", operation.path)]
