"""The engines as the stories see them: real processes on the test's database."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import ClassVar, Protocol

import redis
from django.conf import settings
from django.db import connection

from core.env import Env
from pipeline.celery.options import make_app, read_options
from pipeline.celery.sender import CelerySender
from tests.e2e.harness import ROOT, free_port, wait_for

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
RUN = (os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex)[:8]
"""Names of our own, for two suites may run on one machine, and share its brokers."""
PREFIX = f"story-{RUN}-{WORKER}-"
RETRY_AFTER_S = "0.2,0.4"
TRIES = 3
VISIBILITY_TIMEOUT_S = 6
LOST_AFTER_S = 3
WITHIN_S = 120.0  # a bound for a machine under load; every story ends long before it


@dataclass(frozen=True)
class Faults:
    """What goes wrong while the story is told."""

    double: bool = False  # every message is sent twice
    shuffle: bool = False  # results overtake each other
    skew_s: float = 0.0  # the clock of one of two schedulers is ahead
    two_schedulers: bool = False
    die_at: str = ""  # the process that handles this body dies
    stop_at_first_message: bool = False  # the worker is told to stop while it hands out a message
    note_modules: str = ""  # a file for the names of the modules that the edge has loaded


class Engine(Protocol):
    """One engine. ``start`` may skip the test for faults that it has no way to make."""

    def start(self, faults: Faults) -> None: ...

    def stop(self) -> None: ...

    def wait_until(self, claim, *, within_s: float = WITHIN_S):
        """What ``claim()`` returns once it is true; fails when the engine ends meanwhile."""

    def send(self, queue: str, body: bytes) -> None:
        """Put a message on a queue, as a stage does."""

    def figures(self) -> dict[str, dict[str, int]]:
        """``base.Sender.figures``."""


def database_url(*, port=None):
    """The test's own database, for other processes."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    host, port = chosen["HOST"] or "127.0.0.1", port or chosen["PORT"] or 3306
    return f"mysql://{chosen['USER']}:{chosen['PASSWORD']}@{host}:{port}/{chosen['NAME']}"


def core_environment(database):
    return {
        "DATABASE_URL": database,
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEY": settings.FIELD_ENCRYPTION_KEY,
        "MIN_INTERVAL_S": "1",
    }


