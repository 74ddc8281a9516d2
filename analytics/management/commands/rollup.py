"""`manage.py rollup`: sum up results by hand, as the engine does by itself; or a range of them again."""

import os
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from analytics import rollups
from analytics.models import Progress
from analytics.windows import HOUR, Span, floor_hour
from core.formats import say_utc
from core.progress_bar import ProgressBar

CHUNK = rollups.HOURS_AT_ONCE * HOUR
"""Rolled again under one lease."""


class Command(BaseCommand):
    help = (
        "Sum up results by hour and day, up to now; or again those of --from to --to, such as after results"
        " were repaired. Safe to run twice, and beside the engine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        example = "ISO date (midnight UTC) or date-time (UTC unless it names an offset)"
        parser.add_argument(
            "--from", dest="start", metavar="WHEN", help=f"begin of what is rolled again: {example}"
        )
        parser.add_argument("--to", dest="end", metavar="WHEN", help="its end, not included")

    def handle(self, *args: Any, start: str | None, end: str | None, **options: Any) -> None:
        owner = f"{socket.gethostname()[:30]}-{os.getpid()}-rollup"
        try:
            if start is None and end is None:
                self._catch_up(owner)
            else:
                self._roll_again(owner, *read_range(start, end, now=timezone.now()))
        except rollups.RollupBusy as busy:
            raise CommandError(str(busy)) from None

    def _catch_up(self, owner: str) -> None:
        bar, until, first = (
            ProgressBar(self.stdout),
            floor_hour(timezone.now() - rollups.SETTLE),
            list[datetime](),
        )

        def tell(hour: datetime) -> None:
            first.append(hour - HOUR)  # the first one counts
            bar.show("hours rolled up", (hour - first[0]) // HOUR, (until - first[0]) // HOUR)

        hours = rollups.catch_up_wholly(owner=owner, clock=timezone.now, told=tell)
        bar.close()
        rolled_until = Progress.objects.get(pk=Progress.UPTIME).rolled_until
        self.stdout.write(f"Hours rolled up: {hours}. Everything before {say_utc(rolled_until)} is.")

    def _roll_again(self, owner: str, start: datetime, end: datetime) -> None:
        first, last = find_whole_hours(start, end)
        bar, hours = ProgressBar(self.stdout), (last - first) // HOUR

        def tell(hour: datetime) -> None:
            bar.show("hours rolled again", (hour - first) // HOUR, hours)

        since = first
        while since < last:
            until = min(since + CHUNK, last)
            rollups.roll_again(since, until, owner=owner, now=timezone.now(), told=tell)
            since = until
        bar.close()
        self.stdout.write(f"Hours rolled up again: {hours}, {say_utc(first)} to {say_utc(last)}.")


def read_range(start: str | None, end: str | None, *, now: datetime) -> Span:
    """What ``--from`` and ``--to`` say. Raises ``CommandError`` with a sentence."""
    if start is None or end is None:
        missing, given = ("--from", "--to") if start is None else ("--to", "--from")
        raise CommandError(f"{given} needs {missing}: give both, or neither to catch up to now.")
    since, until = read_instant("--from", start, now=now), read_instant("--to", end, now=now)
    if since >= until:
        raise CommandError(f"--to {end} is not after --from {start}; the range ends before --to.")
    return since, until


def read_instant(option: str, text: str, *, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{option} {text!r} is not a date; write it like 2026-03-01 or 2026-03-01T14:00."
        ) from None
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if at > now:
        raise CommandError(f"{option} {text} is in the future; it is {say_utc(now)}, so give an earlier one.")
    return at


def find_whole_hours(start: datetime, end: datetime) -> Span:
    """The whole hours that can be rolled again. Raises ``CommandError`` when there is none."""
    progress = Progress.objects.filter(pk=Progress.UPTIME).first()
    if progress is None:
        raise CommandError("Nothing is rolled up yet; run rollup without --from and --to first.")
    first, last = rollups.find_rollable(start, end, progress)
    if first < last:
        return first, last
    if progress.raw_from is not None and end <= progress.raw_from + timedelta(hours=1):
        raise CommandError(
            f"Raw results before {say_utc(progress.raw_from)} are gone, so nothing there can be rolled"
            " up again; its rollups stay as they are. Give a --to after that."
        )
    raise CommandError(
        f"Hours from {say_utc(progress.rolled_until)} on are not rolled up yet; give an earlier --from,"
        " or run rollup without options."
    )
