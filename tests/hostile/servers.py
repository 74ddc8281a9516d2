"""Real servers on loopback that behave well or badly, one thread a connection."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, threading.Event], None]


class Server:
    """A listening port; ``served`` counts the connections, ``heard`` is the text of the requests."""

    def __init__(
        self, behave: Behaviour, context: ssl.SSLContext | None, family: socket.AddressFamily
    ) -> None:
        self._behave, self._context = behave, context
        self._listener = socket.create_server(
            ("127.0.0.1" if family == socket.AF_INET else "::1", 0), family=family, backlog=200
        )
        self.port: int = self._listener.getsockname()[1]
        self.stop = threading.Event()
        self.served = 0
        self.heard: list[str] = []
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self.stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(5)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self.stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.served += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        plain = connection
        with self._lock:
            self._open.add(plain)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._behave(connection, self.stop)
        except OSError:
            pass  # the client went away, or must go
        finally:
            with self._lock:
                self._open.discard(plain)
            connection.close()
            plain.close()


@contextmanager
def serve(
    behave: Behaviour,
    *,
    context: ssl.SSLContext | None = None,
    family: socket.AddressFamily = socket.AF_INET,
) -> Iterator[Server]:
    """Listen on a free port of loopback until the block ends."""
    server = Server(behave, context, family)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    """Read a request's head and as much body as it announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            missing = int(line.split(b":")[1]) - len(body)
            while missing > 0:
                chunk = connection.recv(missing)
                data, missing = data + chunk, missing - len(chunk)
    return data


def answer(
    body: bytes = b"hello",
    *,
    status: str = "200 OK",
    headers: tuple[str, ...] = (),
    length: int | None = None,
) -> Behaviour:
    """Answer one request properly, then close."""
    head = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    wire = "\r\n".join([*head, "Connection: close", "", ""]).encode() + body

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(wire)

    return behave


def say(data: bytes, *, then_wait: bool = False) -> Behaviour:
    """Read a request and send exactly these bytes."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(data)
        if then_wait:
            stop.wait(10)

    return behave


def stay_silent(connection: socket.socket, stop: threading.Event) -> None:
    """Accept and say nothing."""
    stop.wait(10)


def drip(connection: socket.socket, stop: threading.Event) -> None:
    """Send an endless answer a byte at a time."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not stop.wait(0.03):
        connection.sendall(b".")


def drip_header(connection: socket.socket, stop: threading.Event) -> None:
    """Send an endless header a byte at a time."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while not stop.wait(0.03):
        connection.sendall(b".")


def flood(head: bytes, chunk: bytes) -> Behaviour:
    """Send a head and then the same chunk until nobody listens any more."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(head)
        while not stop.is_set():
            connection.sendall(chunk)

    return behave


def reset(connection: socket.socket, stop: threading.Event) -> None:
    """Read the request and send a RST."""
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket, stop: threading.Event) -> None:
    """Read the request and close."""
    read_request(connection)


def hold(connection: socket.socket, stop: threading.Event) -> None:
    """Keep the connection after a TLS handshake, or without one."""
    connection.recv(1)
