"""Lambda on this machine: AWS's own runtime client runs an unzipped package, and this is the service it talks
to.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

ACCOUNT, REGION = "123456789012", "eu-west-1"
CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py", "runtime_client")
START_WITHIN_S = 60.0


def unzip(package, folder):
    """The package where Lambda would have it, but read-only by habit only."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def link_client(folder):
    """A folder with the runtime client alone: the rest of our environment must not help the package."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Path(find_spec("awslambdaric").origin).parent.parent
    for path in site.iterdir():
        if path.name.split(".")[0] in CLIENT and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    return folder


@dataclass
class Answer:
    """What an invocation came to: ``value``, or ``error`` as AWS would show it to whoever invoked."""

    value: object = None
    error: dict[str, object] | None = None

    @property
    def ok(self):
        return self.error is None


@dataclass
class _Invocation:
    body: bytes
    timeout_s: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None

    def settle(self, answer):
        if self.answer is None:
            self.answer = answer
            self.done.set()


class Sandbox:
    """One process of a function. It serves one invocation at a time, and is frozen never."""

    def __init__(self, function):
        self.function, self.started = function, time.perf_counter()
        self.ready = threading.Event()
        self.waiting: queue.Queue[_Invocation] = queue.Queue()
        self.invocations: dict[str, _Invocation] = {}
        self.init_error, self.init_s, self.first_s = None, None, None
        self.server = _make_server(self)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        port = self.server.server_address[1]
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": str(function.client),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LAMBDA_TASK_ROOT": str(function.folder),
            "_HANDLER": function.handler,
        }
        # -S: without our environment's packages, or one that is missing in the package would go unnoticed.
        command = [*function.prefix, sys.executable, "-S", "-m", "awslambdaric", function.handler]
        with function.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=function.folder,
                env=environment | function.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        self.process.wait()
        error = self.init_error or {
            "errorType": "Runtime.ExitError",
            "errorMessage": "The process has ended.",
        }
        for invocation in list(self.invocations.values()):
            invocation.settle(Answer(error=error))
        self.ready.set()

    @property
    def alive(self):
        return self.process.poll() is None and self.init_error is None

    def invoke(self, body, timeout_s):
        invocation = _Invocation(body, timeout_s)
        if not self.ready.wait(START_WITHIN_S) or not self.alive:
            return Answer(
                error=self.init_error or {"errorType": "Runtime.ExitError", "errorMessage": "no start"}
            )
        self.invocations[invocation.id] = invocation
        asked = time.perf_counter()
        self.waiting.put(invocation)
        if not self.alive:
            invocation.settle(Answer(error={"errorType": "Runtime.ExitError"}))
        if not invocation.done.wait(timeout_s):
            self.kill()
            invocation.settle(Answer(error={"errorType": "Sandbox.Timedout"}))
        if self.first_s is None:
            self.first_s = time.perf_counter() - asked
        del self.invocations[invocation.id]
        return invocation.answer

    def kill(self):
        """As a crash, or AWS when the time is up."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self):
        self.kill()
        self.server.shutdown()
        self.server.server_close()


def _make_server(sandbox):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment an answer: small ones wait for each other otherwise
        disable_nagle_algorithm = True

        def do_GET(self):
            if not self.path.endswith("/invocation/next"):
                self._say(404)
                return
            if not sandbox.ready.is_set():
                sandbox.init_s = time.perf_counter() - sandbox.started
                sandbox.ready.set()
            invocation = sandbox.waiting.get()
            self._say(
                200,
                invocation.body,
                {
                    "Content-Type": "application/json",  # the client crashes without
                    "Lambda-Runtime-Aws-Request-Id": invocation.id,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout_s) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": sandbox.function.arn,
                    "Lambda-Runtime-Trace-Id": "Root=1-5e1b4151-5ac6c58f3bb0a1b2c3d4e5f6;"
                    f"Parent=53995c3f42cd8ad8;Sampled={sandbox.function.sampled}",
                },
            )

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/init/error"):
                sandbox.init_error = json.loads(body)
                self._say(202, b"{}")
                sandbox.ready.set()
                return
            request_id, what = re.search(r"/invocation/([^/]+)/(response|error)$", self.path).groups()
            invocation = sandbox.invocations.get(request_id)
            if invocation is not None:
                found = json.loads(body) if body else None
                invocation.settle(Answer(value=found) if what == "response" else Answer(error=found))
            self._say(202, b"{}")

        def _say(self, code, body=b"", headers=None):
            self.send_response(code)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # a process that was killed hangs up

    return Server(("127.0.0.1", 0), Handler)


class Function:
    """A function: its package, its handler and its environment. A sandbox is started when there is none, and
    again after one that died, ran out of time, or failed to start."""

    def __init__(self, name, folder, handler, environment, *, scratch, timeout_s=60.0, prefix=()):
        self.name, self.folder, self.handler = name, folder, handler
        self.environment, self.timeout_s, self.prefix = environment, timeout_s, list(prefix)
        self.client, self.log = link_client(scratch / "client"), scratch / f"{name}.log"
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        self.sampled, self.starts = 0, 0
        self.sandbox = None
        self._lock = threading.Lock()
        self._starting = threading.Lock()

    def invoke(self, event):
        """Blocks until it has answered; one at a time, as with a concurrency of one."""
        with self._lock:
            return self.start().invoke(json.dumps(event).encode(), self.timeout_s)

    def start(self):
        with self._starting:
            if self.sandbox is None or not self.sandbox.alive:
                if self.sandbox is not None:
                    self.sandbox.close()
                self.sandbox = Sandbox(self)
                self.starts += 1
            return self.sandbox

    def kill(self):
        """Kill the process in the middle of what it does."""
        if self.sandbox is not None:
            self.sandbox.kill()

    def close(self):
        if self.sandbox is not None:
            self.sandbox.close()

    def output(self):
        return self.log.read_text() if self.log.exists() else ""


# Events in AWS's shapes


def scheduled_event(function_path):
    """From EventBridge, by a rule whose name ends in the function that Zappa is to call."""
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/sentrypulse-test-{function_path}"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-11-23T08:00:00Z",
        "region": REGION,
        "resources": [rule],
        "detail": {},
        "kwargs": {},
    }


def queue_arn(name):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def queue_event(queue_name, messages):
    """From an SQS mapping; ``messages`` as ``receive_message`` gave them, or plain bodies."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn(queue_name),
                "awsRegion": REGION,
            }
            for message in map(_as_received, messages)
        ]
    }


def _as_received(message):
    if isinstance(message, dict):
        return message
    body = message.decode() if isinstance(message, bytes) else message
    return {"MessageId": str(uuid.uuid4()), "ReceiptHandle": str(uuid.uuid4()), "Body": body}
