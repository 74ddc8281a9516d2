"""A TLS handshake over a connected socket, and the first bytes that the server sends after it.

In TLS 1.3 the handshake ends on our side before the server has judged the client's certificate. Only the
first bytes that the server sends after that show whether it refuses us. To see them, the session uses buffers
of our own.
"""

import asyncio
import socket
import ssl
from functools import lru_cache

from probes.check import Check, Judgement, ProbeError
from probes.connect import drop, open_stream
from probes.curl_errors import explain_alert, explain_handshake
from probes.errors import ErrorCode
from probes.trust import find_ca_file, trust_as_libcurl

_PIECE_BYTES = 16 * 1024
# What most servers send at once (tickets) is waited for as long as it may take on this line, and no longer.
_FIRST_WORD_S = 0.5
_FIRST_WORD_HANDSHAKES = 4


class Session:
    """A TLS session over a socket; ``tls`` knows what was agreed on."""

    def __init__(self, stream: socket.socket, context: ssl.SSLContext, name: str) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    async def shake(self) -> None:
        """Do the handshake. Raises ``ssl.SSLError`` and ``OSError``."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._send()
                await self._receive()
            except ssl.SSLError:
                await self._send()  # the alert that says why
                raise
            else:
                await self._send()
                return

    async def hear_refusal(self) -> tuple[ErrorCode, str] | None:
        """Wait for the first bytes after the handshake. Returns why the server refuses us; None when it does
        not."""
        if self.tls.version() != "TLSv1.3":
            return None  # its last word in the handshake came after ours
        try:
            await self._receive()
            self.tls.read(1)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return None
        except ConnectionResetError:
            return ErrorCode.CONNECTION_RESET, "The server reset the connection."
        except ssl.SSLError as trouble:
            return explain_alert(str(trouble))
        return None

    async def read(self, most: int) -> bytes:
        """What the server sent, at most ``most`` bytes; empty at the end, which a server need not announce.
        Raises as ``shake`` does."""
        while True:
            try:
                return self.tls.read(most)
            except ssl.SSLWantReadError:
                await self._send()
                await self._receive()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def write(self, data: bytes) -> None:
        """Send ``data``. Raises as ``shake`` does."""
        self.tls.write(data)
        await self._send()

    async def _send(self) -> None:
        if data := self._outgoing.read():
            await asyncio.get_running_loop().sock_sendall(self._stream, data)

    async def _receive(self) -> None:
        data = await asyncio.get_running_loop().sock_recv(self._stream, _PIECE_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


async def shake_hands(
    check: Check, host: str, port: int, *, name: str, family: str, verify: bool
) -> ssl.SSLObject:
    """Connect, shake hands, and wait for a moment whether the server refuses us. The certificate's names are
    not judged.

    Raises ``ProbeError``, and ``ssl.SSLCertVerificationError`` for a chain that is not accepted.
    """
    stream = await open_stream(check, host, port, family=family)
    try:
        session = await open_session(check, stream, name=name, verify=verify)
        if refusal := await _wait_for_refusal(check, session):
            raise ProbeError(*refusal)
        return session.tls
    finally:
        drop(stream)


async def open_session(check: Check, stream: socket.socket, *, name: str, verify: bool) -> Session:
    """Shake hands over ``stream``. Raises as ``shake_hands`` does."""
    session = Session(stream, _make_context(check.ca_file, verify=verify), name)
    try:
        with check.timing("tls_ms"):
            await session.shake()
        return session
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as trouble:
        raise ProbeError(ErrorCode.TLS_HANDSHAKE, explain_handshake(str(trouble))) from None
    except ConnectionResetError:
        raise ProbeError(ErrorCode.CONNECTION_RESET, "The server reset the connection.") from None
    except ConnectionError:
        raise ProbeError(
            ErrorCode.TLS_HANDSHAKE, "The server closed the connection during the TLS handshake."
        ) from None


async def _wait_for_refusal(check: Check, session: Session) -> tuple[ErrorCode, str] | None:
    enough_s = max(_FIRST_WORD_S, check.timings["tls_ms"] / 1_000 * _FIRST_WORD_HANDSHAKES)
    try:
        async with asyncio.timeout(min(enough_s, check.remaining_s() * 0.9)):
            return await session.hear_refusal()
    except TimeoutError:
        return None


async def explain_refusal(
    check: Check, host: str, port: int, *, family: str, limit_s: float, otherwise: Judgement
) -> Judgement:
    """Find out whether a server broke off our request because it refuses us: shake hands once more, for at
    most ``limit_s`` seconds. Returns ``otherwise`` when it does not refuse. Measures nothing.

    The first time, the server's alert may have been lost: a server that closes while our request is under way
    resets the connection.
    """
    aside = Check(check.spec, host=check.host, done=lambda _check, _result: None)
    aside.guard, aside.ca_file, aside.started = check.guard, check.ca_file, check.started
    try:
        async with asyncio.timeout(limit_s):
            await shake_hands(aside, host, port, name=host, family=family, verify=False)
    except ProbeError as refusal:
        if refusal.judgement.code is ErrorCode.TLS_HANDSHAKE:
            return refusal.judgement
    except (OSError, TimeoutError):
        pass
    return otherwise


@lru_cache(maxsize=8)
def _make_context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    """A context with libcurl's ciphers and trusted certificates. It does not compare names; we do."""
    if verify:
        context = trust_as_libcurl(ssl.create_default_context(cafile=ca_file or find_ca_file() or None))
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    return context
