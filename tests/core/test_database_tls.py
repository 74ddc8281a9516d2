"""With DATABASE_CA_FILE no statement goes out in the clear."""

import pytest
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

from core.database_tls import require_encryption

pytestmark = pytest.mark.django_db


class Server:
    """A connection to a server that says this of its cipher."""

    vendor = "mysql"

    def __init__(self, row):
        self.row, self.asked, self.closed = row, [], False

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False

    def execute(self, statement):
        self.asked.append(statement)

    def fetchone(self):
        return self.row

    def close(self):
        self.closed = True


@pytest.mark.parametrize("row", [("Ssl_cipher", ""), None])
def test_a_plain_connection_is_refused_and_closed(row):
    server = Server(row)
    with pytest.raises(OperationalError, match="is not encrypted, and DATABASE_CA_FILE asks for it"):
        require_encryption(connection=server)
    assert server.closed
    assert server.asked == ["SHOW STATUS LIKE 'Ssl_cipher'"]


def test_an_encrypted_connection_is_used():
    server = Server(("Ssl_cipher", "TLS_AES_256_GCM_SHA384"))
    require_encryption(connection=server)
    assert not server.closed


def test_the_tests_own_server_speaks_in_the_clear_and_would_be_refused():
    if connection.vendor != "mysql":
        require_encryption(connection=connection)  # a file needs none
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        if cursor.fetchone()[1]:
            pytest.skip("This server offers TLS.")
    with pytest.raises(OperationalError):
        require_encryption(connection=connection)


def test_without_the_setting_nobody_looks():
    assert require_encryption not in [reference[1]() for reference in connection_created.receivers]
