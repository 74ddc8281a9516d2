"""`manage.py deadletters`: the messages that were given up."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pipeline import dispatch
from pipeline.queues.base import DeadLetter, QueuesAway

DONE = {"redrive": "Sent again", "drop": "Dropped"}


class Command(BaseCommand):
    help = (
        "List the messages that were given up, send them again (redrive), or forget them for good (drop). "
        "Safe to run twice: what is sent again and was handled after all changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "redrive", "drop"])
        parser.add_argument("ids", nargs="*", metavar="ID", help="those of the list")
        parser.add_argument("--all", action="store_true", help="redrive or drop all that there are")
        parser.add_argument("--limit", type=int, default=100, help="how many to list (100)")
        parser.add_argument(
            "--bodies",
            action="store_true",
            help="show the messages themselves; they may hold monitors' secrets",
        )

    def handle(self, *args: Any, action: str, ids: list[str], **options: Any) -> None:
        if settings.EMBEDDED:
            raise CommandError(
                "The embedded engine's dead letters are in its own process: see them under /admin/ there."
            )
        queues = dispatch.queues()
        try:
            if action == "list":
                self._list(queues.dead_letters(limit=options["limit"]), bodies=options["bodies"])
            elif ids:
                self._redrive_or_drop(action, ids)
            elif options["all"]:
                done = queues.redrive_all() if action == "redrive" else queues.drop_all()
                self.stdout.write(f"{DONE[action]}: {done}.")
            else:
                raise CommandError(f"Name the dead letters to {action}, or give --all.")
        except QueuesAway as error:
            raise CommandError(str(error)) from None

    def _list(self, letters: list[DeadLetter], *, bodies: bool) -> None:
        for letter in letters:
            died = f"{letter.died_at:%Y-%m-%d %H:%M:%S}Z" if letter.died_at else "-"
            about = (
                f"{len(letter.body)} bytes, tried {letter.failures} times, {died}  {letter.error}".rstrip()
            )
            self.stdout.write(f"{letter.id}  {letter.queue}  {about}")
            if bodies:
                self.stdout.write(f"    {letter.body.decode(errors='replace')}")
        self.stdout.write(f"{len(letters)} dead letters.")

    def _redrive_or_drop(self, action: str, ids: list[str]) -> None:
        queues = dispatch.queues()
        act = queues.redrive if action == "redrive" else queues.drop
        done = [letter_id for letter_id in ids if act(letter_id)]
        for letter_id in ids:
            if letter_id not in done:
                self.stderr.write(f"There is no dead letter {letter_id}, or it cannot be sent again.")
        self.stdout.write(f"{DONE[action]}: {len(done)} of {len(ids)}.")
