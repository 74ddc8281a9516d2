"""A JSON document to an address of the user's own, signed."""

from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from delivery.attempt import Answer, Attempt, Verdict
from delivery.http import ask
from delivery.judging import check_web_address
from delivery.message import Delivery, Outcome
from delivery.signing import sign
from delivery.verdicts import judge_answer

MAX_REDIRECTS = 3
_MOVED = {301, 302, 307, 308}


def send(delivery: Delivery, *, attempt: Attempt) -> Verdict:
    """Send the document, following at most three redirects; the method and the body stay what they are.

    The user's headers and the signature go to the origin that he named and to no other.
    """
    config, url = delivery.config, delivery.config["url"]
    at = attempt.read_clock()
    body = msgspec.json.encode({**describe(delivery), "sent_at": at})
    for_all = {"Content-Type": "application/json", "Idempotency-Key": delivery.key}
    for_him = {
        name: value if isinstance(value, str) else value["value"] for name, value in config["headers"].items()
    }
    if config["secret"]:
        for_him |= sign(config["secret"], message_id=delivery.key, at=at, body=body)
    origin = _origin(url)
    for _ in range(MAX_REDIRECTS + 1):
        headers = {**for_him, **for_all} if _origin(url) == origin else for_all
        answer = ask(config["method"], url, content=body, headers=headers, attempt=attempt)
        if answer.status not in _MOVED or "location" not in answer.headers:
            return judge_answer(answer, attempt=attempt)
        onward = urljoin(url, answer.headers["location"])
        if problem := _judge_step(url, onward):
            return Verdict(outcome=Outcome.REFUSED, status=answer.status, answer=problem)
        url = onward
    return _too_many(answer)


def describe(delivery: Delivery) -> dict[str, Any]:
    """What is told, in full: the data of the message, and the same in words."""
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


def _too_many(answer: Answer) -> Verdict:
    sentence = f"It redirects more than {MAX_REDIRECTS} times; enter the address where that ends."
    return Verdict(outcome=Outcome.REFUSED, status=answer.status, answer=sentence)
