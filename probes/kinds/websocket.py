"""WebSocket (RFC 6455): the opening handshake; if configured, sends a text and waits for the first one that
comes.

No extension is offered, so messages come uncompressed. Pings are answered meanwhile. What is read after the
handshake is bounded, in bytes and in frames. Binary messages are skipped.
"""

import base64
import hashlib
import os
import re
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from core import structs
from core.hosts import join_host_port
from probes.check import Check, Engines, Judgement, ProbeError
from probes.config_fields import (
    Auth,
    BasicAuth,
    DegradedMs,
    ExpiryDays,
    Family,
    Headers,
    ShortText,
    VerifyTls,
    field,
)
from probes.config_rules import moves_secrets, tidy_tls, validate_credentials
from probes.credentials import USER_AGENT, list_headers, redact
from probes.errors import ErrorCode
from probes.kind import CheckKind, Target
from probes.targets import check_url

if TYPE_CHECKING:
    from probes.streams import Stream

PORTS = {"ws": 80, "wss": 443}
MAX_HEAD_BYTES = 64 * 1024
MAX_READ_BYTES = 1024 * 1024
MAX_FRAMES = 1_000
MAX_INTERIM = 10
FAREWELL_S = 1.0
"""Seconds for which the server's part of the closing handshake is waited for. A server that leaves it out is
up, too."""
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_STATUS_LINE = re.compile(rb"HTTP/1\.\d (\d{3})(?: .*)?")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class WebsocketConfig(Struct, frozen=True, kw_only=True):
    """Shake hands; then send ``send``, if any, and wait for ``expect``, if any, in the first text message."""

    headers: Headers = {}
    auth: Auth = None
    subprotocol: Annotated[
        str,
        field(
            "Subprotocol",
            "a subprotocol such as graphql-transport-ws, or empty",
            limits={"max_length": 100},
            section="request",
            advanced=True,
            example="graphql-transport-ws",
        ),
    ] = ""
    send: Annotated[
        ShortText,
        field("Send", "text of at most 1000 characters", "One text message, sent first.", section="request"),
    ] = ""
    expect: Annotated[
        ShortText,
        field("Answer contains", "text of at most 1000 characters", "Waited for in the first text message."),
    ] = ""
    verify_tls: VerifyTls = True
    tls_expiry_days: ExpiryDays = 14
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


def check_target(target: str) -> str:
    return check_url(target, ports=PORTS)


def validate(config: dict[str, Any], errors: dict[str, str]) -> None:
    validate_credentials(config, errors)
    for name in config["headers"]:
        if name.lower().startswith("sec-websocket-"):
            why = "This header is set by the connection itself; leave it out."
            errors.setdefault(f"headers.{name[:100]}", why)
    if config["subprotocol"] and not _TOKEN.fullmatch(config["subprotocol"]):
        errors.setdefault("subprotocol", "Must be one name without spaces, such as graphql-transport-ws.")


def start(check: Check, *, engines: Engines) -> None:
    """Begin a WebSocket check on the asyncio thread."""
    engines.loop.start(check, probe_websocket)


async def probe_websocket(check: Check) -> Judgement:
    """Connect, shake hands, send ``send``, wait for ``expect`` (each if set), and close."""
    config = structs.convert(check.spec.config, WebsocketConfig)
    try:
        judgement = await _probe(check, config)
    except ProbeError as reason:
        judgement = reason.judgement
    return Judgement(judgement.status, judgement.code, redact(judgement.sentence, config))


async def _probe(check: Check, config: WebsocketConfig) -> Judgement:
    from probes.streams import connect, secure

    url = urlsplit(check.spec.target)
    host, port = url.hostname or "", url.port or PORTS[url.scheme]

    async def reach(check: Check) -> "Stream":
        return await connect(check, host, port, family=config.ip_family)

    async with await reach(check) as stream:
        if url.scheme == "wss" and (
            wrong := await secure(check, stream, name=host, verify=config.verify_tls, reach=reach)
        ):
            return wrong
        with check.timing("first_byte_ms"):
            await _shake_hands(check, stream, url, config)
        wire = _Wire(stream)
        if config.send:
            await wire.send(_TEXT, config.send.encode())
        if config.expect:
            with check.timing("download_ms"):
                await _await_words(check, wire, config.expect)
        check.total_ms = sum(check.timings.values())
        await _take_leave(check, wire)
    return check.judge_soft_limits(expiry_days=config.tls_expiry_days, degraded_ms=config.degraded_ms)


