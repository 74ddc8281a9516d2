"""What goes beyond one field's type: the rules of each kind's form, each with the sentence for a person.

A judge takes the fields that could be read, may bring them into their one spelling, and adds to ``errors``.
"""

import base64
import binascii
import re
from collections.abc import Callable
from email.headerregistry import Address
from typing import Any
from urllib.parse import urlsplit

Judge = Callable[[dict[str, Any], dict[str, str]], None]

ALWAYS_SECRET = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
MAX_HEADERS, MAX_HEADER_CHARS = 20, 4_096

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Ours to set: they frame the message, or say who it is from.
_OURS = {
    "connection", "content-encoding", "content-length", "content-type", "expect", "host", "idempotency-key",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "webhook-id",
    "webhook-signature", "webhook-timestamp",
}  # fmt: skip


def _match(config: dict[str, Any], errors: dict[str, str], name: str, pattern: str, sentence: str) -> None:
    if name in config and not re.fullmatch(pattern, config[name]):
        errors.setdefault(name, sentence)


def check_web_address(url: str) -> str:
    """What is wrong with ``url`` as the address of a service, in one sentence; empty if nothing is."""
    if _CONTROL.search(url) or " " in url:
        return "Must not contain blanks, line breaks or control characters; write a blank as %20."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        return "Cannot be read as an address; write it like https://example.com/path."
    if parts.scheme not in {"http", "https"} or not host:
        return "Must start with https:// or http:// and name a host."
    if parts.username is not None or parts.password is not None:
        return "Must not contain a user name or password; send an Authorization header instead."
    if parts.fragment:
        return "Leave out what follows the #: it is never sent."
    return ""


def _judge_address(config: dict[str, Any], errors: dict[str, str], name: str) -> None:
    if name in config and (problem := check_web_address(config[name])):
        errors.setdefault(name, problem)


def _judge_recipients(
    config: dict[str, Any], errors: dict[str, str], tidy: Callable[[str], str], what: str
) -> None:
    """Every recipient in its one spelling, none twice; the wrong ones by name."""
    if "to" not in config:
        return
    wrong, right = [], dict[str, None]()
    for recipient in config["to"]:
        try:
            right[tidy(recipient)] = None
        except ValueError:
            wrong.append(_CONTROL.sub(" ", recipient[:60]))
    config["to"] = list(right)
    if wrong:
        errors["to"] = f"Not {what}: {', '.join(wrong)}."


def tidy_address(text: str) -> str:
    """One e-mail address, its domain in ASCII. Raises ``ValueError`` for anything else, such as two."""
    local, at, domain = text.rpartition("@")
    if not at or not local or len(text) > 254 or len(local) > 64 or re.search(r"[\s<>,;:\"()\\]", text):
        raise ValueError("not one e-mail address")
    if _CONTROL.search(text) or not text.isprintable():
        raise ValueError("control characters")
    if not local.isascii():
        raise ValueError("few mail servers take other letters there")
    address = Address(username=local, domain=domain.encode("idna").decode().lower())
    if not re.fullmatch(r"(?!-)[a-z0-9.-]+(?<![-.])", address.domain) or ".." in text or local[0] == ".":
        raise ValueError("no such domain")
    return address.addr_spec


def _tidy_phone(text: str) -> str:
    number = re.sub(r"[\s().\-/]", "", text)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _PHONE.fullmatch(number):
        raise ValueError("not a phone number with its country's code")
    return number


def _judge_email(config: dict[str, Any], errors: dict[str, str]) -> None:
    _judge_recipients(config, errors, tidy_address, "e-mail addresses")


def _judge_webhook(config: dict[str, Any], errors: dict[str, str]) -> None:
    _judge_address(config, errors, "url")
    headers = config.get("headers", {})
    for name, value in headers.items():
        problem = _judge_header(name, value if isinstance(value, str) else value["value"])
        if problem:
            errors.setdefault(f"headers.{name[:100]}", problem)
        if isinstance(value, str) and name.lower() in ALWAYS_SECRET:
            headers[name] = {"value": value, "secret": True}
    if len(headers) > MAX_HEADERS:
        errors["headers"] = f"At most {MAX_HEADERS} headers, got {len(headers)}."
    elif len({name.lower() for name in headers}) < len(headers):
        errors["headers"] = "Each header once; a name is the same in capital and small letters."
    if config.get("secret") and signing_key(config["secret"]) is None:
        problem = 'Must be "whsec_" and base64 of 24 to 64 bytes, or a text of 16 to 200 characters.'
        errors.setdefault("secret", problem)


