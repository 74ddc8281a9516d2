"""`manage.py simulate`: a database with a past, for demos, tests and benchmarks."""

import os
import socket
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analytics import rollups
from core.progress_bar import ProgressBar
from simulation import NotEmpty, simulate

LONGEST_INTERVAL_S = 3_600
MOST_MONITORS, MOST_DAYS = 100_000, 3_660


class Command(BaseCommand):
    help = (
        'Fill the team "Simulation" with monitors and their history: results, outages, slow spells, gaps,'
        " maintenance, incidents, rollups. Touches nothing of other teams. No check is ever sent for them."
        " Running it twice is refused, unless with --add."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--monitors", type=int, default=50, help="how many (default: 50)")
        parser.add_argument("--days", type=int, default=90, help="of history, up to now (default: 90)")
        parser.add_argument("--interval", type=int, default=300, help="seconds between checks (default: 300)")
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed makes the same history (default: 1)"
        )
        parser.add_argument(
            "--add", action="store_true", help="add to the monitors that the team has already"
        )

    def handle(
        self, *args: Any, monitors: int, days: int, interval: int, seed: int, add: bool, **options: Any
    ) -> None:
        check_between("--monitors", monitors, 1, MOST_MONITORS)
        check_between("--days", days, 1, MOST_DAYS)
        check_between("--interval", interval, settings.MIN_INTERVAL_S, LONGEST_INTERVAL_S)
        begun, bar = time.perf_counter(), ProgressBar(self.stdout)
        try:
            made = simulate(
                monitors=monitors,
                days=days,
                interval_s=interval,
                seed=seed,
                add=add,
                owner=f"{socket.gethostname()[:30]}-{os.getpid()}-simulate",
                clock=timezone.now,
                told=bar.show,
            )
        except NotEmpty:
            raise CommandError(
                'The team "Simulation" has monitors already; delete them first, or give --add to add more.'
            ) from None
        except rollups.RollupBusy as busy:
            raise CommandError(f"{busy} The results are stored; `manage.py rollup` sums them up.") from None
        finally:
            bar.close()
        seconds = time.perf_counter() - begun
        self.stdout.write(
            f"Made {made.monitors:,} monitors, {made.results:,} results and {made.incidents:,} incidents"
            f" in {seconds:.1f} s ({made.results / seconds:,.0f} results/s)."
        )


def check_between(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise CommandError(f"{option} must be from {low} to {high}, not {value}.")
