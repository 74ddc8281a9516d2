"""Domains: asks the registry by RDAP (RFC 9082, 9083) until when the name is registered.

Only what the registry says can make the domain down. What we could not find out, for our own or the
registry's reasons, is ``unknown``. The phases and the address of a result are those of the registry's server.
"""

import codecs
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from core import structs
from core.hostnames import to_ascii
from core.hosts import check_name
from probes.check import UP, Check, Engines, Judgement, ProbeError
from probes.config_fields import EXPIRY_DAYS_MUST_BE, ExpiryDays, field
from probes.errors import ErrorCode
from probes.expiry import find_passed, list_thresholds, say_days, spell_thresholds
from probes.json_body import NotJson, read_json_body
from probes.kind import CheckKind, Target
from probes.result import Status
from probes.spec import CheckSpec
from probes.targets import check_url, refuse_url

if TYPE_CHECKING:
    from probes.rdap import RdapAnswer

LONGEST_INSTANT = 64
FIRST_DOMAIN = datetime(1985, 1, 1, tzinfo=UTC)
"""The first domain was registered in 1985. A date before that (year 1, 1900, 1970) stands for none."""
ODD_BYTES = 128 * 1024
"""Bytes. A longer answer is read only if it is correct JSON."""
# RFC 8056. A registry may prolong a name by itself on its last day; that nobody paid shows here alone.
_LAPSED = ("redemption period", "pending delete")


@dataclass(frozen=True, slots=True)
class _Domain:
    """What we read of an answer (RFC 9083, 5.3). Registries leave members out, or write null there."""

    name: str
    statuses: frozenset[str]
    ends: tuple[str, ...]


class DomainConfig(Struct, frozen=True, kw_only=True):
    """Ask the RDAP server at ``rdap_url`` (empty: the one IANA lists) until when the domain is registered."""

    expiry_days: Annotated[
        ExpiryDays,
        field(
            "Warn of expiry",
            EXPIRY_DAYS_MUST_BE,
            "So many days before the registration ends, the monitor is degraded.",
            unit="days",
            example=[30, 14, 7, 1],
        ),
    ] = 14
    rdap_url: Annotated[
        str,
        field(
            "RDAP server",
            "the address of an RDAP server, or empty",
            "Who is asked; empty: the one that IANA lists.",
            limits={"max_length": 500},
            section="request",
            advanced=True,
            example="https://rdap.org/",
        ),
    ] = ""


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    spelled = dict(config)
    if "expiry_days" in spelled:
        spelled["expiry_days"] = spell_thresholds(spelled["expiry_days"])
    return spelled


def validate(config: dict[str, Any], errors: dict[str, str]) -> None:
    if not config["rdap_url"]:
        return
    try:
        url = check_url(config["rdap_url"].strip())
    except ValueError as mistake:
        errors.setdefault("rdap_url", str(mistake))
        return
    if "?" in url:
        errors.setdefault("rdap_url", "Enter the server's base, such as https://rdap.org/, without a query.")
    config["rdap_url"] = url.rstrip("/") + "/"


def check_target(target: str) -> str:
    refuse_url(target)
    name = check_name(target)
    if "." not in name or name.rpartition(".")[2].isdigit():
        raise ValueError(f"{name[:100]!r} is not a domain that can be registered; write it like example.com.")
    return name


def name_host(spec: CheckSpec) -> str:
    """The host that a check loads: the server of ``rdap_url``, otherwise that of the TLD's registry, for
    which the TLD stands."""
    with suppress(ValueError):  # an address that is none is for the probe to refuse
        return urlsplit(str(spec.config.get("rdap_url"))).hostname or spec.target.rpartition(".")[2].lower()
    return spec.target


def start(check: Check, *, engines: Engines) -> None:
    """Begin a domain check on the asyncio thread; its questions go through libcurl."""
    engines.loop.start(check, partial(probe_domain, engines=engines))


async def probe_domain(check: Check, *, engines: Engines) -> Judgement:
    """Find the registry's server, ask it, and judge its answer."""
    import asyncio

    from probes import rdap

    config = structs.convert(check.spec.config, DomainConfig)
    name = check.spec.target
    try:
        async with asyncio.timeout(check.remaining_s() * 0.95):  # before the runner calls it a down
            base = config.rdap_url or await rdap.find_base(check, name, engines=engines)
            if not base:
                tld = name.rpartition(".")[2]
                raise _cannot_tell(f"IANA lists no RDAP server for .{tld}; if you know one, set rdap_url.")
            answer = await rdap.ask_registry(check, f"{base}domain/{name}", engines=engines)
    except rdap.Unanswered as reason:
        ours = reason.judgement.status is Status.UNKNOWN
        code = (reason.judgement.code if ours else None) or ErrorCode.EXPIRY_UNKNOWN
        return Judgement(
            Status.UNKNOWN, code, f"{reason.host} could not be asked: {reason.judgement.sentence}"
        )
    except TimeoutError:
        raise _cannot_tell(f"No registry answered within {check.spec.timeout_s:g} s.") from None
    found = _read_answer(answer, name)
    if found is None:
        return Judgement(Status.DOWN, ErrorCode.DOMAIN_UNREGISTERED, _say_unregistered(name))
    check.domain_expires_at = _read_expiry(found, answer.host)
    return judge_expiry(
        check.domain_expires_at,
        lapsed=next((status for status in _LAPSED if status in found.statuses), ""),
        expiry_days=config.expiry_days,
        now=check.checked_at,
    )