# ---- the opening handshake ----


async def _shake_hands(check: Check, stream: "Stream", url: SplitResult, config: WebsocketConfig) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    await stream.send(_write_request(url, key, config))
    status, headers = await _read_head(stream)
    for _ in range(MAX_INTERIM):
        if status // 100 != 1 or status == 101:
            break
        status, headers = await _read_head(stream)
    check.http_status = status
    if status != 101:
        raise ProbeError(ErrorCode.HTTP_STATUS, f"Expected 101 (Switching Protocols), got {status}.")
    _judge_answer(headers, key, config.subprotocol)


def _write_request(url: SplitResult, key: str, config: WebsocketConfig) -> bytes:
    path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    host = url.hostname or ""
    headers = {
        "Host": join_host_port(host, url.port) if url.port else f"[{host}]" if ":" in host else host,
        "User-Agent": USER_AGENT,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
    }
    if config.subprotocol:
        headers["Sec-WebSocket-Protocol"] = config.subprotocol
    if isinstance(config.auth, BasicAuth):
        pair = f"{config.auth.username}:{config.auth.password}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    given = list_headers(config, at_home=True)
    taken = {name.lower() for name in given}
    lines = [f"{name}: {value}" for name, value in headers.items() if name.lower() not in taken]
    lines += [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


async def _read_head(stream: "Stream") -> tuple[int, dict[str, list[str]]]:
    """The status, and the values of each header by its name in small letters."""
    too_long = ProbeError(ErrorCode.HEADER_TOO_LARGE, "The head of the answer is longer than 64 KiB.")
    first = (await stream.read_until(b"\n", most=MAX_HEAD_BYTES, too_long=too_long)).rstrip(b"\r\n")
    found = _STATUS_LINE.fullmatch(first)
    if found is None:
        shown = first[:60].decode("utf-8", "replace")
        raise ProbeError(ErrorCode.HTTP_PROTOCOL, f"Expected an answer in HTTP/1.1, got {shown!r}.")
    headers: dict[str, list[str]] = {}
    left = MAX_HEAD_BYTES
    while line := (await stream.read_until(b"\n", most=left, too_long=too_long)).rstrip(b"\r\n"):
        left -= len(line)
        name, _, value = line.decode("latin-1").partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(found[1]), headers


def _judge_answer(headers: Mapping[str, list[str]], key: str, wanted: str) -> None:
    """Raise ``ProbeError`` for an answer 101 that must fail the connection all the same (RFC 6455, 4.1)."""
    if "websocket" not in _list_words(headers, "upgrade"):
        raise _breaks("The answer 101 does not say Upgrade: websocket.")
    if "upgrade" not in _list_words(headers, "connection"):
        raise _breaks("The answer 101 does not say Connection: Upgrade.")
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    if headers.get("sec-websocket-accept") != [base64.b64encode(digest).decode()]:
        raise _breaks("Sec-WebSocket-Accept does not fit the key: no WebSocket server answered.")
    if any(headers.get("sec-websocket-extensions", [])):
        raise _breaks("The server uses an extension that was not offered.")
    chosen = ", ".join(headers.get("sec-websocket-protocol", []))
    if chosen != wanted:
        raise _breaks(f"Expected the subprotocol {wanted or 'none'}, got {chosen[:100] or 'none'}.")


def _list_words(headers: Mapping[str, list[str]], name: str) -> list[str]:
    return [word.strip().lower() for value in headers.get(name, []) for word in value.split(",")]


def _breaks(sentence: str) -> ProbeError:
    return ProbeError(ErrorCode.WEBSOCKET_PROTOCOL, sentence)


# ---- messages ----


class _Wire:
    """Frames over a stream that has shaken hands."""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self._read_bytes = self._read_frames = 0

    async def send(self, opcode: int, payload: bytes) -> None:
        """Send one final frame, masked as a client must (RFC 6455, 5.3)."""
        length, mask = len(payload), os.urandom(4)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        else:  # no text of ours is longer than 64 KiB
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        await self._stream.send(head + mask + masked)

    async def read_message(self) -> tuple[int, bytes]:
        """The next message, put together from its frames, and its opcode. Pings are answered, pongs skipped.

        A close frame counts as a message, too.
        """
        kind, parts = _CONTINUED, list[bytes]()
        while True:
            final, opcode, payload = await self._read_frame()
            if opcode == _PING:
                await self.send(_PONG, payload)
            elif opcode == _CLOSE:
                return opcode, payload
            elif opcode != _PONG:
                if (opcode == _CONTINUED) != (kind != _CONTINUED):
                    raise _breaks("The server's fragments are out of order.")
                kind = kind or opcode
                parts.append(payload)
                if final:
                    return kind, b"".join(parts)

    async def _read_frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._stream.read_exactly(2)
        opcode, length = first & 0x0F, second & 0x7F
        if first & 0x70 or opcode not in (_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG):
            raise _breaks("The server sent a frame of a kind that was not agreed on.")
        if second & 0x80:
            raise _breaks("The server masks its frames, as only a client does.")
        if opcode >= _CLOSE and (length > 125 or not first & 0x80):
            raise _breaks("The server sent a control frame that is fragmented or longer than 125 bytes.")
        if length == 126:
            length = struct.unpack("!H", await self._stream.read_exactly(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", await self._stream.read_exactly(8))[0]
        self._read_bytes, self._read_frames = self._read_bytes + length, self._read_frames + 1
        if self._read_bytes > MAX_READ_BYTES or self._read_frames > MAX_FRAMES:
            raise ProbeError(
                ErrorCode.BODY_TOO_LARGE, "No whole text message came within 1 MiB and 1000 frames."
            )
        return bool(first & 0x80), opcode, await self._stream.read_exactly(length)


async def _await_words(check: Check, wire: _Wire, expected: str) -> None:
    opcode, payload = await wire.read_message()
    while opcode == _BINARY:
        opcode, payload = await wire.read_message()
    if opcode == _CLOSE:
        sentence = f"The server closed the WebSocket before a text message came{_say_why(payload)}."
        raise ProbeError(ErrorCode.CONNECTION_CLOSED, sentence)
    check.size_bytes = len(payload)
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise _breaks("The server's text message is not UTF-8.") from None
    if expected not in text:
        raise ProbeError(
            ErrorCode.BODY_MISMATCH, f"Expected {expected[:200]!r} in the first message, got {text[:60]!r}."
        )


def _say_why(payload: bytes) -> str:
    """The reason that a close frame gives (RFC 6455, 5.5.1), as the end of a sentence; empty: none."""
    if len(payload) < 2:
        return ""
    reason = payload[2:62].decode("utf-8", "replace")
    return f": {struct.unpack('!H', payload[:2])[0]}{f' {reason!r}' if reason else ''}"


async def _take_leave(check: Check, wire: _Wire) -> None:
    """Do the closing handshake. The judgement is known by now, so what goes wrong here changes nothing."""
    import asyncio

    try:
        async with asyncio.timeout(min(FAREWELL_S, check.remaining_s() / 2)):
            await wire.send(_CLOSE, struct.pack("!H", 1000))
            while (await wire.read_message())[0] != _CLOSE:
                pass
    except (ProbeError, TimeoutError):
        pass


KIND = CheckKind(
    label="WebSocket",
    help="Opens a WebSocket, and if asked to, sends a text and waits for the right words.",
    target=Target("URL", "wss://example.com/socket"),
    config=WebsocketConfig,
    check_target=check_target,
    start=start,
    needs=("probes.streams",),
    tidy=tidy_tls,
    validate=validate,
    moves_secrets=moves_secrets,
    schemes=tuple(PORTS),
)
