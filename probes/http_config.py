"""The configuration of an HTTP check. It has a module of its own because the modules that carry out the check
read it, too."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from probes.config_fields import (
    Auth,
    DegradedMs,
    ExpiryDays,
    Family,
    Flag,
    Headers,
    ShortText,
    VerifyTls,
    field,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class HttpConfig(Struct, frozen=True, kw_only=True):
    """How to ask for a URL and what must come back."""

    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        field(
            "Method",
            f"one of {', '.join(METHODS)}",
            section="request",
            labels=dict(zip(METHODS, METHODS, strict=True)),
        ),
    ] = "GET"
    headers: Headers = {}
    body: Annotated[
        str,
        field(
            "Body",
            "text of at most 65536 characters",
            limits={"max_length": 65_536},
            section="request",
            advanced=True,
            input="textarea",
            when=("method", ["POST", "PUT", "PATCH", "DELETE"]),
        ),
    ] = ""
    auth: Auth = None
    expected_status: Annotated[
        str,
        field(
            "Status",
            'text such as "200-299", "200,301" or "2xx,404"',
            "Which status codes count as up.",
            limits={"max_length": 200},
            example="200-299",
        ),
    ] = "200-299"
    keyword: Annotated[
        ShortText,
        field(
            "Body contains",
            "text of at most 1000 characters",
            "Looked for in the page's source, where case counts.",
        ),
    ] = ""
    keyword_absent: Annotated[
        Flag,
        field(
            "Must not contain it",
            "true or false",
            "Up while the text is not there.",
            when=("keyword", None),
        ),
    ] = False
    json_path: Annotated[
        str,
        field(
            "JSON path",
            "a JSONPath of at most 256 characters",
            "The answer is JSON, and has something at this place.",
            limits={"max_length": 256},
            advanced=True,
            example="$.status",
        ),
    ] = ""
    json_equals: Annotated[
        Any,
        field(
            "Value there",
            "any JSON value",
            "What must stand at the JSON path, at most 4096 bytes; null: whatever is there.",
            advanced=True,
            example="ok",
            when=("json_path", None),
        ),
    ] = None
    follow_redirects: Annotated[
        Flag, field("Follow redirects", "true or false", section="request", advanced=True)
    ] = True
    max_redirects: Annotated[
        int,
        field(
            "Redirects at most",
            "a whole number from 0 to 20",
            limits={"ge": 0, "le": 20},
            section="request",
            advanced=True,
            when=("follow_redirects", [True]),
        ),
    ] = 5
    verify_tls: VerifyTls = True
    tls_expiry_days: ExpiryDays = 14
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"
    http_version: Annotated[
        Literal["any", "1.1", "2", "3"],
        field(
            "HTTP version",
            '"any", "1.1", "2" or "3"',
            section="request",
            advanced=True,
            labels={"any": "Any", "1.1": "HTTP/1.1", "2": "HTTP/2", "3": "HTTP/3"},
        ),
    ] = "any"
