"""1,000 monitors with 90 days of history: how long do lists and statistics take, and rolling up?

    python -m benchmarks.analytics [--monitors 1000] [--days 90] [--rolled 100000] [--database mysql://…]
                                   [--keep folder]

Fills an empty database (SQLite in a temporary folder, or the one of the URL, which stays as it is then) by
`simulate`, signs in, and asks as the app does, in this process: prints the median and the longest wall time
of each request, the median of its CPU, its queries, and the bytes of its answer, packed as the server sends
it. CPU is this process' own, SQLite's included: on a busy machine, compare that.

The overview is asked for whole; after 10 monitors had another result; and after as many as have one in ten
seconds, when each is checked once a minute. Graphs are asked for with nothing kept, which several requests
draw, and with those of the hour before kept. What a line has too much of stands behind it.

Then rolls up one hour of ``--rolled`` monitors (0: not at all), a check every 5 minutes, in a process of its
own, and prints seconds, statements, and by how much the process grew. With ``--keep`` the SQLite database
stays in the folder, and is asked again, without making anything, the next time.
"""

import argparse
import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

FEW, MANY = 10, 0.17
"""What has another result between two polls: so many, or such a share."""
MADE_AT_ONCE = 5_000
EMAIL = "benchmark@example.com"
OVERVIEW, GRAPHS = "/api/v1/monitors/overview", "/api/v1/monitors/graphs"


@dataclass(frozen=True)
class Aim:
    """The most that is good; and how often to ask."""

    ms: float
    kib: float | None = None
    rounds: int = 15


LISTS, WHOLE, POLL, GRAPHS_AIM = Aim(150), Aim(150, 20), Aim(20, 3), Aim(150, 12)
COLD = Aim(500, rounds=3)


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
    """Print every request's time; are all within their aim?"""
    from django.core.management import call_command
    from django.test import Client

    from accounts.models import User
    from analytics.windows import WINDOWS
    from monitors.models import Monitor

    admin = User.objects.filter(email=EMAIL).first() or User.objects.create_superuser(EMAIL, "benchmark")
    if not Monitor.objects.exists():
        call_command("simulate", monitors=monitors, days=days)
    api = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Encoding": "gzip, deflate, br"})
    api.force_login(admin)
    chosen = Monitor.objects.filter(kind="http").order_by("pk")[monitors // 4]
    whole, graphs = f"{OVERVIEW}?team={chosen.team_id}", f"{GRAPHS}?team={chosen.team_id}&days=90&hours=24"
    asked = {"list of 50": "/api/v1/monitors/", "list of 200": "/api/v1/monitors/?page_size=200"}
    asked |= {f"stats {name}": f"/api/v1/monitors/{chosen.pk}/stats?window={name}" for name in WINDOWS}
    many = int(monitors * MANY)

    print(f"\n{'request':<22}{'median ms':>10}{'longest':>9}{'CPU ms':>9}{'queries':>9}{'KiB':>8}")
    kept = [
        measure(api, "overview, cold", lambda: forget(whole), COLD),
        measure(api, "overview", lambda: whole, WHOLE),
        measure(api, f"overview, {FEW} changed", lambda: poll_path(api, whole, FEW), POLL),
        measure(api, f"overview, {many} changed", lambda: poll_path(api, whole, many), POLL),
        measure(api, "counts alone", lambda: f"{whole}&counts=true", POLL),
        measure(api, "graphs, cold, first", lambda: forget(graphs), COLD),
        measure(api, "graphs, cold, next", lambda: begin_cold(api, graphs), COLD),
        measure(api, "graphs, a new hour", lambda: begin_hour(api, graphs), COLD),
        measure(api, "graphs", lambda: finish(api, graphs), GRAPHS_AIM),
        *(measure(api, name, lambda path=path: path, LISTS) for name, path in asked.items()),
    ]
    return all(kept)


def poll_path(api, whole: str, number: int) -> str:
    """The overview since now, once ``number`` monitors have a newer result that took another time."""
    from django.db.models import Max
    from django.utils import timezone

    from monitors.models import Monitor, Result

    token = read(api.get(whole))["token"]
    active = Monitor.objects.filter(enabled=True).exclude(kind="heartbeat").order_by("?")
    some = list(active.values_list("pk", flat=True)[:number])
    newest = Result.objects.filter(monitor_id__in=some).values("monitor_id", "region")
    now = timezone.now()
    Result.objects.bulk_create(
        Result(
            monitor_id=row["monitor_id"],
            scheduled_at=min(row["at"] + timedelta(milliseconds=1), now),
            region=row["region"],
            checked_at=now,
            status="up",
            total_ms=random.randrange(40, 900),  # noqa: S311  # nobody's secret
        )
        for row in newest.annotate(at=Max("scheduled_at"))
    )
    return f"{whole}&since={token}"


def forget(path: str) -> str:
    """``path``, with nothing kept of it."""
    from django.core.cache import cache

    cache.clear()
    return path


def finish(api, path: str) -> str:
    """``path``, once there is nothing left to draw."""
    while not read(api.get(path))["complete"]:
        pass
    return path


def begin_cold(api, path: str) -> str:
    """``path``, when the first request after nothing was kept has drawn what it had time for."""
    api.get(forget(path))
    return path


def begin_hour(api, path: str) -> str:
    """``path``, with the graphs of an hour ago kept."""
    from analytics.models import Progress

    progress = Progress.objects.get(pk=Progress.UPTIME)
    Progress.objects.update(rolled_until=progress.rolled_until - timedelta(hours=1))
    finish(api, path)
    Progress.objects.update(rolled_until=progress.rolled_until)
    return path


def read(answer):
    """What the answer holds, unpacked."""
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(answer.content) if packed else answer.content)