class Processes:
    """Processes of one engine, with their output in files."""

    def __init__(self, folder):
        self.folder, self.running = folder, {}

    def spawn(self, name, arguments, environment, *, python=True):
        path = self.folder / f"{name}.log"
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        with path.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments] if python else arguments,
                cwd=ROOT,
                env=kept | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that a kill reaches its children, too
            )
        self.running[name] = process
        return process

    def kill(self, name):
        """kill -9 of the process and all its children."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def children(self, name):
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.running[name].pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in found.stdout.split()]

    def kill_all(self):
        for name in list(self.running):
            self.kill(name)

    def stop_all(self):
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.running.clear()

    def output(self, name):
        return (self.folder / f"{name}.log").read_text()

    def wait_until(self, claim, *, within_s=WITHIN_S):
        deadline = time.monotonic() + within_s
        while not (answer := claim()):
            for name, process in self.running.items():
                assert process.poll() is None, f"{name} has ended:\n{self.output(name)}"
            if time.monotonic() > deadline:
                told = "\n".join(f"--- {name}\n{self.output(name)[-3000:]}" for name in self.running)
                raise AssertionError(f"did not come true within {within_s} s: {claim.__name__}\n{told}")
            time.sleep(0.05)
        return answer


class EmbeddedProcess(Processes):
    """``manage.py up`` on the test's database. It is reached by nobody but itself, so nothing can be sent."""

    name = "embedded"

    def start(self, faults):
        assert faults == Faults(), "tests/embedded makes its faults"
        own = {"DATA_DIR": str(self.folder), "PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
        self.spawn("up", ["manage.py", "up"], core_environment(database_url()) | own)
        self.wait_until(lambda: "SentryPulse is running" in self.output("up"))

    def stop(self):
        self.stop_all()


class CeleryProcesses(Processes):
    """A worker for each plane and the clock, on a broker of their own."""

    def __init__(self, folder, broker):
        super().__init__(folder)
        self.name, self.broker, self.faults = f"celery on {broker.name}", broker, Faults()
        self.database = database_url()
        broker.empty()
        environment = {
            "ENGINE": "celery",
            "CELERY_BROKER_URL": broker.url,
            "CELERY_QUEUE_PREFIX": PREFIX,
            "CELERY_RETRY_AFTER_S": RETRY_AFTER_S,
            "CELERY_VISIBILITY_TIMEOUT_S": str(VISIBILITY_TIMEOUT_S),
            "CELERY_LOST_AFTER_S": str(LOST_AFTER_S),
            "PROBE_ALLOW_PRIVATE": "true",
            "C_FORCE_ROOT": "true",
            **broker.environment,
        }
        self.environment = environment
        self.options = read_options(Env(environment))
        self.app = make_app(self.options)
        self.app.conf.update(broker.own_settings)
        self.sender = CelerySender(
            self.app,
            max_messages=self.options.queue_max_messages,
            retry_after_s=self.options.retry_after_s,
            queue_prefix=PREFIX,
        )

    def start(self, faults):
        self.faults = faults
        self.start_worker("edge")
        self.start_worker("core")
        self.start_clock("beat")
        if faults.two_schedulers or faults.skew_s:
            self.start_worker("core", name="core2", skew_s=faults.skew_s)
            self.start_clock("beat2", skew_s=faults.skew_s)
        self.wait_until(
            lambda: all(" ready." in self.output(name) for name in self.running if "beat" not in name)
        )

    def start_worker(self, plane, *, name=None, skew_s=0.0):
        name = name or plane
        own = core_environment(self.database) if "core" in plane else {}
        arguments = ["worker", "-Q", plane, "-n", f"{PREFIX}{name}@test", "--concurrency", "2"]
        arguments += ["--without-mingle", "--without-gossip", "--loglevel", "INFO"]
        return self._spawn(name, arguments, own, skew_s)

    def start_clock(self, name, *, skew_s=0.0):
        return self._spawn(name, ["beat"], {}, skew_s)

    def _spawn(self, name, arguments, own, skew_s):
        faults = json.dumps(asdict(self.faults) | {"skew_s": skew_s})
        module = ["-m", "tests.stories.faulty_celery", faults]
        if self.faults == Faults():
            module = ["-m", "celery", "-A", "sentrypulse"]  # as the Procfile has it
        return self.spawn(name, [*module, *arguments], self.environment | own)

    def stop(self):
        self.kill_all()  # a warm stop takes seconds, and whatever the story had to show has been shown
        self.app.close()
        self.broker.empty()
        self.broker.stop()

    def send(self, queue, body):
        self.sender.send(queue, body)

    def figures(self):
        return self.sender.figures()


class Broker:
    """``environment`` is for the engine's processes besides the URL, ``own_settings`` for our own sender."""

    name, url = "", ""
    environment: ClassVar[dict[str, str]] = {}
    own_settings: ClassVar[dict[str, object]] = {}

    def stop(self):
        """Nothing: it was there before us."""

    def put_raw(self, queue, body):
        """A message that is none of Celery's, as another program may put it there by mistake."""
        _publish_raw(self.url, queue, body)


class Redis(Broker):
    name = "Redis"

    def __init__(self):
        base = os.environ.get("BROKER_REDIS_TEST", "redis://127.0.0.1:6379/12")
        server, _, first = base.rpartition("/")
        self.url = f"{server}/{(int(first) + WORKER) % 16}"

    def answers(self):
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def empty(self):
        with redis.Redis.from_url(self.url) as client:
            for key in client.scan_iter(match=f"*{RUN}*", count=1_000):
                client.delete(key)


class RabbitMQ(Broker):
    name = "RabbitMQ"

    def __init__(self):
        self.url = os.environ.get("BROKER_RABBITMQ_TEST", "amqp://guest:guest@127.0.0.1:5672//")

    def answers(self):
        from kombu import Connection

        try:
            with Connection(self.url, connect_timeout=1) as broker:
                broker.ensure_connection(max_retries=1)
        except OSError:
            return False
        return True

    def empty(self):
        from kombu import Connection

        with Connection(self.url) as broker, broker.channel() as channel:
            for alias in ("core", "edge", "dead"):
                channel.queue_declare(PREFIX + alias, durable=True, auto_delete=False)
                channel.queue_purge(PREFIX + alias)

    def stop(self):
        """Nobody comes back to these names."""
        from kombu import Connection

        with Connection(self.url) as broker, broker.channel() as channel:
            for alias in ("core", "edge", "dead"):
                channel.queue_delete(PREFIX + alias)


class Sqs(Broker):
    """SQS as moto plays it, in a process of its own."""

    name, url = "SQS (moto)", "sqs://"

    def __init__(self):
        self.port, self.process = free_port(), None

    def answers(self):
        if find_spec("moto") is None:
            return False
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        keys = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.environment = {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}
        options = {"region": "us-east-1", "is_secure": False}
        self.own_settings = {
            "broker_url": f"sqs://test:test@127.0.0.1:{self.port}",
            "broker_transport_options": options,
        }
        return bool(wait_for(lambda: _listens(self.port)))

    def empty(self):
        """It was made for this story alone."""

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _publish_raw(url, queue, body):
    from kombu import Connection, Exchange, Producer, Queue

    name = PREFIX + queue
    with Connection(url) as broker, broker.channel() as channel:
        Producer(channel).publish(
            body,
            routing_key=name,
            content_type="application/json",
            content_encoding="utf-8",
            declare=[Queue(name, Exchange(""), routing_key=name)],
        )
