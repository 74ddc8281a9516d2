"""HTTP and HTTPS: ask for a URL, follow its redirects, judge the answer.

An answer is judged by what is asked. Without a keyword and a JSON path that is its head: the body is
measured, up to ``BODY_CAP_BYTES`` of decoded data, but one that is broken, cut off or late changes nothing.
With one of them it is as much of the body as it takes; what did not come counts where it could matter. An
answer that goes on although all is known, such as a stream of events, is left.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from probes.assertions import check_json_path, normalise_json_path, parse_statuses
from probes.check import Check, Engines, Judgement
from probes.config_fields import (
    BasicAuth,
    BearerAuth,
    DegradedMs,
    ExpiryDays,
    Family,
    Flag,
    SecretValue,
    ShortText,
)
from probes.config_rules import explain, judge_credentials, moves_secrets, tidy_tls
from probes.errors import ErrorCode
from probes.kind import CheckKind
from probes.result import Status
from probes.targets import HTTP_PORTS, check_url


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


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Read what people type the way they mean it: ``get``, or a family as a number."""
    spelled = dict(config)
    if isinstance(method := spelled.get("method"), str):
        spelled["method"] = method.strip().upper()
    if isinstance(path := spelled.get("json_path"), str):
        spelled["json_path"] = normalise_json_path(path)
    if isinstance(status := spelled.get("expected_status"), int) and not isinstance(status, bool):
        spelled["expected_status"] = str(status)
    return tidy_tls(spelled)


def judge(config: dict[str, Any], errors: dict[str, str]) -> None:
    judge_credentials(config, errors)
    explain(errors, "expected_status", lambda: parse_statuses(config["expected_status"]))
    if config["json_path"]:
        explain(errors, "json_path", lambda: check_json_path(config["json_path"]))
    elif config["json_equals"] is not None:
        errors.setdefault(
            "json_path", "Set the path whose value json_equals is compared with, such as $.status."
        )
    if not _is_short_json(config["json_equals"]):
        errors.setdefault("json_equals", "Must be at most 4096 bytes as JSON, and text that can be encoded.")
    if config["keyword_absent"] and not config["keyword"]:
        errors.setdefault("keyword", "Set the keyword that must be absent, or turn keyword_absent off.")
    if config["method"] == "HEAD" and (config["keyword"] or config["json_path"]):
        errors.setdefault(
            "method", "HEAD brings no body to look into; use GET with a keyword or a JSON path."
        )


def _is_short_json(value: Any) -> bool:
    try:
        return len(msgspec.json.encode(value)) <= 4_096
    except (UnicodeEncodeError, RecursionError):
        return False


def judge_together(url: str, config: Mapping[str, Any]) -> dict[str, str]:
    """There is no HTTP/3 without TLS."""
    if config.get("http_version") != "3" or not url.startswith("http://"):
        return {}
    return {"http_version": 'HTTP/3 runs over TLS only: use an https:// URL, or http_version "any".'}


def start(check: Check, *, engines: Engines) -> None:
    """Begin an HTTP check on the libcurl thread."""
    from probes.http_transfer import HttpTransfer
    from probes.http_versions import has_http3

    config = msgspec.convert(check.spec.config, HttpConfig)
    if config.http_version == "3" and not has_http3():
        check.finish(
            Judgement(
                Status.UNKNOWN, ErrorCode.CONFIG_INVALID, "This prober's libcurl does not speak HTTP/3."
            )
        )
        return
    transfer = HttpTransfer(check, config, engines)
    check.cancel = transfer.cancel
    engines.curl.start(transfer)


KIND = CheckKind(
    config=HttpConfig,
    check_target=check_url,
    start=start,
    needs=("probes.http_transfer",),
    tidy=tidy,
    judge=judge,
    judge_together=judge_together,
    moves_secrets=moves_secrets,
    schemes=tuple(HTTP_PORTS),
)
