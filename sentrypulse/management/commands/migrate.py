"""Django's `migrate`, bounded: a migration that waits for a lock makes everybody behind it wait as well."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connections

LOCK_WAIT_CODES = {1205, 1969, 3024}
"""MySQL: lock wait timeout; MariaDB: max_statement_time; MySQL: max_execution_time."""


class Command(Migrate):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout-s",
            type=int,
            default=10,
            help="give up after waiting so long for a table (MySQL, MariaDB)",
        )
        parser.add_argument(
            "--statement-timeout-s",
            type=int,
            default=0,
            help="give up a statement after so long (MariaDB only); 0: never",
        )

    def handle(
        self, *args: Any, lock_timeout_s: int = 10, statement_timeout_s: int = 0, **options: Any
    ) -> None:
        connection = connections[options["database"]]
        if connection.vendor == "mysql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET SESSION lock_wait_timeout = %s, innodb_lock_wait_timeout = %s", [lock_timeout_s] * 2
                )
                if statement_timeout_s and getattr(connection, "mysql_is_mariadb", False):
                    cursor.execute("SET SESSION max_statement_time = %s", [statement_timeout_s])
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not error.args or error.args[0] not in LOCK_WAIT_CODES:
                raise
            raise CommandError(
                f"A table was busy for {lock_timeout_s} s, and the migration gave up so as to hold up nobody."
                f" What was done is recorded: run it again when there is less to do ({error.args[1]})."
            ) from None