def _cannot_tell(sentence: str) -> ProbeError:
    return ProbeError(ErrorCode.EXPIRY_UNKNOWN, sentence, status=Status.UNKNOWN)


def _read_answer(answer: "RdapAnswer", name: str) -> _Domain | None:
    """What the registry says of ``name``; None: it knows no such domain. Raises ``ProbeError``."""
    host = answer.host
    if answer.status == 404:
        if answer.of_redirector:
            raise _cannot_tell(f"{host} knows no RDAP server for .{name.rpartition('.')[2]}.")
        if answer.content_type.startswith("text/html"):
            raise _cannot_tell(f"{host} answered 404 with a web page, as no RDAP server does.")
        return None
    if answer.status == 429:
        raise _cannot_tell(f"{host} answered 429: it was asked too often.")
    if answer.status != 200:
        raise _cannot_tell(f"Expected 200 or 404 from {host}, got {answer.status}.")
    found = _read_domain(answer.body, answer.content_type)
    if found is None:
        raise _cannot_tell(f"What {host} answered is not RDAP, or longer than 1 MiB.")
    if found.name and not is_same_name(found.name, name):
        raise _cannot_tell(f"{host} answered for {found.name[:100]} instead of {name}.")
    return found


def _read_domain(body: bytes, content_type: str) -> _Domain | None:
    try:  # on the thread that serves everybody: a long one must be good
        if len(body) <= ODD_BYTES:
            found = read_json_body(body, content_type)
        else:
            found = msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8))
    except (NotJson, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    events = [event for event in _list(found.get("events")) if isinstance(event, dict)]
    return _Domain(
        name=str(found.get("ldhName") or found.get("unicodeName") or ""),
        statuses=frozenset(_spell_status(status) for status in _list(found.get("status"))),
        ends=tuple(
            str(event.get("eventDate") or "")
            for event in events
            if str(event.get("eventAction") or "").strip().lower() == "expiration"
        ),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _spell_status(status: Any) -> str:
    """A status in RDAP's spelling (RFC 8056, 2), whether the registry uses that or EPP's: ``pendingDelete``
    becomes ``pending delete``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\s]+", " ", str(status).strip()).lower()


def is_same_name(one: str, other: str) -> bool:
    """Whether both names are the same domain; either may be written in ASCII or in other letters."""
    try:
        return to_ascii(one.rstrip(".")) == to_ascii(other.rstrip("."))
    except ValueError:
        return one.lower().rstrip(".") == other.lower().rstrip(".")


def _read_expiry(found: _Domain, host: str) -> datetime:
    """The earliest end the registry names (a date without a zone is UTC); ``ProbeError`` if there is none."""
    ends = [at for date in found.ends if (at := _read_instant(date)) is not None and at >= FIRST_DOMAIN]
    if not ends:
        raise _cannot_tell(f"{host} knows the domain, but names no date on which it expires.")
    return min(ends)


def _read_instant(text: str) -> datetime | None:
    """An instant of RFC 3339, where T and Z may be small letters; some registries write UTC or GMT for Z.
    Without a zone it is UTC. None: the text is no date."""
    spelled = re.sub(r"\s*(UTC|GMT)$", "Z", text[:LONGEST_INSTANT].strip().upper())
    try:
        at = datetime.fromisoformat(spelled)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def judge_expiry(
    expires_at: datetime, *, lapsed: str, expiry_days: int | Sequence[int], now: datetime
) -> Judgement:
    """The judgement on a domain that is registered until ``expires_at``. Pure. ``lapsed`` is the registry's
    status of a domain that was not renewed in time; empty: it has none."""
    day, left = f"{expires_at:%Y-%m-%d}", expires_at - now
    if lapsed:
        sentence = f"The domain was not renewed: the registry calls it “{lapsed}”."
        return Judgement(Status.DOWN, ErrorCode.DOMAIN_EXPIRED, sentence)
    if left <= timedelta(0):
        sentence = f"The domain expired on {day}, {say_days(-left)} ago."
        return Judgement(Status.DOWN, ErrorCode.DOMAIN_EXPIRED, sentence)
    if find_passed(expiry_days, left) is not None:
        least = list_thresholds(expiry_days)[0]
        sentence = f"The domain expires on {day}, in {say_days(left)}; expected at least {least} days."
        return Judgement(Status.DEGRADED, ErrorCode.DOMAIN_EXPIRING, sentence)
    return UP


def _say_unregistered(name: str) -> str:
    part = name.split(".", 1)[1]
    hint = f" If it is a part of {part}, watch that." if "." in part else ""
    return f"The registry knows no domain {name}: nobody has registered it.{hint}"


KIND = CheckKind(
    label="Domain",
    help="Asks the registry until when a domain is registered.",
    target=Target("Domain", "example.com"),
    name_hint="{host} domain",
    config=DomainConfig,
    check_target=check_target,
    start=start,
    needs=("probes.rdap",),
    tidy=tidy,
    validate=validate,
    name_host=name_host,
    default_interval_s=86_400,
    min_interval_s=3_600,
    min_interval_why="A domain is asked for once an hour at most",  # registries count questions
)
