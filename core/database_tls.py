"""With DATABASE_CA_FILE, no statement goes to the database unencrypted."""

from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper


def require_encryption(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Called for each new connection, before its first use. Raises ``OperationalError`` when it is not
    encrypted.

    The client library alone is not enough: when told to require TLS, libmariadb has gone on unencrypted with
    a server that offers no TLS.
    """
    if connection.vendor != "mysql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        row = cursor.fetchone()
    if not row or not row[1]:
        connection.close()
        raise OperationalError(
            "The connection to the database is not encrypted, and DATABASE_CA_FILE asks for it."
        )
