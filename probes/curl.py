"""The HTTP engine: one thread that drives one libcurl multi handle by perform and poll.

A transfer is any object with the members of ``Transfer``. The pool knows nothing of checks, and its caller
decides how many transfers run at once. Handles are reused. Connections, DNS answers and TLS sessions are not,
because every check measures all phases. Cookies live for one transfer. The CA store is parsed once and kept
by the multi handle. Content-Encoding is undone here and not by libcurl, because libcurl refuses what browsers
read.
"""

import _socket
import logging
import select
import socket
import threading
from collections import deque
from time import monotonic, sleep
from typing import Any, Protocol

import pycurl

from core.descriptors import is_shortage
from probes.guard import BlockedAddress, Guard
from probes.head import Head, read_head
from probes.trust import find_ca_file
from probes.unpacking import Unpacker, make_unpacker

logger = logging.getLogger(__name__)

# libcurl tells its descriptors as an fd_set, which ends at 1,024; the margin is for pycurl's copy of ours.
MAX_DESCRIPTOR = 1_024 - 8
JOIN_S = 5.0
BODY_CAP_BYTES = 1024 * 1024
ENDED = -1
"""The code of an exchange that we end because nothing more can be learnt from its answer, which goes on.
libcurl's own codes are 0 and more."""
_LOOK_EVERY_S = 0.5
_REST_S = 0.1
"""Seconds of rest after a turn that failed, because the next one may fail as well."""
_CURLOPT_QUICK_EXIT = 322  # pycurl has no names for these two longs
_CURLOPT_CA_CACHE_TIMEOUT = 321


class Transfer(Protocol):
    """One exchange, or several one after another (redirects) on the same handle."""

    handle: "Easy | None"

    def prepare(self, easy: "Easy") -> None:
        """Set the options of the next exchange."""

    def complete(self, easy: "Easy", code: int, message: str) -> bool:
        """Take the outcome: libcurl's code and message. True: there is another exchange, so ``prepare`` is
        called again."""

    def is_settled(self, easy: "Easy") -> bool:
        """Whether nothing more can be learnt from the answer. Asked twice a second while it comes in."""

    def fail(self) -> None:
        """End the transfer for a fault of our own."""


class _LentSocket(_socket.socket):
    """A socket that closes without a warning. pycurl copies the descriptor and drops this object; a plain
    socket would warn then, which costs time."""

    def __del__(self) -> None:
        self.close()


