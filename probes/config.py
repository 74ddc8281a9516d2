"""What a user may configure for each kind of check, and how a mistake is explained to a person.

Pure: no network and no clock. ``check_config`` and ``check_target`` are what forms and APIs call before they
store a monitor; a probe converts the stored dictionary to the same structs. Targets and cadences have files
of their own and are offered here as well, so that callers need only this module.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from probes.assertions import check_json_path, normalise_json_path, parse_statuses
from probes.cadence import check_cron, check_timezone, next_expected
from probes.mistakes import ConfigError
from probes.targets import check_host, check_target, split_host_port

__all__ = [
    "CONFIGS",
    "ConfigError",
    "DnsConfig",
    "DomainConfig",
    "HeartbeatConfig",
    "HttpConfig",
    "PingConfig",
    "TcpConfig",
    "TlsConfig",
    "check_config",
    "check_target",
    "next_expected",
]

DAY_S = 86_400

# The description is the end of the sentence "… must be <description>."
DegradedMs = Annotated[
    Annotated[int, Meta(ge=1, le=600_000)] | None,
    Meta(description="a whole number of milliseconds from 1 to 600000, or null for no limit"),
]
Family = Annotated[Literal["any", "4", "6"], Meta(description='"any", "4" or "6"')]
ExpiryDays = Annotated[
    int, Meta(ge=0, le=365, description="a whole number of days from 0 (no warning) to 365")
]
Flag = Annotated[bool, Meta(description="true or false")]
ShortText = Annotated[str, Meta(max_length=1_000, description="text of at most 1000 characters")]
HostName = Annotated[str, Meta(max_length=253, description="a host name, or empty")]


class SecretValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header's value with the wish that it is never shown again."""

    value: str
    secret: bool = True

    def __repr__(self) -> str:
        return "SecretValue(…)" if self.secret else f"SecretValue({self.value!r}, secret=False)"


class BasicAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="basic"):
    """User name and password, sent to the target's own origin only."""

    username: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(max_length=1_024)]

    def __repr__(self) -> str:
        return "BasicAuth(…)"


class BearerAuth(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="bearer"
):
    """A token, sent to the target's own origin only."""

    token: Annotated[str, Meta(min_length=1, max_length=8_192)]

    def __repr__(self) -> str:
        return "BearerAuth(…)"


class HttpConfig(Struct, frozen=True, kw_only=True):
    """How to ask for a URL and what must come back."""

    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        Meta(description="one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ] = "GET"
    headers: Annotated[
        dict[str, str | SecretValue],
        Meta(
            description='an object of name and value, where a value is text or {"value": "…", "secret": true}'
        ),
    ] = {}
    body: Annotated[str, Meta(max_length=65_536, description="text of at most 65536 characters")] = ""
    auth: Annotated[
        BasicAuth | BearerAuth | None,
        Meta(
            description='null, {"type": "basic", "username": "…", "password": "…"} or '
            '{"type": "bearer", "token": "…"}'
        ),
    ] = None
    expected_status: Annotated[
        str, Meta(max_length=200, description='text such as "200-299", "200,301" or "2xx,404"')
    ] = "200-299"
    keyword: ShortText = ""
    keyword_absent: Flag = False
    json_path: Annotated[str, Meta(max_length=256, description="a JSONPath of at most 256 characters")] = ""
    json_equals: Any = None
    follow_redirects: Flag = True
    max_redirects: Annotated[int, Meta(ge=0, le=20, description="a whole number from 0 to 20")] = 5
    verify_tls: Flag = True
    tls_expiry_days: ExpiryDays = 14
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"
    http_version: Annotated[Literal["any", "1.1", "2", "3"], Meta(description='"any", "1.1", "2" or "3"')] = (
        "any"
    )


class TcpConfig(Struct, frozen=True, kw_only=True):
    """Connect; then send ``send``, if any, and wait for ``expect``, if any, in what comes back."""

    send: ShortText = ""
    expect: ShortText = ""
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


class DnsConfig(Struct, frozen=True, kw_only=True):
    """Ask ``resolver`` (empty: the system's) for records and compare them with ``expected``.

    ``match``: ``any`` – at least one expected value is there; ``all`` – every one is; ``exact`` – these and
    no others; ``contains`` – every expected text is part of some record. Without any, every record will do.
    """

    record_type: Annotated[
        Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"],
        Meta(description="one of A, AAAA, CAA, CNAME, MX, NS, PTR, SOA, SRV, TXT"),
    ] = "A"
    expected: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=1_000)]],
        Meta(max_length=50, description="a list of at most 50 texts, none of them empty"),
    ] = []
    match: Annotated[
        Literal["any", "all", "exact", "contains"], Meta(description='"any", "all", "exact" or "contains"')
    ] = "any"
    resolver: Annotated[str, Meta(max_length=260, description="a host, host:port, or empty")] = ""
    degraded_ms: DegradedMs = None


