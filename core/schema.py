"""The API's OpenAPI document tells of each operation what it answers, and everything that it can refuse.

Most refusals follow from the view itself: from its permissions, its path, its body and its throttles. What
code below the view raises (a broken rule, a name that is taken) the view declares with ``can_answer``.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS

_Method = TypeVar("_Method", bound=Callable[..., Any])
_Document = dict[str, Any]

REFUSALS = {
    HTTPStatus.BAD_REQUEST: "A field or a parameter is wrong, by its name; or the request cannot be read.",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or the token, the key or the password is not valid.",
    HTTPStatus.FORBIDDEN: "The role or the API key does not allow this.",
    HTTPStatus.NOT_FOUND: "There is none, or it is another team's.",
    HTTPStatus.NOT_ACCEPTABLE: "There is no answer in the media types that Accept names.",
    HTTPStatus.CONFLICT: "A rule of the product or a quota is in the way; the sentence says which.",
    HTTPStatus.PRECONDITION_FAILED: "It was changed since what If-Match names; read it again.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than what is read here.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is in a media type or a charset that is not read here.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests; Retry-After says in how many seconds to try again.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is not answering. Nothing was changed; try again soon.",
}
_FAULTS: _Document = {
    "type": "object",
    "description": "What is wrong, by field or parameter: `name`, `config.auth.password`, `steps.0.channels`;"
    " `non_field_errors` of the whole. Lists of sentences; `detail` alone is one sentence.",
    "minProperties": 1,
    "additionalProperties": {
        "anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, {"type": "string"}]
    },
}
_PROBLEM: _Document = {
    "type": "object",
    "description": "One sentence: why not.",
    "properties": {"detail": {"type": "string", "minLength": 1}},
    "required": ["detail"],
}
_WAIT: _Document = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 0}}}
# DRF's viewsets call these of ours, and partial_update calls update.
_CALLED_BY = {
    "create": ("perform_create",),
    "update": ("perform_update",),
    "partial_update": ("update", "perform_update"),
    "destroy": ("perform_destroy",),
}


def can_answer(*codes: int) -> Callable[[_Method], _Method]:
    """Declares for a view's method which codes the code below it raises, besides those that every such view
    has."""

    def mark(method: _Method) -> _Method:
        vars(method)["can_answer"] = codes
        return method

    return mark


class ContractSchema(AutoSchema):
    """The schema class of every view (in the settings)."""

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> _Document:
        bodies: _Document = super()._get_response_bodies(*args, **kwargs)
        if self._is_conditional():
            bodies["304"] = {"description": "Nothing has changed since what If-None-Match names."}
        refusals = {*self.list_refusals(), int(HTTPStatus.SERVICE_UNAVAILABLE)}
        bodies |= {str(code): self._describe(code) for code in sorted(refusals)}
        return bodies

    def list_refusals(self) -> set[int]:
        """The 4xx codes that the operation answers. 400 and 413 are always among them: a request may be
        unreadable or too large before it gets to a view."""
        codes = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, *self._list_marked()}
        if self.view.get_authenticators():
            codes |= {HTTPStatus.UNAUTHORIZED} | ({HTTPStatus.FORBIDDEN} if self._needs_role() else set())
        if "{" in self.path:
            codes.add(HTTPStatus.NOT_FOUND)
        negotiator: Any = type(self.view.get_content_negotiator())
        if negotiator.select_renderer is DefaultContentNegotiation.select_renderer:
            codes.add(HTTPStatus.NOT_ACCEPTABLE)
        if self._get_request_body():  # type: ignore[no-untyped-call]
            codes.add(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if any(self.method in getattr(t, "counted", (self.method,)) for t in self.view.get_throttles()):
            codes.add(HTTPStatus.TOO_MANY_REQUESTS)
        return {int(code) for code in codes}

    def _needs_role(self) -> bool:
        """Whether a member of the team may lack the role. Every member may read, unless the view's
        ``read_role`` says otherwise."""
        return self.method not in SAFE_METHODS or getattr(self.view, "read_role", "viewer") != "viewer"

    def _is_conditional(self) -> bool:
        actions = getattr(self.view, "conditional_actions", ())
        return self.method == "GET" and getattr(self.view, "action", None) in actions

    def _list_marked(self) -> set[int]:
        name = getattr(self.view, "action", None) or self.method.lower()
        methods = [
            vars(kind)[called]
            for kind in type(self.view).__mro__
            for called in (name, *_CALLED_BY.get(name, ()))
            if called in vars(kind)
        ]
        return {code for method in methods for code in getattr(method, "can_answer", ())}

    def _describe(self, code: int) -> _Document:
        shape = "Faults" if code == HTTPStatus.BAD_REQUEST else "Problem"
        for name, schema in {"Faults": _FAULTS, "Problem": _PROBLEM}.items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema
            )
            self.registry.register_on_missing(component)
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
        described: _Document = {"description": REFUSALS[HTTPStatus(code)], "content": content}
        waits = code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        return described | ({"headers": _WAIT} if waits else {})
