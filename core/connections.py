"""Connections to the database: which errors mean that it does not answer, and how to close connections."""

from django.db import InterfaceError, OperationalError, connections

AWAY = (OperationalError, InterfaceError)
"""Errors of a database that does not answer. Its other errors (a value that does not fit) are bugs and would
come again."""


def drop_connections() -> None:
    """Close the connections of this thread. After an error they may be half-dead; just after a fork they are
    the parent's, too. The next use opens a new one."""
    for connection in connections.all(initialized_only=True):
        connection.close()
