"""SMTP (RFC 5321): the greeting, EHLO, STARTTLS (RFC 3207), a login (RFC 4954) if there is one, and QUIT.

No message is sent. The certificate is judged as the kind ``tls`` judges it. After STARTTLS, nothing counts
that came unencrypted; a server that sends more behind its consent to STARTTLS is down.
"""

import base64
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from core import structs
from core.hosts import join_host_port, split_host_port
from probes.check import Check, Engines, Judgement, ProbeError
from probes.config_fields import BasicAuth, DegradedMs, ExpiryDays, Family, HostName, VerifyTls, field
from probes.config_rules import CONTROL, tidy_tls, validate_server_name
from probes.errors import ErrorCode
from probes.kind import CheckKind, Target
from probes.targets import refuse_url

if TYPE_CHECKING:
    from probes.streams import Stream

PORTS = {"none": 25, "starttls": 587, "tls": 465}
OUR_NAME = "sentrypulse.invalid"
MAX_LINE_BYTES = 4_096
MAX_LINES = 100
FAREWELL_S = 1.0
"""Seconds for which the answer to QUIT is waited for. When none comes, that changes nothing."""


class SmtpConfig(Struct, frozen=True, kw_only=True):
    """Read the greeting and say EHLO: unencrypted, after STARTTLS, or over TLS from the start. Log in with
    ``auth``, if it is set."""

    security: Annotated[
        Literal["none", "starttls", "tls"],
        field(
            "Security",
            '"none", "starttls" or "tls"',
            section="request",
            labels={"none": "None", "starttls": "STARTTLS", "tls": "TLS from the start"},
        ),
    ] = "starttls"
    auth: Annotated[
        BasicAuth | None,
        field(
            "Log in with",
            'null or {"type": "basic", "username": "…", "password": "…"}',
            "Never shown again.",
            section="request",
            advanced=True,
        ),
    ] = None
    server_name: HostName = ""
    verify_tls: VerifyTls = True
    tls_expiry_days: ExpiryDays = 14
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


def check_target(target: str) -> str:
    """``host:port``, or a host alone: then the port is the one that belongs to ``security``."""
    refuse_url(target)
    host, port = split_host_port(target, default_port=0)
    return join_host_port(host, port) if port else host


def validate(config: dict[str, Any], errors: dict[str, str]) -> None:
    validate_server_name(config, errors)
    auth = config["auth"] or {}
    if auth and config["security"] == "none":
        errors.setdefault("security", 'Set "starttls" or "tls": a password is not sent in the clear.')
    if any(CONTROL.search(value) for value in auth.values()):
        errors.setdefault("auth", "Must not contain line breaks or control characters.")


def start(check: Check, *, engines: Engines) -> None:
    """Begin an SMTP check on the asyncio thread."""
    engines.loop.start(check, probe_smtp)


async def probe_smtp(check: Check) -> Judgement:
    """Talk to the server as a client with mail would, up to the point where mail is handed over."""
    config = structs.convert(check.spec.config, SmtpConfig)
    try:
        return await _probe(check, config)
    except ProbeError as reason:
        judgement, auth = reason.judgement, config.auth
    sentence = judgement.sentence
    for secret in () if auth is None else (auth.password, _encode(auth.password), _encode_pair(auth)):
        sentence = sentence.replace(secret, "•••") if len(secret) >= 3 else sentence  # a server may echo it
    return Judgement(judgement.status, judgement.code, sentence)


async def _probe(check: Check, config: SmtpConfig) -> Judgement:
    from probes.connect import read_address
    from probes.streams import secure

    host, port = read_address(check, default_port=PORTS[config.security])
    reach = partial(_reach_tls, host=host, port=port, config=config)
    async with await reach(check) as stream:
        if config.security != "none" and (
            wrong := await secure(
                check, stream, name=config.server_name or host, verify=config.verify_tls, reach=reach
            )
        ):
            return wrong
        talk = _Talk(check, stream)
        if config.security == "tls":
            await talk.be_greeted()
        offered = await talk.greet()
        if config.auth is not None:
            await talk.log_in(config.auth, offered.get("AUTH", "").upper().split())
        check.total_ms = sum(check.timings.values())
        await _take_leave(check, talk)
    return check.judge_soft_limits(expiry_days=config.tls_expiry_days, degraded_ms=config.degraded_ms)


