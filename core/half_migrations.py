"""Migrations that ended half way, on MySQL and MariaDB.

There each statement that changes the schema is final at once: a process that is killed leaves a part of its
migration behind. The same migration, run again, passes over what that part has already made or removed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder

logger = logging.getLogger(__name__)

BEGUN = "begun"
"""A row of ``django_migrations`` under this name of an app says: that migration was begun, and not ended."""
DONE_ALREADY = {1022, 1050, 1051, 1060, 1061, 1091, 1826, 3822}
"""The server's codes for a key, table, column, index or constraint that exists, or is gone, already."""
_DUPLICATE_KEY = "errno: 121"
"""MariaDB's words, in error 1005, for a foreign key that exists already."""


@contextmanager
def finish_half(connection: Any, migration: Migration) -> Iterator[None]:
    """Apply ``migration`` in this block. Does nothing for databases that undo half a migration by
    themselves."""
    if connection.features.can_rollback_ddl:
        yield
        return
    recorder, name = MigrationRecorder(connection), str(migration)
    if (BEGUN, name) in recorder.applied_migrations():
        logger.warning("migration %s ended half way before: passing over what is done already", name)
        with connection.execute_wrapper(_pass_over_done):
            yield
    else:
        recorder.record_applied(BEGUN, name)
        yield
    recorder.record_unapplied(BEGUN, name)


def _pass_over_done(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        if not sql.startswith(("CREATE ", "ALTER ", "DROP ")) or not _is_done(error):
            raise
        logger.info("already done: %s", error.args[1])
        return None


def _is_done(error: DatabaseError) -> bool:
    code, text = (*error.args, "", "")[:2]
    return code in DONE_ALREADY or (code == 1005 and _DUPLICATE_KEY in str(text))