class Easy:
    """A reusable easy handle of libcurl, and what its callbacks saw during one exchange."""

    __slots__ = (
        "addresses",
        "blocked",
        "body",
        "ca_file",
        "capped",
        "curl",
        "exhausted",
        "guard",
        "head",
        "keep",
        "port",
        "profile",
        "received_bytes",
        "seen_bytes",
        "transfer",
        "tried",
        "unpacker",
    )

    def __init__(self, guard: Guard, ca_file: str) -> None:
        self.guard = guard
        self.curl: Any = pycurl.Curl()
        self.profile: object = None
        self.transfer: Transfer | None = None
        self.head: list[bytes] = []
        self.ca_file = ca_file
        self.set_up()
        self.rewind(keep=False)

    def rewind(self, *, keep: bool) -> None:
        """Forget the last exchange. ``keep``: keep the next body; otherwise its bytes are only counted."""
        self.keep, self.capped, self.exhausted = keep, False, False
        self.head.clear()
        self.body: list[bytes] = []
        self.received_bytes = self.seen_bytes = 0
        self.unpacker: Unpacker | None = None
        self.blocked: BlockedAddress | None = None
        self.tried, self.port = "", 0
        self.addresses: list[str] = []

    def set_up(self) -> None:
        """Set the options that all exchanges have, on a handle that is new or was reset."""
        option = self.curl.setopt
        for name, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PROXY, ""),
            (pycurl.NOPROXY, "*"),
            (pycurl.NETRC, 0),
            (pycurl.FRESH_CONNECT, 1),
            (pycurl.FORBID_REUSE, 1),
            (pycurl.DNS_CACHE_TIMEOUT, 0),
            (pycurl.SSL_SESSIONID_CACHE, 0),
            (pycurl.CAINFO, self.ca_file),
            (_CURLOPT_CA_CACHE_TIMEOUT, 86_400),
            (_CURLOPT_QUICK_EXIT, 1),  # a hanging getaddrinfo must not be waited for
            (pycurl.OPT_CERTINFO, 1),
            (pycurl.HTTP09_ALLOWED, 0),
            (pycurl.COOKIEFILE, ""),  # none is read, but those that are set on the way come back
            (pycurl.OPENSOCKETFUNCTION, self._open_socket),
            (pycurl.HEADERFUNCTION, self.head.append),
            (pycurl.WRITEFUNCTION, self._write),
        ):
            option(name, value)

    def _open_socket(self, _purpose: int, address: Any) -> Any:
        """Ask the guard about the address that libcurl is about to connect to, and open a socket. No
        exception may leave a callback of libcurl."""
        family, kind, protocol, where = address
        try:
            self.port = where[1]
            self.tried = where[0].decode() if isinstance(where[0], bytes) else where[0]
            if len(where) == 4 and where[3]:
                self.tried += f"%{where[3]}"
            self.addresses.append(self.tried)
            self.guard.check(self.tried)
            opened = _LentSocket(family, kind, protocol)
        except BlockedAddress as blocked:
            self.blocked = blocked
            return pycurl.SOCKET_BAD
        except OSError as trouble:
            self.exhausted = is_shortage(trouble)
            return pycurl.SOCKET_BAD
        if opened.fileno() >= MAX_DESCRIPTOR:
            opened.close()
            self.exhausted = True
            return pycurl.SOCKET_BAD
        return opened

    def _write(self, chunk: bytes) -> int | None:
        """Take a piece of the body. Ends the exchange, by returning -1, when the body is too long or the rest
        of it cannot be decoded."""
        if not self.received_bytes and b"content-encoding:" in b"".join(self.head).lower():
            self.unpacker = make_unpacker(self.read_head().encodings)
        self.received_bytes += len(chunk)
        if self.unpacker is not None:
            chunk = self.unpacker.feed(chunk, BODY_CAP_BYTES + 1)
            if self.unpacker.broken:
                return -1
        self.seen_bytes += len(chunk)
        if self.keep:
            self.body.append(chunk)
        if self.seen_bytes > BODY_CAP_BYTES or self.received_bytes > BODY_CAP_BYTES:
            self.capped = True
            return -1
        return None

    def read_head(self) -> Head:
        """The head of the answer, once it is complete."""
        return read_head(self.head)

    @property
    def ended(self) -> bool:
        """Whether we ended the exchange ourselves."""
        return self.capped or (self.unpacker is not None and self.unpacker.broken)


