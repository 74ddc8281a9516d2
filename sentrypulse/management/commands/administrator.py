"""`manage.py administrator`: who may enter the admin."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User


class Command(BaseCommand):
    help = "Make a registered user an administrator (or, with --revoke, no longer one). Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--revoke", action="store_true")

    def handle(self, *args: Any, email: str, revoke: bool, **options: Any) -> None:
        changed = User.objects.filter(email__iexact=email).update(
            is_staff=not revoke, is_superuser=not revoke
        )
        if not changed:
            raise CommandError(
                f"Nobody is registered as {email}: register first (POST /api/v1/auth/register)."
            )
        self.stdout.write(f"{email} is {'no longer' if revoke else 'now'} an administrator.")
