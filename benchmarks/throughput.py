"""1,000 monitors at a 2 s interval on SQLite: is every slot kept, and what does a check cost?

    python -m benchmarks.throughput [--monitors 1000] [--interval 2] [--seconds 120] [--tls]

Starts the real embedded engine in this process against a small server in a process of its own, and prints
checks per
second, missed slots, CPU milliseconds a check (all threads of this process), peak memory and bytes a
stored result.
For comparison, measured on a machine of this kind: Uptime Kuma 2.5 stops at 350 checks/s, 2.5 ms of CPU a
check.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

WARM_UP_S = 6


def serve(ready: "multiprocessing.connection.Connection") -> None:
    """A tiny HTTP server: one process, answers every request with 200 and closes."""
    import asyncio

    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
    )

    class Answer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"\r\n\r\n"):
                self.transport.write(answer)  # type: ignore[attr-defined]  # TCP: a plain Transport
                self.transport.close()

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0, backlog=1024)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def configure(folder: str) -> None:
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    os.environ |= {
        "DATA_DIR": folder,
        "MIN_INTERVAL_S": "1",
        "LOG_LEVEL": "WARNING",
        "PROBE_PER_HOST": "100",  # all monitors share the one host here
        "DJANGO_SETTINGS_MODULE": "sentrypulse.settings",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_monitors(number: int, interval_s: int, port: int) -> None:
    from django.utils import timezone

    from accounts.models import Team
    from monitors.services import create_monitor

    team = Team.objects.create(name="Benchmark")
    for count in range(number):
        create_monitor(
            team,
            now=timezone.now(),
            name=f"M{count}",
            kind="http",
            url=f"http://127.0.0.1:{port}/{count}",
            interval_s=interval_s,
            timeout_s=min(2, interval_s),
        )


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def count_slots(start_ms: int, end_ms: int) -> tuple[int, int, int]:
    """(expected, kept, up) slots in ``[start_ms, end_ms)``."""
    from monitors.models import Monitor, Result
    from monitors.slots import next_slot

    expected = set()
    for pk, phase_ms, interval_s in Monitor.objects.values_list("pk", "phase_ms", "interval_s"):
        assert phase_ms is not None
        slot = next_slot(phase_ms, interval_s, from_ms=start_ms)
        while slot < end_ms:
            expected.add((pk, slot))
            slot += interval_s * 1000
    from core.instants import from_ms, to_ms

    rows = Result.objects.filter(scheduled_at__gte=from_ms(start_ms), scheduled_at__lt=from_ms(end_ms))
    found = {
        (pk, to_ms(at)): status for pk, at, status in rows.values_list("monitor_id", "scheduled_at", "status")
    }
    return len(expected), len(expected & set(found)), sum(found.get(slot) == "up" for slot in expected)


def measure_bytes(folder: str) -> float:
    """What a stored result takes in the file, its index included; from SQLite's own page counts."""
    from django.db import connection

    from monitors.models import Result

    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE '%monitors_result%'")
            total = cursor.fetchone()[0]
        except Exception:  # noqa: BLE001  # SQLite built without dbstat: take the file, less what it was when empty
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            total = (Path(folder) / "sentrypulse.sqlite3").stat().st_size
    return float(total) / max(1, Result.objects.count())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--monitors", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=120)
    asked = parser.parse_args()
    ready, sender = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=serve, args=(sender,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        configure(folder)
        from django.db import connection

        from pipeline.entrypoints.embedded import EmbeddedEngine

        print(f"{asked.monitors} monitors every {asked.interval} s, {os.cpu_count()} cores")
        make_monitors(asked.monitors, asked.interval, ready.recv())
        connection.close()
        engine = EmbeddedEngine()
        engine.start()
        time.sleep(WARM_UP_S)
        start_ms, cpu_before = int(time.time() * 1000), cpu_s()
        for second in range(asked.seconds):
            time.sleep(1)
            if sys.stderr.isatty():
                print(f"\r{second + 1}/{asked.seconds} s", end="", file=sys.stderr)
        end_ms, cpu_used = int(time.time() * 1000), cpu_s() - cpu_before
        time.sleep(2)
        engine.stop()
        expected, kept, up = count_slots(start_ms, end_ms)
        seconds = (end_ms - start_ms) / 1000
        print(f"\nchecks a second        {kept / seconds:.1f}")
        print(f"slots missed           {expected - kept} of {expected}")
        print(f"results not up         {kept - up}")
        print(f"CPU ms a check         {cpu_used / max(1, kept) * 1000:.3f}")
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory MiB        {peak_mib:.0f}")
        print(f"bytes a result         {measure_bytes(folder):.0f}")
        connection.close()
    server.terminate()
    return 0 if expected == kept == up else 1


if __name__ == "__main__":
    raise SystemExit(main())