async def _reach_tls(check: Check, *, host: str, port: int, config: SmtpConfig) -> "Stream":
    """Connect, and go on to the point where TLS begins; without TLS, until the server has greeted."""
    from probes.streams import connect

    stream = await connect(check, host, port, family=config.ip_family)
    try:
        if config.security != "tls":
            talk = _Talk(check, stream)
            await talk.be_greeted()
            if config.security == "starttls":
                await talk.start_tls()
    except BaseException:
        stream.close()
        raise
    return stream


class _Talk:
    """Commands and replies over a stream."""

    def __init__(self, check: Check, stream: "Stream") -> None:
        self._check, self._stream = check, stream

    async def be_greeted(self) -> None:
        with self._check.timing("first_byte_ms"):
            code, lines = await self._read_reply()
        _expect(code, lines, 220, "a greeting with 220")

    async def greet(self) -> dict[str, str]:
        """Say EHLO. Returns what the server offers: parameters by keyword."""
        lines = await self.ask(f"EHLO {OUR_NAME}", 250)
        pairs = (line.replace("=", " ").partition(" ") for line in lines[1:])
        return {keyword.upper(): parameters for keyword, _, parameters in pairs}

    async def start_tls(self) -> None:
        if "STARTTLS" not in await self.greet():
            raise ProbeError(ErrorCode.SMTP_REPLY, "The server does not offer STARTTLS.")
        await self.ask("STARTTLS", 220)
        if self._stream.unread:
            raise ProbeError(
                ErrorCode.SMTP_PROTOCOL, "The server said more in the clear after its consent to STARTTLS."
            )

    async def log_in(self, auth: BasicAuth, mechanisms: list[str]) -> None:
        if "PLAIN" in mechanisms:
            await self.ask(f"AUTH PLAIN {_encode_pair(auth)}", 235, shown="AUTH")
        elif "LOGIN" in mechanisms:
            await self.ask("AUTH LOGIN", 334)
            await self.ask(_encode(auth.username), 334, shown="AUTH")
            await self.ask(_encode(auth.password), 235, shown="AUTH")
        else:
            raise ProbeError(ErrorCode.SMTP_REPLY, "The server offers no login by PLAIN or LOGIN.")

    async def ask(self, command: str, expected: int, *, shown: str = "") -> list[str]:
        """Send a command. Returns the texts of the reply; raises ``ProbeError`` when its code is not
        ``expected``. A sentence calls the command ``shown``, because it may hold a password."""
        with self._check.timing("download_ms"):
            await self._stream.send(f"{command}\r\n".encode())
            code, lines = await self._read_reply()
        _expect(code, lines, expected, f"{expected} to {shown or command}")
        return lines

    async def _read_reply(self) -> tuple[int, list[str]]:
        """The code of the next reply, and the texts of its lines (RFC 5321, 4.2)."""
        too_long = ProbeError(ErrorCode.SMTP_PROTOCOL, "A line of the server's reply is too long.")
        codes, texts = set[str](), list[str]()
        for _ in range(MAX_LINES):
            line = await self._stream.read_until(b"\n", most=MAX_LINE_BYTES, too_long=too_long)
            text = line.rstrip(b"\r\n").decode("utf-8", "replace")
            code, separator = text[:3], text[3:4]
            codes.add(code)
            if not (code.isascii() and code.isdigit() and separator in ("", " ", "-")) or len(codes) > 1:
                raise ProbeError(ErrorCode.SMTP_PROTOCOL, f"Expected a reply in SMTP, got {text[:60]!r}.")
            texts.append(text[4:])
            if separator != "-":
                return int(code), texts
        raise ProbeError(ErrorCode.SMTP_PROTOCOL, f"The server's reply has more than {MAX_LINES} lines.")


def _expect(code: int, lines: list[str], expected: int, called: str) -> None:
    if code != expected:
        said = " ".join(lines)[:120].strip()
        raise ProbeError(ErrorCode.SMTP_REPLY, f"Expected {called}, got {code}{f': {said}' if said else ''}.")


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _encode_pair(auth: BasicAuth) -> str:
    return _encode(f"\0{auth.username}\0{auth.password}")


async def _take_leave(check: Check, talk: _Talk) -> None:
    import asyncio

    try:
        async with asyncio.timeout(min(FAREWELL_S, check.remaining_s() / 2)):
            await talk.ask("QUIT", 221)
    except (ProbeError, TimeoutError):
        pass


KIND = CheckKind(
    label="SMTP",
    help="Talks to a mail server up to the point where mail is handed over.",
    target=Target("Host", "mail.example.com:587", "With a port, or the one of the security that is chosen."),
    name_hint="{target}",
    config=SmtpConfig,
    check_target=check_target,
    start=start,
    needs=("probes.streams",),
    tidy=tidy_tls,
    validate=validate,
)
