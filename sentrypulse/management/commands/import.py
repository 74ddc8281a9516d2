"""`manage.py import`: the monitors of a file, of our own JSON or CSV or of another tool's."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Team
from accounts.quotas import QuotaReached
from actions.imports import Fate, ImportRefused, import_
from monitors.importing import MAX_TEXT_BYTES, SOURCES, Reading, Unreadable, decode_text, read_monitors
from sentrypulse.api.monitors.imports import ChosenRows, read_import, tell_preview

_TITLES = {Fate.NEW: "New", Fate.CHANGED: "Changed", Fate.SAME: "The same", Fate.REFUSED: "Refused"}


class Command(BaseCommand):
    help = (
        "Make a team's monitors of a file: all of them or, when a row is refused, none. Safe to run again:"
        " what is there stays, or is changed with --update. docs/moving.md says where each tool has its file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="its path; - reads the standard input")
        parser.add_argument("--team", required=True, help="its name or id")
        parser.add_argument("--source", choices=SOURCES, default="", help="recognised where it is left out")
        parser.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
        parser.add_argument("--update", action="store_true", help="change monitors that are there already")

    def handle(
        self, *args: Any, file: str, team: str, source: str, dry_run: bool, update: bool, **options: Any
    ) -> None:
        found, now = find_team(team), timezone.now()
        try:
            reading = read_monitors(decode_text(read_file(file)), source)
        except Unreadable as why:
            raise CommandError(str(why)) from None
        everything = ChosenRows(reading, range(len(reading.rows)))
        told = tell_preview(found, everything, {}, now=now, update=update)
        for line in list_lines(told):
            self.stdout.write(line)
        if told["refused"]:
            raise CommandError(f"Nothing was imported: {told['refused']} rows are refused.")
        if dry_run:
            self.stdout.write("A dry run: nothing was changed.")
            return
        self._import(found, reading, now=now, update=update)

    def _import(self, team: Team, reading: Reading, *, now: Any, update: bool) -> None:
        rows, mistakes = read_import(reading.rows, {}, chosen=range(len(reading.rows)))
        try:
            imported = import_(team, rows, now=now, mistakes=mistakes, update=update)
        except QuotaReached as why:
            raise CommandError(f"Nothing was imported: {why}") from None
        except ImportRefused as refused:  # somebody changed the monitors since the preview
            raise CommandError(f"Nothing was imported: {refused} Run it again.") from None
        self.stdout.write(
            f"{len(imported.made)} made, {imported.changed} changed, {imported.unchanged} as they were."
        )


def find_team(wanted: str) -> Team:
    """By id, or by its whole name."""
    teams = list(Team.objects.filter(name=wanted).order_by("pk")[:20])
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        teams = list(Team.objects.filter(pk=int(wanted))) or teams
    if not teams:
        raise CommandError(f"There is no team {wanted!r}; give its name or id.")
    if len(teams) > 1:
        ids = ", ".join(str(team.pk) for team in teams)
        raise CommandError(f"Several teams are called {wanted!r}; give the id of one: {ids}.")
    return teams[0]


def read_file(path: str) -> bytes:
    most = 2 * MAX_TEXT_BYTES + 8  # as UTF-16
    try:
        if path == "-":
            return sys.stdin.buffer.read(most)
        with Path(path).open("rb") as file:
            return file.read(most)
    except OSError as why:
        raise CommandError(f"{path} cannot be read: {why.strerror}.") from None


def list_lines(told: dict[str, Any]) -> Iterable[str]:
    """What would become of the file, for people."""
    yield f"{told['total']} monitors, read as {told['source']}."
    for fate, title in _TITLES.items():
        rows = [row for row in told["rows"] if row["action"] == fate]
        if rows:
            yield f"{title} ({len(rows)}):"
        for row in rows:
            yield f"  {row['name'] or 'row'} ({row['kind']} {row['url']})".replace(" )", ")")
            yield from (f"    {line}" for line in _list_details(row))
    if told["skipped"]:
        yield f"Not carried over ({len(told['skipped'])}):"
    for one in told["skipped"]:
        yield f"  {one['name']} ({one['kind']}): {one['reason']}"


def _list_details(row: dict[str, Any]) -> Iterable[str]:
    for change in row["changes"]:
        yield f"{change['field']}: {change['from']!r} becomes {change['to']!r}"
    for field, sentences in row["errors"].items():
        yield f"{field}: {' '.join(sentences)}"
    yield from row["left_out"]
