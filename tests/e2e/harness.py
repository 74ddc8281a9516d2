"""The real process, as a user starts it, and a target of ours that can be stopped and started again."""

import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. Without, httpx reads all authorities of the world for each call, although none is asked."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(claim, *, within_s=120.0, every_s=0.1):
    """What ``claim()`` returns once it is true; the last answer is in the message when that never comes."""
    deadline = time.monotonic() + within_s
    while True:
        answer = claim()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"did not come true within {within_s} s: {claim.__name__}"
        time.sleep(every_s)


class SentryPulse:
    """``manage.py up`` in a data folder of its own."""

    def __init__(self, data_dir, **environment):
        self.data_dir, self.port, self.output = data_dir, free_port(), []
        kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
        self.environment = (
            kept
            | {
                "PORT": str(self.port),
                "DATA_DIR": str(data_dir),
                "MIN_INTERVAL_S": "1",
                "PYTHONUNBUFFERED": "1",
            }
            | environment
        )
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, *arguments, within_s=120.0):
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        wait_for(self._is_running, within_s=within_s)
        return self

    def _read(self, process):
        with process.stdout as lines:
            self.output.extend(lines)

    def _is_running(self):
        assert self.process.poll() is None, "".join(self.output)
        try:
            return httpx.get(f"{self.url}/api/v1/health", timeout=5, verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def health(self):
        return httpx.get(f"{self.url}/api/v1/health", timeout=5, verify=NO_TLS).json()

    def password(self):
        (found,) = re.findall(r"password\s+(\S+)", "".join(self.output))
        return found

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        """Ctrl-C; the exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            return self.process.wait(60)
        return self.process.returncode if self.process else 0


class Target:
    """An HTTP server that can die and come back on the same port; on ``host`` "" it answers at every address
    of this machine."""

    def __init__(self, host="127.0.0.1"):
        self.host, self.port, self.server, self.status = host, free_port(), None, 200

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(target.status)
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"ok\n")

            def log_message(self, *args):
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        ThreadingHTTPServer.request_queue_size = 1_024
        self.server = ThreadingHTTPServer((self.host, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        """Who has connected is still answered, not reset; who comes later is refused."""
        if self.server:
            self.server.shutdown()
            while select.select([self.server], [], [], 0)[0]:
                self.server.handle_request()
            self.server.server_close()
            self.server = None
