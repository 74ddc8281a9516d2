"""Headers that a user adds to the requests of a channel: which are allowed, and which are secret."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

MAX_HEADERS, MAX_HEADER_CHARS = 20, 4_096
_ALWAYS_SECRET = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# We set these: they frame the message, or say who sends it.
_OURS = {
    "connection", "content-encoding", "content-length", "content-type", "expect", "host", "idempotency-key",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "webhook-id",
    "webhook-signature", "webhook-timestamp",
}  # fmt: skip


class HeaderValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header's value. A ``secret`` one is never shown again."""

    value: str
    secret: bool = True

    def __repr__(self) -> str:
        return "HeaderValue(…)"


def check_headers(headers: dict[str, Any], errors: dict[str, str]) -> None:
    """Add what is wrong to ``errors``, and mark the headers that are always secret as such in ``headers``."""
    for name, value in headers.items():
        problem = _check_header(name, value if isinstance(value, str) else value["value"])
        if problem:
            errors.setdefault(f"headers.{name[:100]}", problem)
        if isinstance(value, str) and name.lower() in _ALWAYS_SECRET:
            headers[name] = {"value": value, "secret": True}
    if len(headers) > MAX_HEADERS:
        errors["headers"] = f"At most {MAX_HEADERS} headers, got {len(headers)}."
    elif len({name.lower() for name in headers}) < len(headers):
        errors["headers"] = "Each header once; a name is the same in capital and small letters."


def _check_header(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        return "A header's name has letters, digits and hyphens only, at most 100."
    if name.lower() in _OURS:
        return "This header is set by us; leave it out."
    if _CONTROL.search(value) or not value.isascii():
        return "A header's value is plain ASCII, without line breaks or control characters."
    if len(value) > MAX_HEADER_CHARS:
        return f"A header's value has at most {MAX_HEADER_CHARS} characters."
    return ""


def split_headers(headers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The headers with ``{"secret": true}`` in place of each secret value, and the secret values by path."""
    public, secrets = dict(headers), dict[str, str]()
    for name, value in headers.items():
        marked = isinstance(value, Mapping)
        if (marked and value.get("secret", True)) or name.lower() in _ALWAYS_SECRET:
            secrets[f"headers.{name}"] = value["value"] if marked else value
            public[name] = {"secret": True}
    return public, secrets


def join_headers(headers: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The headers with the stored secret values put back, unless they hold newer ones."""
    return {name: _join(name, value, secrets) for name, value in headers.items()}


def _join(name: str, value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping) and value.get("value") is None and f"headers.{name}" in secrets:
        return {"value": secrets[f"headers.{name}"], "secret": True}
    return value