def measure(api, name: str, spell, aim: Aim) -> bool:
    """Ask for what ``spell`` returns, and print how that went. Is it within ``aim``?"""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    path = spell()
    with CaptureQueriesContext(connection) as queries:
        api.get(path)
        number = len(queries)
    wall, cpu, kib = [], [], []
    for _ in range(aim.rounds):
        path = spell()
        begun, cpu_before = time.perf_counter(), time.process_time()
        answer = api.get(path)
        wall.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - cpu_before) * 1000)
        kib.append(len(answer.content) / 1024)
        assert answer.status_code == 200, answer.content
    took, used, size = statistics.median(wall), statistics.median(cpu), statistics.median(kib)
    missed = [f"aim {aim.ms} ms"] if took > aim.ms else []
    missed += [f"aim {aim.kib} KiB"] if aim.kib and size > aim.kib else []
    print(
        f"{name:<22}{took:>10.1f}{max(wall):>9.1f}{used:>9.1f}{number:>9}{size:>8.1f}  {', '.join(missed)}",
        flush=True,
    )
    return not missed


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
    parser.add_argument("--keep", help="a folder for the SQLite database")
    parser.add_argument("--make-in", help=argparse.SUPPRESS)  # in processes of their own
    parser.add_argument("--roll-in", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if folder := asked.make_in or asked.roll_in:
        # Migrating takes more memory than rolling up, and would hide it.
        configure(folder, asked.database, migrate=bool(asked.make_in))
        make_hour(asked.rolled) if asked.make_in else roll_hour()
        return 0
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        configure(asked.keep or folder, asked.database)
        from django.db import connection

        print(f"{asked.monitors:,} monitors, {asked.days} days, {connection.vendor}, {os.cpu_count()} cores")
        fast = measure_requests(asked.monitors, asked.days)
        connection.close()
        sys.stdout.flush()
        again = [sys.executable, "-m", "benchmarks.analytics", "--rolled", str(asked.rolled)]
        again += ["--database", asked.database] if asked.database else []
        for stage in ("--make-in", "--roll-in") if asked.rolled else ():
            subprocess.run([*again, stage, other], check=True)
    return 0 if fast else 1


if __name__ == "__main__":
    raise SystemExit(main())