class TlsConfig(Struct, frozen=True, kw_only=True):
    """Shake hands and look at the certificate; it must be for ``server_name`` (empty: the host)."""

    server_name: HostName = ""
    verify_tls: Flag = True
    tls_expiry_days: ExpiryDays = 14
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


class PingConfig(Struct, frozen=True, kw_only=True):
    """Send ``count`` echo requests; down when a larger share than ``max_loss_ratio`` stays unanswered."""

    count: Annotated[int, Meta(ge=1, le=20, description="a whole number from 1 to 20")] = 3
    max_loss_ratio: Annotated[
        float, Meta(ge=0, lt=1, description="a number from 0 to below 1, such as 0.5")
    ] = 0.5
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


class DomainConfig(Struct, frozen=True, kw_only=True):
    """Ask the RDAP server at ``rdap_url`` (empty: the one IANA lists) until when the domain is registered."""

    expiry_days: ExpiryDays = 14
    rdap_url: Annotated[str, Meta(max_length=500, description="the address of an RDAP server, or empty")] = ""


class HeartbeatConfig(Struct, frozen=True, kw_only=True):
    """When a job must call: every ``period_s``, or by ``cron`` in ``timezone``; ``grace_s`` late is late.

    ``max_run_s`` bounds the time from a start to its end; null: ``grace_s`` does.
    """

    period_s: Annotated[
        Annotated[int, Meta(ge=10, le=366 * DAY_S)] | None,
        Meta(description="a whole number of seconds from 10 to 31622400, or null when cron is set"),
    ] = None
    cron: Annotated[str, Meta(max_length=200, description="a cron expression such as */5 * * * *")] = ""
    timezone: Annotated[str, Meta(max_length=64, description="a zone such as Europe/Berlin")] = "UTC"
    grace_s: Annotated[
        int, Meta(ge=0, le=31 * DAY_S, description="a whole number of seconds from 0 to 2678400")
    ] = 3_600
    max_run_s: Annotated[
        Annotated[int, Meta(ge=1, le=31 * DAY_S)] | None,
        Meta(description="a whole number of seconds from 1 to 2678400, or null"),
    ] = None


CONFIGS: dict[str, type[Struct]] = {
    "http": HttpConfig,
    "tcp": TcpConfig,
    "dns": DnsConfig,
    "tls": TlsConfig,
    "ping": PingConfig,
    "domain": DomainConfig,
    "heartbeat": HeartbeatConfig,
}


