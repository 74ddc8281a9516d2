"""A JSON document to the user's own address, signed."""

from typing import Annotated, Any, Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from core.hosts import check_web_address, spell_host
from delivery.attempt import Attempt, HttpAnswer, Verdict
from delivery.forms import Form, ShortText, Url, field, secret_field
from delivery.headers import HeaderValue, check_headers
from delivery.http import send_request
from delivery.message import DeliveryMessage, Outcome
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.signing import sign, signing_key
from delivery.validation import check_address


class WebhookForm(Form, frozen=True, kw_only=True):
    """A JSON document to an address of yours."""

    url: Annotated[
        Url,
        field(
            "Address",
            "an address such as https://example.com/hooks/alerts",
            "Put tokens into headers: an address is shown to everybody in the team.",
            input="url",
            example="https://example.com/hooks/alerts",
        ),
    ]
    method: Annotated[Literal["POST", "PUT"], field("Method", '"POST" or "PUT"')] = "POST"
    headers: Annotated[
        dict[str, str | HeaderValue],
        field(
            "Headers",
            'an object of name and value, where a value is text or {"value": "…", "secret": true}',
            "Sent to this address only, never to one it redirects to.",
            input="headers",
        ),
    ] = {}
    secret: Annotated[
        ShortText,
        secret_field(
            "Signing secret",
            'empty, "whsec_" and base64 of 24 to 64 bytes, or a text of 16 to 200 characters',
            "With it, every message is signed (Standard Webhooks), so that you can tell it is ours.",
        ),
    ] = ""


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_address(config, errors, "url")
    check_headers(config.get("headers", {}), errors)
    if config.get("secret") and signing_key(config["secret"]) is None:
        problem = 'Must be "whsec_" and base64 of 24 to 64 bytes, or a text of 16 to 200 characters.'
        errors.setdefault("secret", problem)


MAX_REDIRECTS = 3
_MOVED = {301, 302, 307, 308}


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Send the document. Follows at most three redirects, with the same method and body.

    The user's headers and the signature go only to the origin that the user named.
    """
    config, url = delivery.config, spell_host(delivery.config["url"])
    at = attempt.read_clock()
    body = msgspec.json.encode({**make_document(delivery), "sent_at": at})
    for_all = {"Content-Type": "application/json", "Idempotency-Key": delivery.key}
    for_origin = {
        name: value if isinstance(value, str) else value["value"] for name, value in config["headers"].items()
    }
    if config["secret"]:
        for_origin |= sign(config["secret"], message_id=delivery.key, at=at, body=body)
    origin = _origin(url)
    for _ in range(MAX_REDIRECTS + 1):
        headers = {**for_origin, **for_all} if _origin(url) == origin else for_all
        answer = send_request(config["method"], url, content=body, headers=headers, attempt=attempt)
        if answer.status not in _MOVED or "location" not in answer.headers:
            return judge_answer(answer, attempt=attempt)
        onward = urljoin(url, answer.headers["location"])
        if problem := _judge_step(url, onward):
            return Verdict(outcome=Outcome.REFUSED, status=answer.status, answer=problem)
        url = spell_host(onward)
    return _too_many(answer)


def make_document(delivery: DeliveryMessage) -> dict[str, Any]:
    """The whole document: the message's data, and its texts."""
    content = delivery.content
    return {
        **content.data,
        "key": delivery.key,
        "subject": content.subject,
        "text": content.text,
        "link": content.link,
        "tone": content.tone,
    }


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80}.get(parts.scheme, 443)


def _judge_step(url: str, onward: str) -> str:
    if check_web_address(onward):
        return "It redirects to something that is no web address."
    if url.startswith("https://") and not onward.startswith("https://"):
        return "It redirects from https:// to http://, which is not followed."
    return ""


def _too_many(answer: HttpAnswer) -> Verdict:
    sentence = f"It redirects more than {MAX_REDIRECTS} times; enter the address where that ends."
    return Verdict(outcome=Outcome.REFUSED, status=answer.status, answer=sentence)


KIND = ChannelKind(label="Webhook", form=WebhookForm, check=check, send=send)