def _judge_header(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        return "A header's name has letters, digits and hyphens only, at most 100."
    if name.lower() in _OURS:
        return "This header is set by us; leave it out."
    if _CONTROL.search(value) or not value.isascii():
        return "A header's value is plain ASCII, without line breaks or control characters."
    if len(value) > MAX_HEADER_CHARS:
        return f"A header's value has at most {MAX_HEADER_CHARS} characters."
    return ""


def signing_key(secret: str) -> bytes | None:
    """The bytes that sign (Standard Webhooks: what follows ``whsec_`` is base64), None for a bad secret."""
    if not secret.startswith("whsec_"):
        return secret.encode() if 16 <= len(secret) <= 200 else None
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return None
    return key if 24 <= len(key) <= 64 else None


def _judge_slack(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(
        config, errors, "webhook_url",
        r"https://hooks\.slack\.com/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+/?",
        "Must be the address of an incoming webhook, https://hooks.slack.com/services/T000/B000/XXXX.",
    )  # fmt: skip


def _judge_discord(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(
        config, errors, "webhook_url",
        r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[A-Za-z0-9_-]+/?",
        "Must be the address of a webhook, https://discord.com/api/webhooks/000/XXXX.",
    )  # fmt: skip
    _match(config, errors, "thread_id", r"\d{0,25}", "Must be the thread's number, or empty.")


def _judge_telegram(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(config, errors, "bot_token", r"\d{5,15}:[A-Za-z0-9_-]{20,60}", "Must look like 123456789:AAE….")
    _match(
        config, errors, "chat_id", r"-?\d{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31}",
        "Must be a number such as -1001234567890, or a name such as @mychannel.",
    )  # fmt: skip
    _match(config, errors, "topic_id", r"\d{0,15}", "Must be the topic's number, or empty.")


def _judge_pagerduty(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(config, errors, "routing_key", r"[A-Za-z0-9]{32}", "Must be 32 letters and digits.")


def _judge_opsgenie(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(
        config, errors, "api_key", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "Must look like 12345678-1234-1234-1234-123456789abc.",
    )  # fmt: skip
    _judge_names(config, errors, "responders")


def _judge_names(config: dict[str, Any], errors: dict[str, str], field: str) -> None:
    names = config.get(field, [])
    if len(names) > 20 or any(not name or len(name) > 100 or _CONTROL.search(name) for name in names):
        errors.setdefault(field, "At most 20 names, each of 1 to 100 characters.")


def _judge_msteams(config: dict[str, Any], errors: dict[str, str]) -> None:
    _judge_address(config, errors, "webhook_url")
    _match(
        config, errors, "webhook_url",
        r"https://[^/]+\.(?:logic\.azure\.com|powerplatform\.com|logic\.azure\.us)(?::443)?/.+[?&]sig=.+",
        "Must be the address that the workflow shows, with sig= in it; the old connectors "
        "(…webhook.office.com) were switched off by Microsoft.",
    )  # fmt: skip


def _judge_ntfy(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(config, errors, "topic", r"[A-Za-z0-9_-]{1,64}", "Must be 1 to 64 letters, digits, _ and -.")
    _match(config, errors, "token", r"(tk_[A-Za-z0-9]{10,60})?", "Must look like tk_…, or be empty.")
    _judge_address(config, errors, "server")
    config["server"] = config.get("server", "").rstrip("/")
    if "server" not in errors and urlsplit(config["server"]).query:
        errors["server"] = "Leave out what follows the ?."


def _judge_twilio(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(config, errors, "account_sid", r"AC[0-9a-fA-F]{32}", "Must be AC and 32 hexadecimal digits.")
    _match(config, errors, "auth_token", r"[0-9A-Za-z]{32}", "Must be 32 letters and digits.")
    _judge_recipients(config, errors, _tidy_phone, "phone numbers such as +15551234567")
    try:
        config["from_phone"] = _tidy_phone(config.get("from_phone", "+10000000"))
    except ValueError:
        errors["from_phone"] = "Must be a phone number such as +15551234567."


def _judge_pushover(config: dict[str, Any], errors: dict[str, str]) -> None:
    for name in ("user_key", "api_token"):
        _match(config, errors, name, r"[A-Za-z0-9]{30}", "Must be 30 letters and digits.")
    if len(config.get("devices", [])) > 20 or any(
        not re.fullmatch(r"[A-Za-z0-9_-]{1,25}", device) for device in config.get("devices", [])
    ):
        errors.setdefault("devices", "At most 20 names, each of 1 to 25 letters, digits, _ and -.")


def _judge_whatsapp(config: dict[str, Any], errors: dict[str, str]) -> None:
    _match(config, errors, "access_token", r"[A-Za-z0-9]{20,500}", "Must be letters and digits: EAAG….")
    _match(config, errors, "phone_number_id", r"\d{5,25}", "Must be digits: the ID, not the number.")
    _match(config, errors, "template", r"[a-z0-9_]{0,512}", "Must be small letters, digits and _, or empty.")
    _match(config, errors, "language", r"[a-z]{2,3}(_[A-Z]{2})?", "Must be a code such as en_US.")
    _judge_recipients(config, errors, _tidy_phone, "phone numbers such as +15551234567")


def _judge_apprise(config: dict[str, Any], errors: dict[str, str]) -> None:
    if "url" in config:
        from delivery.services import check_service  # here, since Apprise takes a second to import

        if problem := check_service(config["url"]):
            errors.setdefault("url", problem)


JUDGES: dict[str, Judge] = {
    "email": _judge_email,
    "webhook": _judge_webhook,
    "slack": _judge_slack,
    "discord": _judge_discord,
    "telegram": _judge_telegram,
    "pagerduty": _judge_pagerduty,
    "opsgenie": _judge_opsgenie,
    "msteams": _judge_msteams,
    "ntfy": _judge_ntfy,
    "twilio": _judge_twilio,
    "pushover": _judge_pushover,
    "whatsapp": _judge_whatsapp,
    "apprise": _judge_apprise,
}
