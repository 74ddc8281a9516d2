"""`manage.py forget_secrets`: go on without the secrets whose key is lost."""

import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from actions.secrets import forget_unreadable
from pipeline.health.encryption_key import find_unreadable


class Command(BaseCommand):
    help = (
        "Delete the stored secrets that FIELD_ENCRYPTION_KEY does not open. Their monitors are paused and "
        "their channels switched off until somebody types the secrets in again. For a key that is lost."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, yes: bool, **options: Any) -> None:
        found = find_unreadable()
        self._list(found)
        if not any(found.values()):
            self.stdout.write("All secrets that are stored can be opened; there is nothing to delete.")
            return
        if not yes and not sys.stdin.isatty():
            raise CommandError("Nothing was deleted: no terminal to ask on. Say --yes to delete them.")
        if not yes and input("Delete these secrets? [y/N] ").strip().lower() != "y":
            self.stdout.write("Nothing was deleted.")
            return
        forgotten = forget_unreadable(now=timezone.now())
        self.stdout.write(f"{sum(map(len, forgotten.values()))} deleted.")

    def _list(self, found: Mapping[str, list[int]]) -> None:
        for noun, pks in found.items():
            if pks:
                self.stdout.write(f"{len(pks)} of a {noun}: {', '.join(map(str, pks))}")
