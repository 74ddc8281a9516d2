"""A connected socket, in plain text or by TLS, for kinds that speak a protocol themselves."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType

from probes.chains import explain_certificate, judge_certificate
from probes.check import Check, Judgement, ProbeError
from probes.connect import drop, open_stream
from probes.curl_errors import explain_alert, judge_verify_result
from probes.errors import ErrorCode
from probes.handshake import Session, open_session

PIECE_BYTES = 16_384


class Stream:
    """Sends and receives bytes. Raises ``ProbeError`` when that fails. Leaving its ``async with`` block
    closes it."""

    def __init__(self, socket_: socket.socket) -> None:
        self._socket = socket_
        self._session: Session | None = None
        self.unread = bytearray()
        """What came and was not asked for by ``read_exactly`` and ``read_until`` yet."""

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        drop(self._socket)

    async def shake(self, check: Check, *, name: str, verify: bool) -> ssl.SSLObject:
        """Speak TLS from here on; see ``secure``."""
        self._session = await open_session(check, self._socket, name=name, verify=verify)
        return self._session.tls

    async def send(self, data: bytes) -> None:
        try:
            if self._session is not None:
                await self._session.write(data)
            else:
                await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except OSError:
            raise ProbeError(
                ErrorCode.SEND_FAILED, "The text could not be sent: the connection broke."
            ) from None

    async def receive(self) -> bytes:
        """The bytes that have come, at most ``PIECE_BYTES``; empty at the end."""
        await asyncio.sleep(0)  # an endless sender must not keep the loop from other checks
        try:
            if self._session is not None:
                return await self._session.read(PIECE_BYTES)
            return await asyncio.get_running_loop().sock_recv(self._socket, PIECE_BYTES)
        except ssl.SSLError as trouble:
            raise ProbeError(*explain_alert(str(trouble))) from None
        except ConnectionError:
            raise ProbeError(ErrorCode.CONNECTION_RESET, "The server reset the connection.") from None
        except OSError:
            raise ProbeError(
                ErrorCode.CONNECTION_CLOSED, "The connection broke while reading the answer."
            ) from None

    async def read_exactly(self, length: int) -> bytes:
        while len(self.unread) < length:
            await self._read_on()
        return self._take(length)

    async def read_until(self, mark: bytes, *, most: int, too_long: ProbeError) -> bytes:
        """Read up to ``mark`` and ``mark`` itself. Raises ``too_long`` when that is more than ``most``
        bytes."""
        looked_at = 0
        while (found := self.unread.find(mark, max(0, looked_at - len(mark)))) < 0:
            looked_at = len(self.unread)
            if looked_at > most:
                raise too_long
            await self._read_on()
        if found > most:
            raise too_long
        return self._take(found + len(mark))

    def _take(self, length: int) -> bytes:
        taken = bytes(self.unread[:length])
        del self.unread[:length]
        return taken

    async def _read_on(self) -> None:
        piece = await self.receive()
        if not piece:
            raise ProbeError(
                ErrorCode.CONNECTION_CLOSED, "The server closed the connection before its answer was whole."
            )
        self.unread += piece


async def connect(check: Check, host: str, port: int, *, family: str) -> Stream:
    """Connect to ``host``. Raises ``ProbeError`` and ``BlockedAddress``."""
    return Stream(await open_stream(check, host, port, family=family))


async def secure(
    check: Check, stream: Stream, *, name: str, verify: bool, reach: Callable[[Check], Awaitable[Stream]]
) -> Judgement | None:
    """Speak TLS from here on. Returns what is wrong with the certificate, as the kind ``tls`` judges it; None
    when nothing is.

    ``reach`` opens another stream and brings it to the same point. Over it, a chain that is not accepted is
    fetched once more without verifying it, as long as there is time, to say what is wrong with it.
    """
    try:
        tls = await stream.shake(check, name=name, verify=verify)
    except ssl.SSLCertVerificationError as refusal:

        async def shake_again(aside: Check) -> ssl.SSLObject:
            async with await reach(aside) as again:
                return await again.shake(aside, name=name, verify=False)

        check.total_ms = sum(check.timings.values())
        otherwise = judge_verify_result(refusal.verify_code, host=name)
        limit_s = check.remaining_s() * 0.9
        return await explain_certificate(check, shake_again, limit_s=limit_s, otherwise=otherwise)
    return judge_certificate(check, tls, name=name, verifies=verify)
