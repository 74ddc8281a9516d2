"""`manage.py archive`: what was measured, long after its raw results were purged."""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.archive.lines import day_of, folder_of, unpack_lines
from analytics.archive.stores import Store, open_archive
from core.storage import StorageError


class Command(BaseCommand):
    help = "List the objects of a team in the archive (ARCHIVE_URL), or print their lines (JSON). Only reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["list", "read"])
        parser.add_argument("--team", type=int, required=True, help="its id")
        parser.add_argument("--monitor", type=int, help="read: only this one's, by its id")
        parser.add_argument(
            "--from",
            type=date.fromisoformat,
            default=date.min,
            dest="first",
            metavar="DAY",
            help="2026-10-01",
        )
        parser.add_argument(
            "--to", type=date.fromisoformat, default=date.max, metavar="DAY", help="no day from this one on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        store = open_archive()
        if store is None:
            raise CommandError("Nothing is archived: ARCHIVE_URL is empty.")
        try:
            for name in _find(store, options["team"], options["first"], options["to"]):
                if options["what"] == "list":
                    self.stdout.write(name)
                else:
                    self._print(store.get(name), options["monitor"])
        except StorageError as error:
            raise CommandError(str(error)) from None

    def _print(self, body: bytes, monitor: int | None) -> None:
        for line, row in unpack_lines(body):
            if monitor is None or row["monitor"] == monitor:
                self.stdout.write(line.decode())


def _find(store: Store, team_id: int, first: date, to: date) -> Iterator[str]:
    for name in store.names(folder_of(team_id)):
        if first <= day_of(name) < to:
            yield name
