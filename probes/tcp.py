"""TCP: connect, and if asked to, say something and wait for the right words."""

import asyncio
import socket

import msgspec

from probes.check import Check, Engines, ProbeError, Verdict
from probes.config import TcpConfig
from probes.connect import drop, open_stream, read_address
from probes.errors import ErrorCode

ANSWER_CAP_BYTES = 64 * 1024


def start(check: Check, *, engines: Engines) -> None:
    """Begin a TCP check on the asyncio thread."""
    engines.loop.start(check, probe_tcp)


async def probe_tcp(check: Check) -> Verdict:
    """Connect to ``host:port``; send ``send``; read until ``expect`` is in what came (each if set)."""
    config = msgspec.convert(check.spec.config, TcpConfig)
    host, port = read_address(check)
    stream = await open_stream(check, host, port, family=config.ip_family)
    try:
        if config.send:
            await _send(stream, _unescape(config.send))
        if config.expect:
            await _await_words(check, stream, _unescape(config.expect), shown=config.expect)
    finally:
        drop(stream)
    return check.judge_soft_limits(expiry_days=0, degraded_ms=config.degraded_ms)


def _unescape(text: str) -> bytes:
    r"""Read ``\r``, ``\n``, ``\t`` and ``\\`` as people write them in a form's one-line field."""
    marks = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}
    out, letters = [], iter(text)
    for letter in letters:
        if letter == "\\":
            following = next(letters, "")
            out.append(marks.get(following, letter + following))
        else:
            out.append(letter)
    return "".join(out).encode()


async def _send(stream: socket.socket, data: bytes) -> None:
    try:
        await asyncio.get_running_loop().sock_sendall(stream, data)
    except OSError:
        raise ProbeError(ErrorCode.SEND_FAILED, "The text could not be sent: the connection broke.") from None


async def _await_words(check: Check, stream: socket.socket, expected: bytes, *, shown: str) -> None:
    received = bytearray()
    loop = asyncio.get_running_loop()
    with check.timing("first_byte_ms"):
        received += await _receive(loop, stream)
    with check.timing("download_ms"):
        while expected not in received:
            if len(received) > ANSWER_CAP_BYTES:
                raise ProbeError(
                    ErrorCode.BODY_TOO_LARGE, f"{shown!r} is not in the first 64 KiB of the answer."
                )
            chunk = await _receive(loop, stream)
            if not chunk:
                got = bytes(received[:60]).decode("utf-8", "replace")
                raise ProbeError(
                    ErrorCode.BODY_MISMATCH,
                    f"Expected {shown[:200]!r} in the answer, got {got!r} and the end.",
                )
            received += chunk
    check.size_bytes = len(received)


async def _receive(loop: asyncio.AbstractEventLoop, stream: socket.socket) -> bytes:
    try:
        return await loop.sock_recv(stream, 16_384)
    except ConnectionError:
        raise ProbeError(ErrorCode.CONNECTION_RESET, "The server reset the connection.") from None
    except OSError:
        raise ProbeError(
            ErrorCode.CONNECTION_CLOSED, "The connection broke while reading the answer."
        ) from None
