"""`manage.py prepare`: what must be done before a new version's processes start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from sentrypulse.administrator import ensure_administrator
from sentrypulse.starting import check_encryption_key, tell_where_mail_goes


class Command(BaseCommand):
    help = (
        "Migrate, collect the static files, and make the first administrator, whose password is shown once. "
        "Safe to run again; run it in one place at a time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="the static files are there already")

    def handle(self, *args: Any, no_static: bool, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        check_encryption_key(self.stdout.write)
        tell_where_mail_goes(self.stdout.write)
        if not no_static:
            call_command("collectstatic", verbosity=0, interactive=False)
        ensure_administrator(self.stdout.write)
        self.stdout.write("Prepared.")
