"""What a check costs through each engine: embedded, and Celery on Redis and on RabbitMQ, on the same MariaDB.

    python -m benchmarks.engines [--monitors 200] [--interval 1] [--seconds 20]

Starts each engine's real processes against a small server in a process of its own, offers the same load to
each, and prints checks a second, slots missed, and CPU milliseconds a check, by process; the database's and
the broker's own are not in it. The ratios within one run are what counts: the machine is what it is.
"""

import argparse
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.throughput import count_slots, make_monitors, serve

WARM_UP_S = 8
WORKER = ["worker", "--without-mingle", "--without-gossip", "--loglevel", "WARNING"]
CELERY = ["-m", "celery", "-A", "sentrypulse"]
PROCESSES: dict[str, dict[str, list[str]]] = {
    "embedded": {"up": ["manage.py", "up"]},
    "celery": {
        "core": [*CELERY, *WORKER, "-Q", "core", "-c", "2", "-n", "bench-core@%h"],
        "edge": [*CELERY, *WORKER, "-Q", "edge", "-c", "2", "-n", "bench-edge@%h"],
        "beat": [*CELERY, "beat", "--loglevel", "WARNING", "--pidfile="],
    },
}


def start(engine: str, environment: dict[str, str]) -> dict[str, "subprocess.Popen[bytes]"]:
    return {
        name: subprocess.Popen(
            [sys.executable, *arguments],
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for name, arguments in PROCESSES[engine].items()
    }


def cpu_s(session: int) -> float:
    """User and system time of every process of a session, those that have ended and were waited for
    included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[3]) == session:
            ticks += sum(int(value) for value in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(name: str, engine: str, environment: dict[str, str], seconds: int) -> float:
    """Run the engine for so long and print its line; CPU milliseconds a check."""
    running = start(engine, environment)
    try:
        time.sleep(WARM_UP_S)
        start_ms = int(time.time() * 1000)
        before = {part: cpu_s(process.pid) for part, process in running.items()}
        time.sleep(seconds)
        end_ms = int(time.time() * 1000)
        used = {part: cpu_s(process.pid) - before[part] for part, process in running.items()}
        time.sleep(3)  # what is under way is recorded
        expected, kept, _ = count_slots(start_ms, end_ms)
    finally:
        for process in running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    parts = "  ".join(f"{part} {cost / max(1, kept) * 1000:.2f}" for part, cost in used.items())
    total_ms = sum(used.values()) / max(1, kept) * 1000
    print(f"{name:<20} {kept / seconds:>8.1f} {expected - kept:>8} {total_ms:>12.2f}   {parts}", flush=True)
    return total_ms


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--monitors", type=int, default=200)
    parser.add_argument("--interval", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--database", default="mysql://root:@127.0.0.1:3306/bench_engines")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/14")
    parser.add_argument("--rabbitmq", default="amqp://guest:guest@127.0.0.1:5672//")
    asked = parser.parse_args()
    ready, sender = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(sender,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("REDIS_URL", None)
        os.environ |= {
            "DATABASE_URL": asked.database,
            "DATA_DIR": folder,
            "MIN_INTERVAL_S": "1",
            "LOG_LEVEL": "WARNING",
            "PROBE_PER_HOST": "100",  # all monitors share the one host here
            "PROBE_ALLOW_PRIVATE": "true",
            "C_FORCE_ROOT": "true",
            "CELERY_QUEUE_PREFIX": "bench-",
            "PORT": "8191",
            "DJANGO_SETTINGS_MODULE": "sentrypulse.settings",
        }
        set_up_database(asked.database)
        make_monitors(asked.monitors, asked.interval, ready.recv())
        kept = {"SECRET_KEY": "secret_key", "FIELD_ENCRYPTION_KEY": "field_encryption_key"}
        secrets = {name: (Path(folder) / file).read_text() for name, file in kept.items()}
        print(
            f"{asked.monitors} monitors every {asked.interval} s, {os.cpu_count()} cores, {asked.seconds} s"
        )
        print(f"{'':<20} {'checks/s':>8} {'missed':>8} {'CPU ms/check':>12}   of it, by process")
        costs = {
            name: measure(name, environment.get("ENGINE", "embedded"), environment, asked.seconds)
            for name, environment in (
                ("embedded", {}),
                ("celery on Redis", {"ENGINE": "celery", "CELERY_BROKER_URL": asked.redis, **secrets}),
                ("celery on RabbitMQ", {"ENGINE": "celery", "CELERY_BROKER_URL": asked.rabbitmq, **secrets}),
            )
        }
        for name, cost_ms in costs.items():
            print(f"{name:<20} {cost_ms / costs['embedded']:>8.2f} times the CPU of embedded")
    server.terminate()
    return 0


def set_up_database(url: str) -> None:
    """An empty database of this name, and our tables in it."""
    name = url.rpartition("/")[2]
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    assert name.startswith("bench"), "the database is dropped: call it bench…"
    connection.settings_dict["NAME"] = "mysql"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    connection.close()
    connection.settings_dict["NAME"] = name
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    raise SystemExit(main())
