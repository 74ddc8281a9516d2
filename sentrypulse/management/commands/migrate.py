"""Django's `migrate`, one at a time and bounded: a migration that waits for a lock makes everybody behind it
wait as well."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connections

from core.half_migrations import finish_half
from sentrypulse.data_folder import close_database

LOCK_WAIT_CODES = {1205, 1969, 3024}
"""MySQL: lock wait timeout; MariaDB: max_statement_time; MySQL: max_execution_time."""
DEAD_AFTER_S = 300
"""A Lambda that is ended in the middle does not hang up. MySQL then believes its connection alive, and the
lock taken, until nothing has come of it for so long."""


class OutOfTime(Exception):
    """The budget is spent, and the next migration is not begun."""


class Command(Migrate):
    ends_at = 0.0
    begun: ExitStack

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
        parser.add_argument(
            "--budget-s",
            type=int,
            default=0,
            help="begin no migration after so long, and say whether something is left; 0: go on to the end",
        )

    def handle(
        self,
        *args: Any,
        lock_timeout_s: int = 10,
        statement_timeout_s: int = 0,
        budget_s: int = 0,
        **options: Any,
    ) -> None:
        self.ends_at = time.monotonic() + budget_s if budget_s else 0.0
        self.connection = connection = connections[options["database"]]
        if connection.vendor == "mysql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET SESSION lock_wait_timeout = %s, innodb_lock_wait_timeout = %s", [lock_timeout_s] * 2
                )
                cursor.execute("SELECT @@character_set_database")
                if cursor.fetchone()[0] != "utf8mb4":  # a server's default, and new tables would follow it
                    cursor.execute("ALTER DATABASE CHARACTER SET utf8mb4")
                if statement_timeout_s and getattr(connection, "mysql_is_mariadb", False):
                    cursor.execute("SET SESSION max_statement_time = %s", [statement_timeout_s])
        try:
            with _alone(connection, wait_s=lock_timeout_s), ExitStack() as self.begun:
                super().handle(*args, **options)
        except OutOfTime as over:
            self.stdout.write(f"Stopped for time, before {over}: run the same again for the rest.")
            return
        except OperationalError as error:
            if not error.args or error.args[0] not in LOCK_WAIT_CODES:
                raise
            raise CommandError(
                f"A table was busy for {lock_timeout_s} s, and the migration gave up so as to hold up nobody."
                f" What was done is recorded: run it again when there is less to do ({error.args[1]})."
            ) from None
        if budget_s:
            self.stdout.write("Nothing is left to migrate.")
        if connection.vendor == "sqlite":  # one beside DATA_DIR has just been made by SQLite
            close_database(Path(str(connection.settings_dict["NAME"])))

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "apply_start" and self.ends_at and time.monotonic() > self.ends_at:
            raise OutOfTime(str(migration))
        if action == "apply_start" and not fake:
            self.begun.enter_context(finish_half(self.connection, migration))
        elif action == "apply_success":
            self.begun.close()
        super().migration_progress_callback(action, migration, fake)


@contextmanager
def _alone(connection: Any, *, wait_s: int) -> Iterator[None]:
    """Hold the database's lock for migrations (MySQL, MariaDB). Raises ``CommandError`` when another holds
    it."""
    if connection.vendor != "mysql":
        yield
        return
    name = f"migrate.{connection.settings_dict['NAME']}"[:64]  # locks are the server's, and names bounded
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, wait_s])
        if cursor.fetchone()[0] != 1:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [name])
            raise CommandError(
                f"Another migration of this database runs (connection {cursor.fetchone()[0]}), so nothing was"
                " done: wait for its end. If whoever ran it is gone, MySQL lets go of it at most"
                f" {DEAD_AFTER_S} s after its last statement."
            )
        cursor.execute("SET SESSION wait_timeout = %s", [DEAD_AFTER_S])
    try:
        yield
    finally:
        if connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT RELEASE_LOCK(%s)", [name])
                cursor.execute("SET SESSION wait_timeout = DEFAULT")
