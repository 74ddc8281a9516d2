"""HTTP and HTTPS: asks for a URL, follows its redirects and judges the answer.

How much of an answer is judged depends on the configuration. Without a keyword and a JSON path, only the head
is judged: the body is measured, up to ``BODY_CAP_BYTES`` of decoded data, but a body that is broken, cut off
or late changes nothing. With one of them, as much of the body is read as the judgement needs; a part that did
not come counts only where it could change the judgement. An answer that goes on after the judgement is known,
such as a stream of events, is left.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from core import structs
from probes.assertions import check_json_path, normalise_json_path, parse_statuses
from probes.check import Check, Engines, Judgement
from probes.config_rules import collect_error, moves_secrets, tidy_tls, validate_credentials
from probes.errors import ErrorCode
from probes.http_config import HttpConfig
from probes.kind import CheckKind, Target
from probes.result import Status
from probes.targets import HTTP_PORTS, check_url


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Change what people type into what they mean: ``get`` into ``GET``, numbers into text for a status and
    an IP family, and ``data.id`` into ``$.data.id``."""
    spelled = dict(config)
    if isinstance(method := spelled.get("method"), str):
        spelled["method"] = method.strip().upper()
    if isinstance(path := spelled.get("json_path"), str):
        spelled["json_path"] = normalise_json_path(path)
    if isinstance(status := spelled.get("expected_status"), int) and not isinstance(status, bool):
        spelled["expected_status"] = str(status)
    return tidy_tls(spelled)


def validate(config: dict[str, Any], errors: dict[str, str]) -> None:
    validate_credentials(config, errors)
    collect_error(errors, "expected_status", lambda: parse_statuses(config["expected_status"]))
    if config["json_path"]:
        collect_error(errors, "json_path", lambda: check_json_path(config["json_path"]))
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


def validate_together(url: str, config: Mapping[str, Any]) -> dict[str, str]:
    """HTTP/3 needs an https URL, because there is no HTTP/3 without TLS."""
    if config.get("http_version") != "3" or not url.startswith("http://"):
        return {}
    return {"http_version": 'HTTP/3 runs over TLS only: use an https:// URL, or http_version "any".'}


def start(check: Check, *, engines: Engines) -> None:
    """Begin an HTTP check on the libcurl thread."""
    from probes.http_transfer import HttpTransfer
    from probes.http_versions import has_http3

    config = structs.convert(check.spec.config, HttpConfig)
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
    label="HTTP",
    help="Asks for a web address and judges the answer.",
    target=Target("URL", "https://example.com/health"),
    config=HttpConfig,
    check_target=check_url,
    start=start,
    needs=("probes.http_transfer",),
    tidy=tidy,
    validate=validate,
    validate_together=validate_together,
    moves_secrets=moves_secrets,
    schemes=tuple(HTTP_PORTS),
)