class CurlPool:
    """Runs transfers on its own thread, which starts with the first one and ends with ``close``."""

    def __init__(self, *, guard: Guard, ca_file: str | None = None) -> None:
        self._guard = guard
        self._ca_file = ca_file or find_ca_file()
        self._starting: deque[Transfer] = deque()
        self._stopping: deque[Transfer] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._woken = False
        self._running = 0
        self._looked_at = 0.0
        self._turned_at: float | None = None
        """When its last turn began; None while it waits for nothing."""
        self._idle: list[Easy] = []
        self._by_curl: dict[Any, Easy] = {}

    def start(self, transfer: Transfer) -> None:
        """Begin ``transfer``; may be called from any thread."""
        self._starting.append(transfer)
        self._wake()

    def stop(self, transfer: Transfer) -> None:
        """Forget ``transfer``, if it still runs; may be called from any thread."""
        self._stopping.append(transfer)
        self._wake()

    def close(self) -> None:
        """Stop the thread and free every handle; transfers under way are forgotten."""
        with self._lock:
            self._closing, thread = True, self._thread
        if thread is not None:
            self._wake()
            thread.join(JOIN_S)

    def abandon(self) -> None:
        """Give up a thread that stands still. If it ever goes on, its transfers fail and it ends by
        itself."""
        self._closing = True

    def stalled_s(self) -> float:
        """Seconds since the thread began its last turn; 0 while it has nothing to do."""
        turned_at = self._turned_at
        return 0.0 if turned_at is None else monotonic() - turned_at

    def _wake(self) -> None:
        if threading.current_thread() is self._thread:
            return
        with self._lock:
            if self._thread is None:
                if self._closing:
                    return
                self._sleeper, self._alarm = socket.socketpair()
                self._sleeper.setblocking(False)
                self._thread = threading.Thread(target=self._run, name="probe-curl", daemon=True)
                self._thread.start()
            if not self._woken:
                self._woken = True
                self._alarm.send(b"!")

    def _run(self) -> None:
        self._multi: Any = pycurl.CurlMulti()
        try:
            while not self._closing:
                try:
                    self._turn()
                except Exception:
                    logger.exception("the curl thread stumbled")
                    self._abandon()
                    sleep(_REST_S)
        finally:
            self._abandon()
            for easy in self._idle:
                easy.curl.close()
            self._multi.close()
            self._sleeper.close()
            self._alarm.close()

    def _turn(self) -> None:
        self._turned_at = monotonic()
        while self._stopping:
            self._forget(self._stopping.popleft())
        while self._starting:
            self._begin(self._starting.popleft())
        _, active = self._multi.perform()
        if active < self._running:
            self._collect()
        elif not self._starting:
            self._wait()
        if monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._look()

    def _wait(self) -> None:
        if self._running:
            reads, writes, _ = self._multi.fdset()
            timeout_ms = self._multi.timeout()
            timeout_ms = 500 if timeout_ms < 0 else min(timeout_ms, 500)
        else:
            reads, writes, timeout_ms = [], [], None
        poll = select.poll()  # our own wake-up may lie beyond select's descriptors
        poll.register(self._sleeper, select.POLLIN)
        for descriptor in reads:
            poll.register(descriptor, select.POLLIN)
        for descriptor in writes:
            poll.register(descriptor, select.POLLOUT | (select.POLLIN if descriptor in reads else 0))
        if not self._running:
            self._turned_at = None
        poll.poll(timeout_ms)
        if self._woken:
            with self._lock:
                self._sleeper.recv(16)  # the byte is there: it is sent under the same lock
                self._woken = False

    def _begin(self, transfer: Transfer) -> None:
        easy = self._idle.pop() if self._idle else self._make_easy()
        easy.transfer, transfer.handle = transfer, easy
        self._running += 1
        try:
            easy.curl.setopt(pycurl.COOKIELIST, "ALL")  # forget those of the last transfer
            transfer.prepare(easy)
            self._multi.add_handle(easy.curl)
        except Exception:
            logger.exception("a transfer could not be prepared")
            self._release(easy)
            transfer.fail()

    def _make_easy(self) -> Easy:
        easy = Easy(self._guard, self._ca_file)
        self._by_curl[easy.curl] = easy
        return easy

    def _collect(self) -> None:
        queued = 1
        while queued:
            queued, succeeded, failed = self._multi.info_read(100)
            for curl in succeeded:
                self._complete(self._by_curl[curl], pycurl.E_OK, "")
            for curl, code, message in failed:
                self._complete(self._by_curl[curl], code, message)

    def _look(self) -> None:
        """End transfers whose answer goes on although nothing more can be learnt from it, above all
        streams."""
        self._looked_at = monotonic()
        for easy in list(self._by_curl.values()):
            if easy.transfer is not None and easy.head and self._is_settled(easy, easy.transfer):
                self._complete(easy, ENDED, "")

    def _is_settled(self, easy: Easy, transfer: Transfer) -> bool:
        try:
            return transfer.is_settled(easy)
        except Exception:
            logger.exception("a transfer could not be looked at")
            return False

    def _complete(self, easy: Easy, code: int, message: str) -> None:
        transfer = easy.transfer
        if transfer is None:
            return
        self._multi.remove_handle(easy.curl)
        try:
            if transfer.complete(easy, code, message):
                transfer.prepare(easy)
                self._multi.add_handle(easy.curl)
                return
        except Exception:
            logger.exception("a transfer could not be completed")
            easy.profile = None
            self._release(easy)
            transfer.fail()
            return
        self._release(easy)

    def _release(self, easy: Easy) -> None:
        if easy.transfer is not None:
            easy.transfer.handle, easy.transfer = None, None
            easy.rewind(keep=False)
            self._running -= 1
            self._idle.append(easy)

    def _forget(self, transfer: Transfer) -> None:
        if transfer in self._starting:
            self._starting.remove(transfer)
        if transfer.handle is not None:
            easy = transfer.handle
            self._multi.remove_handle(easy.curl)
            self._release(easy)

    def _abandon(self) -> None:
        """Fail all transfers that run, after a bug of ours or at the end."""
        for easy in list(self._by_curl.values()):
            transfer = easy.transfer
            if transfer is not None:
                self._multi.remove_handle(easy.curl)
                self._release(easy)
                transfer.fail()
        while self._starting:
            self._starting.popleft().fail()
