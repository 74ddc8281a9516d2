"""Receivers on loopback: HTTP servers that write down what arrives, mail servers, and the names of real
services that lead to them."""

import email
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import trustme
from aiosmtpd.controller import Controller

from delivery.message import Content, DeliveryMessage, Tone


def make_content(**fields):
    defaults = {
        "subject": "Shop is down",
        "text": "Shop is down: expected 200-299, got 503.",
        "link": "https://status.example/incidents/7",
        "tone": Tone.BAD,
        "data": {"event": "down", "incident": {"id": 7}, "monitor": {"id": 3, "name": "Shop"}},
    }
    return Content(**(defaults | fields))


def make_delivery(
    kind="webhook", config=None, *, id="alerts:17", attempt=1, key="alert-17-down-3", **content
):
    return DeliveryMessage(
        id=id, attempt=attempt, key=key, kind=kind, config=config or {}, content=make_content(**content)
    )


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Say:
    """One answer."""

    status: int = 200
    body: bytes = b'{"status": 1, "ok": true}'
    headers: dict[str, str] = field(default_factory=dict)


class Receiver:
    """``requests`` is what arrived; ``answers`` are given in turn, the last one for ever."""

    def __init__(self, *answers, context=None, host="127.0.0.1"):
        self.requests, self.answers = [], list(answers) or [Say()]
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Request(self.command, self.path, headers, body))
                say = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                self.send_response(say.status)
                for name, value in say.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(say.body)))
                self.end_headers()
                self.wfile.write(say.body)

            do_GET = do_PUT = do_POST

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None
        self.scheme, self.host = "http", host
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{self.scheme}://{self.host}:{self.port}/hook"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@contextmanager
def receive(*answers, **options):
    receiver = Receiver(*answers, **options)
    try:
        yield receiver
    finally:
        receiver.close()


def make_certificate(*names):
    """An authority of our own, and a server's context with its certificate for ``names``."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return authority, context


def lead_to(port, *, monkeypatch, address="127.0.0.1"):
    """Every name resolves to ``address`` and every port to ``port``; returns the names that were asked."""
    asked, resolve = [], socket.getaddrinfo

    def resolve_here(host, _port, *args, **kwargs):
        if host in {"127.0.0.1", "::1", "localhost"}:
            return resolve(host, _port, *args, **kwargs)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    return asked


class Mailbox:
    """An SMTP server's handler: ``letters`` are the envelopes; codes may be set for each step."""

    def __init__(self):
        self.letters, self.rcpt, self.data = [], {}, "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.rcpt:
            return self.rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):
        if self.data.startswith("250"):
            self.letters.append(envelope)
        return self.data


@contextmanager
def receive_mail(**options):
    mailbox = Mailbox()
    # Port 0 leaves the choice to the system; aiosmtpd asks the port again to see that it is up.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    mailbox.port = port
    try:
        yield mailbox
    finally:
        controller.stop()


def read_sender(data):
    """(name, address) of a letter's ``From``. Python's newer reader puts blanks between encoded words."""
    name, address = parseaddr("".join(email.message_from_bytes(data)["From"].splitlines()))
    return str(make_header(decode_header(name))), address
