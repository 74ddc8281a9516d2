"""Domains: ask the registry by RDAP (RFC 9082, 9083) until when the name is registered.

What the registry says is held against the domain. What we could not find out, for our own or the registry's
reasons, is ``unknown`` and never ``down``. Phases and address of a result are the registry's server's.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from probes import rdap
from probes.check import UP, Check, Engines, ProbeError, Verdict
from probes.config import DomainConfig
from probes.errors import ErrorCode
from probes.rdap import Answer, Registries, Unanswered, name_host
from probes.result import Status

_registries = Registries()
# RFC 8056. A registry may prolong a name by itself on its last day; that nobody paid shows here alone.
_LAPSED = ("redemption period", "pending delete")


class _Event(msgspec.Struct, rename="camel"):
    event_action: str = ""
    event_date: str = ""


class _Domain(msgspec.Struct, rename="camel"):
    """What we read of RFC 9083, 5.3."""

    ldh_name: str = ""
    status: list[str] = []
    events: list[_Event] = []


def start(check: Check, *, engines: Engines) -> None:
    """Begin a domain check on the asyncio thread; its questions go through libcurl."""
    engines.loop.start(check, partial(probe_domain, engines=engines))


async def probe_domain(check: Check, *, engines: Engines) -> Verdict:
    """Find the registry's server, ask it, and judge its answer."""
    config = msgspec.convert(check.spec.config, DomainConfig)
    name = check.spec.target
    try:
        async with asyncio.timeout(check.remaining_s() * 0.95):  # before the runner calls it a down
            base = config.rdap_url or await _find_base(check, engines)
            answer = await rdap.ask(check, f"{base}domain/{name}", engines=engines)
    except Unanswered as reason:
        ours = reason.verdict.status is Status.UNKNOWN
        code = (reason.verdict.code if ours else None) or ErrorCode.EXPIRY_UNKNOWN
        return Verdict(Status.UNKNOWN, code, f"{reason.host} could not be asked: {reason.verdict.sentence}")
    except TimeoutError:
        raise _cannot_tell(f"No registry answered within {check.spec.timeout_s:g} s.") from None
    found = _read_answer(answer, name)
    if found is None:
        return Verdict(Status.DOWN, ErrorCode.DOMAIN_UNREGISTERED, _say_unregistered(name))
    check.domain_expires_at = _read_expiry(found, name_host(answer.url))
    return judge_expiry(
        check.domain_expires_at,
        lapsed=next((status for status in _LAPSED if status in map(str.lower, found.status)), ""),
        expiry_days=config.expiry_days,
        now=check.checked_at,
    )


def _cannot_tell(sentence: str) -> ProbeError:
    return ProbeError(ErrorCode.EXPIRY_UNKNOWN, sentence, status=Status.UNKNOWN)


async def _find_base(check: Check, engines: Engines) -> str:
    name = check.spec.target

    async def fetch(url: str) -> bytes:
        """Half of the time is the registry's."""
        try:
            async with asyncio.timeout(check.remaining_s() / 2):
                answer = await rdap.ask(check, url, engines=engines)
        except (Unanswered, TimeoutError):
            return b""
        return answer.body if answer.status == 200 else b""

    base = await _registries.find_base(name, fetch)
    if not base:
        raise _cannot_tell(
            f"IANA lists no RDAP server for .{name.rpartition('.')[2]}; if you know one, set rdap_url."
        )
    return base


def _read_answer(answer: Answer, name: str) -> _Domain | None:
    """What the registry says of ``name``; None: it knows no such domain. Raises ``ProbeError``."""
    host = name_host(answer.url)
    if answer.status == 404:
        if answer.url.startswith(rdap.REDIRECTOR_URL):
            raise _cannot_tell(f"{host} knows no RDAP server for .{name.rpartition('.')[2]}.")
        if answer.content_type.startswith("text/html"):
            raise _cannot_tell(f"{host} answered 404 with a web page, as no RDAP server does.")
        return None
    if answer.status == 429:
        raise _cannot_tell(f"{host} answered 429: it was asked too often.")
    if answer.status != 200:
        raise _cannot_tell(f"Expected 200 or 404 from {host}, got {answer.status}.")
    try:
        found = msgspec.json.decode(answer.body, type=_Domain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _cannot_tell(f"What {host} answered is not RDAP, or longer than 1 MiB.") from None
    if found.ldh_name and found.ldh_name.lower().rstrip(".") != name:
        raise _cannot_tell(f"{host} answered for {found.ldh_name[:100]} instead of {name}.")
    return found


def _read_expiry(found: _Domain, host: str) -> datetime:
    """The earliest end the registry names (a date without a zone is UTC); ``ProbeError`` if there is none."""
    dates = [event.event_date for event in found.events if event.event_action.lower() == "expiration"]
    try:
        return min(_read_instant(date) for date in dates)
    except (ValueError, OverflowError):
        raise _cannot_tell(f"{host} knows the domain, but names no date on which it expires.") from None


def _read_instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def judge_expiry(expires_at: datetime, *, lapsed: str, expiry_days: int, now: datetime) -> Verdict:
    """Pure. ``lapsed`` is the registry's status of a domain that was not renewed in time, if it has one."""
    day, left = f"{expires_at:%Y-%m-%d}", expires_at - now
    if lapsed:
        sentence = f"The domain was not renewed: the registry calls it “{lapsed}”."
        return Verdict(Status.DOWN, ErrorCode.DOMAIN_EXPIRED, sentence)
    if left <= timedelta(0):
        sentence = f"The domain expired on {day}, {_say_days(-left)} ago."
        return Verdict(Status.DOWN, ErrorCode.DOMAIN_EXPIRED, sentence)
    if left < timedelta(days=expiry_days):
        sentence = f"The domain expires on {day}, in {_say_days(left)}; expected at least {expiry_days} days."
        return Verdict(Status.DEGRADED, ErrorCode.DOMAIN_EXPIRING, sentence)
    return UP


def _say_days(length: timedelta) -> str:
    return "1 day" if length.days == 1 else f"{length.days} days"


def _say_unregistered(name: str) -> str:
    part = name.split(".", 1)[1]
    hint = f" If it is a part of {part}, watch that." if "." in part else ""
    return f"The registry knows no domain {name}: nobody has registered it.{hint}"
