"""Rules that several kinds share, beyond the type of one field: how people may write a value, and which
fields do not go together."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.hosts import check_host
from probes.expiry import spell_thresholds

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MAX_HEADERS = 50
MAX_HEADER_CHARS = 4_096
# We set these: libcurl frames the request, and a second value would desynchronise it.
_FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"}


def tidy_tls(config: Mapping[str, Any]) -> dict[str, Any]:
    """Do as ``tidy_family`` does, and bring the thresholds of expiry into their normal form."""
    tidy = tidy_family(config)
    if "tls_expiry_days" in tidy:
        tidy["tls_expiry_days"] = spell_thresholds(tidy["tls_expiry_days"])
    return tidy


def tidy_family(config: Mapping[str, Any]) -> dict[str, Any]:
    """Accept the IP family as a number (4), and store it as text ("4")."""
    tidy = dict(config)
    if tidy.get("ip_family") in (4, 6):
        tidy["ip_family"] = str(tidy["ip_family"])
    return tidy


def collect_error(errors: dict[str, str], field: str, check: Callable[[], object]) -> None:
    """Run ``check``. When it raises ``ValueError``, the text becomes the field's error, unless the field has
    one."""
    try:
        check()
    except ValueError as mistake:
        errors.setdefault(field, str(mistake))


def validate_credentials(config: dict[str, Any], errors: dict[str, str]) -> None:
    """Judge ``headers`` and ``auth``: whether an HTTP request can carry them."""
    for name, value in config["headers"].items():
        problem = _judge_header(name, value if isinstance(value, str) else value["value"])
        if problem:
            errors.setdefault(f"headers.{name[:100]}", problem)
    if len(config["headers"]) > MAX_HEADERS:
        errors["headers"] = f"At most {MAX_HEADERS} headers, got {len(config['headers'])}."
    names = {name.lower() for name in config["headers"]}
    auth = config["auth"] or {}
    if auth and "authorization" in names:
        errors.setdefault("auth", "Set either auth or an Authorization header, not both.")
    if any(CONTROL.search(value) for value in auth.values()):
        errors.setdefault("auth", "Must not contain line breaks or control characters.")
    if ":" in auth.get("username", ""):
        errors.setdefault("auth", "The user name must not contain a colon.")


def validate_server_name(config: dict[str, Any], errors: dict[str, str]) -> None:
    """Judge ``server_name``, the name that the certificate must be for, and normalise it."""
    if config["server_name"]:
        try:
            config["server_name"] = check_host(config["server_name"])
        except ValueError as mistake:
            errors.setdefault("server_name", str(mistake))


def _judge_header(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        return "A header's name has letters, digits and hyphens only, at most 100."
    if name.lower() in _FRAMING:
        return "This header is set by the connection itself; leave it out."
    if CONTROL.search(value):
        return "A header's value must not contain line breaks or control characters."
    if len(value) > MAX_HEADER_CHARS:
        return f"A header's value has at most {MAX_HEADER_CHARS} characters."
    return ""


def moves_secrets(old: str, old_config: Mapping[str, Any], new: str, new_config: Mapping[str, Any]) -> bool:
    """Whether a request with the new configuration goes to another server, or unencrypted where it went by
    TLS. The Host header counts as well, because a server may choose by it who it is."""
    before, after = urlsplit(old), urlsplit(new)
    upgraded = after.scheme == f"{before.scheme}s" and before.port is None and after.port is None
    stays = before.netloc == after.netloc and (upgraded or before.scheme == after.scheme)
    return not stays or _host_header(old_config) != _host_header(new_config)


def _host_header(config: Mapping[str, Any]) -> str:
    headers = config.get("headers")
    if not isinstance(headers, Mapping):
        return ""
    values = [value for name, value in headers.items() if str(name).lower() == "host"]
    value = values[0].get("value") if values and isinstance(values[0], Mapping) else "".join(map(str, values))
    return str(value).strip().lower()
