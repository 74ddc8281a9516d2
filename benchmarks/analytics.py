"""1,000 monitors with 90 days of history: how long do lists and statistics take, and rolling up?

    python -m benchmarks.analytics [--monitors 1000] [--days 90] [--rolled 100000] [--database mysql://…]

Fills an empty database (SQLite in a temporary folder, or the one of the URL, which stays as it is then) by
`simulate`, and prints the median wall time and the queries of each request, made in this process: the aim is
150 ms. CPU is this process' own, SQLite's included: on a busy machine, compare that. The overview is asked
for whole, and for the 17 % of the rows that a minute's checks change in ten seconds: aim 20 ms. KiB are of
the answer, packed.

Then rolls up one hour of ``--rolled`` monitors, a check every 5 minutes, in a process of its own, and prints
seconds, statements, and by how much the process grew.
"""

import argparse
import gzip
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

AIM_MS, POLL_AIM_MS = 150, 20
CHANGED = 0.17
ROUNDS = 9
MADE_AT_ONCE = 5_000
OVERVIEW = "/api/v1/monitors/overview"


def configure(folder: str, database: str | None, *, migrate: bool = True) -> None:
    os.environ.pop("REDIS_URL", None)
    os.environ.pop("DATABASE_URL", None)
    if database:
        os.environ["DATABASE_URL"] = database
    os.environ |= {
        "DATA_DIR": folder,
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "sentrypulse.settings",
    }
    import django

    django.setup()
    if migrate:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)