def check_config(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete configuration of ``kind``, every default filled in, or raise ``ConfigError``.

    Idempotent: what it returns, it accepts and returns unchanged.
    """
    if kind not in CONFIGS:
        raise ConfigError({"kind": f"There is no kind {kind!r}; choose one of {', '.join(CONFIGS)}."})
    if not isinstance(config, Mapping):
        raise ConfigError({"config": "Must be an object."})
    struct, errors = CONFIGS[kind], dict[str, str]()
    values = _read_fields(struct, _TIDY.get(kind, dict)(config), errors)
    built = struct(**values)
    complete: dict[str, Any] = msgspec.to_builtins(built)
    if judge := _JUDGES.get(kind):
        judge(complete, values, errors)
    if errors:
        raise ConfigError(errors)
    return complete


def _read_fields(struct: type[Struct], config: Mapping[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    values: dict[str, Any] = {}
    for name, value in config.items():
        if name not in fields:
            errors[str(name)] = _name_unknown(str(name), list(fields))
            continue
        try:
            values[name] = msgspec.convert(value, fields[name].type)
        except msgspec.ValidationError:
            errors[name] = f"Must be {_describe(fields[name].type)}."
    return values


def _describe(type_: Any) -> str:
    return next((m.description for m in type_.__metadata__ if getattr(m, "description", None)), "valid")


def _name_unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(known)}."
    return f"There is no field {name[:60]!r}.{hint}"


# ---- what goes beyond one field's type ----

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MAX_HEADERS = 50
MAX_HEADER_CHARS = 4_096
# Ours to set: libcurl frames the request, and a second value would desynchronise it.
_FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"}


def _tidy_http(config: Mapping[str, Any]) -> dict[str, Any]:
    """Read what people type the way they mean it: ``get``, or a family as a number."""
    tidy = dict(config)
    if isinstance(method := tidy.get("method"), str):
        tidy["method"] = method.strip().upper()
    if isinstance(path := tidy.get("json_path"), str):
        tidy["json_path"] = normalise_json_path(path)
    if isinstance(status := tidy.get("expected_status"), int) and not isinstance(status, bool):
        tidy["expected_status"] = str(status)
    return _tidy_family(tidy)


def _tidy_family(config: Mapping[str, Any]) -> dict[str, Any]:
    tidy = dict(config)
    if tidy.get("ip_family") in (4, 6):
        tidy["ip_family"] = str(tidy["ip_family"])
    return tidy


def _tidy_dns(config: Mapping[str, Any]) -> dict[str, Any]:
    tidy = dict(config)
    if isinstance(record_type := tidy.get("record_type"), str):
        tidy["record_type"] = record_type.strip().upper()
    return tidy


def _tidy_heartbeat(config: Mapping[str, Any]) -> dict[str, Any]:
    tidy = dict(config)
    if not tidy.get("cron") and tidy.get("period_s") is None:
        tidy["period_s"] = DAY_S
    return tidy


_TIDY: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "http": _tidy_http,
    "tcp": _tidy_family,
    "tls": _tidy_family,
    "ping": _tidy_family,
    "dns": _tidy_dns,
    "heartbeat": _tidy_heartbeat,
}


def _explain(errors: dict[str, str], field: str, check: Callable[[], object]) -> None:
    try:
        check()
    except ValueError as mistake:
        errors.setdefault(field, str(mistake))


def _judge_http(config: dict[str, Any], given: dict[str, Any], errors: dict[str, str]) -> None:
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
    if any(_CONTROL.search(value) for value in auth.values()):
        errors.setdefault("auth", "Must not contain line breaks or control characters.")
    if ":" in auth.get("username", ""):
        errors.setdefault("auth", "The user name must not contain a colon.")
    _explain(errors, "expected_status", lambda: parse_statuses(config["expected_status"]))
    if config["json_path"]:
        _explain(errors, "json_path", lambda: check_json_path(config["json_path"]))
    elif config["json_equals"] is not None:
        errors.setdefault(
            "json_path", "Set the path whose value json_equals is compared with, such as $.status."
        )
    if len(msgspec.json.encode(config["json_equals"])) > 4_096:
        errors.setdefault("json_equals", "Must be at most 4096 bytes as JSON.")
    if config["keyword_absent"] and not config["keyword"]:
        errors.setdefault("keyword", "Set the keyword that must be absent, or turn keyword_absent off.")
    if config["method"] == "HEAD" and (config["keyword"] or config["json_path"]):
        errors.setdefault(
            "method", "HEAD brings no body to look into; use GET with a keyword or a JSON path."
        )


def _judge_header(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        return "A header's name has letters, digits and hyphens only, at most 100."
    if name.lower() in _FRAMING:
        return "This header is set by the connection itself; leave it out."
    if _CONTROL.search(value):
        return "A header's value must not contain line breaks or control characters."
    if len(value) > MAX_HEADER_CHARS:
        return f"A header's value has at most {MAX_HEADER_CHARS} characters."
    return ""


def _judge_dns(config: dict[str, Any], given: dict[str, Any], errors: dict[str, str]) -> None:
    if config["resolver"]:
        _explain(errors, "resolver", lambda: split_host_port(config["resolver"], default_port=53))


def _judge_tls(config: dict[str, Any], given: dict[str, Any], errors: dict[str, str]) -> None:
    if config["server_name"]:
        try:
            config["server_name"] = check_host(config["server_name"])
        except ValueError as mistake:
            errors.setdefault("server_name", str(mistake))


def _judge_domain(config: dict[str, Any], given: dict[str, Any], errors: dict[str, str]) -> None:
    if not config["rdap_url"]:
        return
    try:
        url = check_target("http", config["rdap_url"])
    except ConfigError as mistake:
        errors.setdefault("rdap_url", mistake.errors["url"])
        return
    if "?" in url:
        errors.setdefault("rdap_url", "Enter the server's base, such as https://rdap.org/, without a query.")
    config["rdap_url"] = url.rstrip("/") + "/"


def _judge_heartbeat(config: dict[str, Any], given: dict[str, Any], errors: dict[str, str]) -> None:
    if config["cron"] and config["period_s"] is not None:
        errors.setdefault("period_s", "Set either period_s or cron, not both.")
    if config["cron"]:
        _explain(errors, "cron", lambda: check_cron(config["cron"]))
    _explain(errors, "timezone", lambda: check_timezone(config["timezone"]))


_JUDGES: dict[str, Callable[[dict[str, Any], dict[str, Any], dict[str, str]], None]] = {
    "http": _judge_http,
    "dns": _judge_dns,
    "tls": _judge_tls,
    "domain": _judge_domain,
    "heartbeat": _judge_heartbeat,
}
