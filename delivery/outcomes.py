"""What a receiver's answer, or no answer, means for the outbox, and the sentence that people read."""

import email.utils
import re
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from core.descriptors import is_shortage
from delivery.attempt import Attempt, AttemptTimedOut, HttpAnswer, Verdict
from delivery.config import split_secrets
from delivery.message import ANSWER_MAX_CHARS, Outcome

_LATER = {408, 425, 429}
_TAG = re.compile(r"<(script|style)\b.*?(?:</\1\s*+>|\Z)|<[^>]{0,500}>", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\s]+")
SHORTEST_SECRET = 4
_WORDS_OF_PATHS = {"invoke", "manual", "messages", "services", "spaces", "triggers", "webhooks", "workflows"}
"""Words in the paths of services' addresses. They are no secrets, and occur in ordinary sentences."""


def judge_answer(answer: HttpAnswer, *, attempt: Attempt) -> Verdict:
    """2xx is ``sent``; 408, 425, 429 and 5xx are ``retry``; all others are ``refused``."""
    if 200 <= answer.status < 300:
        outcome = Outcome.SENT
    elif answer.status in _LATER or answer.status >= 500:
        outcome = Outcome.RETRY
    else:
        outcome = Outcome.REFUSED
    wait = answer.headers.get("retry-after", "") if outcome is Outcome.RETRY else ""
    return Verdict(
        outcome=outcome,
        status=answer.status,
        answer=_quote(answer),
        retry_after_s=parse_retry_after(wait, now=attempt.read_clock()),
    )


def _quote(answer: HttpAnswer) -> str:
    said = plain(answer.text)
    head = f"{answer.status} {_reason(answer.status)}".strip()
    if 300 <= answer.status < 400:
        return f"{head}: it sends us elsewhere. Enter the address that it names, if you trust it."
    return f"{head}: {said}" if said else f"{head}."


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def plain(text: str) -> str:
    """What a person would read of a body: on one line, without tags and control characters."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    return _UNSEEN.sub(" ", text).strip()


def parse_retry_after(value: str, *, now: datetime) -> float | None:
    """Seconds from ``now``, read from a number of seconds or an HTTP date (RFC 9110, 10.2.3); None for
    anything else."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(0.0, (at - now).total_seconds())


# ---- no answer at all ----


def judge_fault(fault: BaseException, *, attempt: Attempt) -> Verdict:
    """The verdict on a connection that failed: ``retry``, or ``refused`` when its address is blocked. A
    failed connection to the operator's own server, and a shortage here, are ``ours``."""
    if attempt.blocked is not None:
        sentence = f"{attempt.blocked}, and messages must not be sent there."
        return Verdict(outcome=Outcome.REFUSED, answer=sentence)
    causes = list(_causes(fault))
    if any(is_shortage(cause) for cause in causes):
        return Verdict(outcome=Outcome.RETRY, answer="File descriptors or memory ran out here.", ours=True)
    if attempt.expired or any(isinstance(cause, (TimeoutError, AttemptTimedOut)) for cause in causes):
        late = "No complete answer came in time (10 seconds)."
        return Verdict(outcome=Outcome.RETRY, answer=late, ours=not attempt.guarded)
    return Verdict(outcome=Outcome.RETRY, answer=_explain(causes), ours=not attempt.guarded)


def _explain(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Its certificate is not to be trusted: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            return f"No secure connection came about (TLS): {cause.reason or 'handshake failed'}."
        if isinstance(cause, socket.gaierror):
            return "Its name cannot be found (DNS)."
        if isinstance(cause, ConnectionRefusedError):
            return "It refuses connections."
        if isinstance(cause, ConnectionError) or type(cause).__name__ == "RemoteProtocolError":
            return "It broke the connection off before it answered."
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            return f"It cannot be reached: {cause.strerror}."
    return f"Its answer could not be read ({type(causes[0]).__name__})."


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """The fault and its causes. Libraries put causes into ``args`` and ``reason`` as well."""
    waiting, seen = [fault], set[int]()
    while waiting and len(seen) < 50:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        beneath: list[Any] = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        waiting += [each for each in beneath if isinstance(each, BaseException)]


# ---- nothing secret in what is kept ----


def find_secrets(kind: str, config: Mapping[str, Any]) -> set[str]:
    """Every text of a configuration that must not be shown: its secrets, and the parts of secret addresses.
    Texts shorter than ``SHORTEST_SECRET`` are left out."""
    public, secrets = split_secrets(kind, config)
    found = set(secrets.values())
    for value in secrets.values():
        if "://" in value:
            found |= set(_parts(value, path=True))
    for value in public.values():
        if isinstance(value, str) and "://" in value:
            found |= set(_parts(value, path=False))
    for value in list(found):
        found |= {quote(value), quote(value, safe="")}
        if " " in value:  # "Bearer …"
            found.add(value.partition(" ")[2])
    return {value for value in found if len(value) >= SHORTEST_SECRET}


def find_password(url: str) -> set[str]:
    """The password in an address of ours (EMAIL_URL), percent-encoded as it is written there, and decoded."""
    written = urlsplit(url).password or ""
    return {text for text in (written, unquote(written)) if len(text) >= SHORTEST_SECRET}


def _parts(url: str, *, path: bool) -> Iterator[str]:
    parts = urlsplit(url)
    yield from (value for _, value in parse_qsl(parts.query))
    yield from (text for text in (parts.username, parts.password) if text and path)
    if path:
        segments = set(parts.path.split("/")) - _WORDS_OF_PATHS
        yield from (segment for segment in segments if len(segment) >= 6)
        if parts.netloc and url.partition("://")[0] not in {"http", "https"}:
            yield parts.netloc  # Apprise keeps tokens where others have a host


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text with "•••" in place of the secrets, at most ``ANSWER_MAX_CHARS`` long."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "•••")
    return text if len(text) <= ANSWER_MAX_CHARS else f"{text[: ANSWER_MAX_CHARS - 1]}…"