def measure_requests(monitors: int, days: int) -> bool:
    """Print every request's time; are all within the aim?"""
    from django.core.management import call_command
    from rest_framework.test import APIClient

    from accounts.models import User
    from analytics.windows import WINDOWS
    from monitors.models import Monitor

    admin = User.objects.create_superuser("benchmark@example.com", "benchmark")
    call_command("simulate", monitors=monitors, days=days)
    api = APIClient(HTTP_HOST="127.0.0.1")
    api.force_authenticate(admin)
    chosen = Monitor.objects.filter(kind="http").order_by("pk")[monitors // 4].pk
    asked = {"list of 50": "/api/v1/monitors/", "list of 200": "/api/v1/monitors/?page_size=200"}
    asked |= {f"stats {name}": f"/api/v1/monitors/{chosen}/stats?window={name}" for name in WINDOWS}
    team = Monitor.objects.get(pk=chosen).team_id
    asked |= {"overview": f"{OVERVIEW}?team={team}", "counts alone": f"{OVERVIEW}?team={team}&counts=true"}
    asked["graphs"] = f"/api/v1/monitors/graphs?team={team}"
    print(f"\n{'request':<16}{'median ms':>10}{'slowest':>9}{'CPU ms':>9}{'queries':>9}{'KiB':>8}")
    print_once(api, "graphs, anew", asked["graphs"])
    print_once(api, "overview, anew", asked["overview"])
    worst = max(print_median(api, name, lambda path=path: path) for name, path in asked.items())
    poll = print_median(api, "overview, since", lambda: poll_path(api, team))
    return worst < AIM_MS and poll < POLL_AIM_MS


def poll_path(api, team: int) -> str:
    """The overview since now, once as many rows as change within ten seconds have a newer result."""
    from django.db.models import Max
    from django.utils import timezone

    from monitors.models import Result

    path = f"{OVERVIEW}?team={team}"
    token = api.get(path).json()["token"]
    rows = api.get(path).json()["monitors"]
    checked = [row["id"] for row in rows if row["checked_at"]]
    some = checked[: int(len(rows) * CHANGED)]
    newest = Result.objects.filter(monitor_id__in=some).values("monitor_id").annotate(at=Max("scheduled_at"))
    now = timezone.now()
    Result.objects.bulk_create(
        Result(
            monitor_id=row["monitor_id"],
            scheduled_at=min(row["at"] + timedelta(milliseconds=1), now),
            region="local",
            checked_at=now,
            status="up",
            total_ms=123,
        )
        for row in newest
    )
    return f"{path}&since={token}"


def print_once(api, name: str, path: str) -> None:
    """Of what is kept then."""
    begun, cpu = time.perf_counter(), time.process_time()
    answer = api.get(path)
    took, cpu = (time.perf_counter() - begun) * 1000, (time.process_time() - cpu) * 1000
    print(f"{name:<16}{took:>10.1f}{took:>9.1f}{cpu:>9.1f}{'':>9}{packed_kib(answer):>8.1f}")


def print_median(api, name: str, spell) -> float:
    median, slowest, cpu, queries, kib = measure(api, spell)
    print(f"{name:<16}{median:>10.1f}{slowest:>9.1f}{cpu:>9.1f}{queries:>9}{kib:>8.1f}")
    return median


def packed_kib(answer) -> float:
    return len(gzip.compress(answer.content, 6)) / 1024


def measure(api, spell) -> tuple[float, float, float, int, float]:
    """(median, slowest, CPU of this process, queries, KiB) of requests to what ``spell`` returns, the times
    in ms, once it is warm."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    path = spell()
    with CaptureQueriesContext(connection) as queries:
        kib = packed_kib(api.get(path))
        number = len(queries)
    wall, cpu = [], []
    for _ in range(ROUNDS):
        path = spell()
        begun, cpu_before = time.perf_counter(), time.process_time()
        response = api.get(path)
        wall.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - cpu_before) * 1000)
        assert response.status_code == 200, response.content
    return statistics.median(wall), max(wall), statistics.median(cpu), number, kib


def make_hour(number: int) -> None:
    """Make ``number`` monitors and an hour of their results, which counts as rolled up but is not."""
    from django.utils import timezone

    from accounts.models import Team
    from analytics import rollups
    from analytics.windows import HOUR, floor_hour
    from monitors.models import Monitor
    from simulation import insert_results

    hour = floor_hour(timezone.now()) - 3 * HOUR
    team = Team.objects.create(name="Rolled up")
    Monitor.objects.bulk_create(
        (
            Monitor(team=team, name=f"M{n}", kind="http", interval_s=300, holds_s=300, created_at=hour)
            for n in range(number)
        ),
        batch_size=MADE_AT_ONCE,
    )
    begun = time.perf_counter()
    made = sum(
        insert_results(some, start=hour - timedelta(minutes=5), end=hour + HOUR)
        for some in chunks(Monitor.objects.filter(team=team).order_by("pk"), MADE_AT_ONCE)
    )
    took = time.perf_counter() - begun
    print(f"\n{number:,} monitors, {made:,} results made in {took:.1f} s ({made / took:,.0f} results/s)")
    rollups.begin_at(hour + HOUR, raw_from=None, now=timezone.now())


def roll_hour() -> None:
    """Roll up the hour of all monitors, then once more."""
    from django.db import connection
    from django.utils import timezone

    from analytics import rollups
    from analytics.windows import HOUR
    from monitors.models import Monitor

    hour = Monitor.objects.filter(team__name="Rolled up").earliest("pk").created_at
    for name in ("an hour, new", "the same again"):
        statements = [0]

        def count(execute, *args, statements=statements):
            statements[0] += 1
            return execute(*args)

        before_kib, begun = peak_kib(), time.perf_counter()
        with connection.execute_wrapper(count):
            rollups.roll_again(hour, hour + HOUR, owner="benchmark", now=timezone.now())
        took, grown_mib = time.perf_counter() - begun, (peak_kib() - before_kib) / 1024
        print(f"{name:<16}{took:>6.1f} s {statements[0]:>7,} statements, peak memory + {grown_mib:.0f} MiB")


def chunks(monitors, size: int):
    last = 0
    while some := list(monitors.filter(pk__gt=last)[:size]):
        yield some
        last = some[-1].pk


def peak_kib() -> int:
    """Linux counts the parent's memory into a child's ru_maxrss; VmHWM is of this program alone."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--monitors", type=int, default=1000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rolled", type=int, default=100_000)
    parser.add_argument("--database")
    parser.add_argument("--make-in", help=argparse.SUPPRESS)  # in processes of their own
    parser.add_argument("--roll-in", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if folder := asked.make_in or asked.roll_in:
        # Migrating takes more memory than rolling up, and would hide it.
        configure(folder, asked.database, migrate=bool(asked.make_in))
        make_hour(asked.rolled) if asked.make_in else roll_hour()
        return 0
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        configure(folder, asked.database)
        from django.db import connection

        print(f"{asked.monitors:,} monitors, {asked.days} days, {connection.vendor}, {os.cpu_count()} cores")
        fast = measure_requests(asked.monitors, asked.days)
        connection.close()
        sys.stdout.flush()
        again = [sys.executable, "-m", "benchmarks.analytics", "--rolled", str(asked.rolled)]
        again += ["--database", asked.database] if asked.database else []
        for stage in ("--make-in", "--roll-in"):
            subprocess.run([*again, stage, other], check=True)
    return 0 if fast else 1


if __name__ == "__main__":
    raise SystemExit(main())
