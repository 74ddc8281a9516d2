"""What a statement means is said on each connection, whatever the server's defaults are."""

from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import DataError, connection, transaction

from monitors.models import Monitor
from tests.factories import make_monitor, make_team

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite has no server, and no defaults of one"),
]

HOSTILE = {  # Aurora's sql_mode, and the rest as odd as a server may have it
    "sql_mode": "",
    "time_zone": "+05:00",
    "transaction_isolation": "SERIALIZABLE",
    "group_concat_max_len": 1024,
    "div_precision_increment": 0,
    "sql_safe_updates": 1,
}


def spelled(name):
    old = (
        name == "transaction_isolation" and connection.mysql_is_mariadb and connection.mysql_version < (11, 1)
    )
    return "tx_isolation" if old else name


@pytest.fixture
def strangely_set():
    """The server with defaults that are not ours, for who connects from now on."""
    names = [spelled(name) for name in HOSTILE]
    with closing(connection.copy()) as operator, operator.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@GLOBAL.{name}' for name in names)}")
        before = cursor.fetchone()
        try:
            for name, value in zip(names, HOSTILE.values(), strict=True):
                cursor.execute(f"SET GLOBAL {name} = %s", [value])
            yield
        finally:
            for name, value in zip(names, before, strict=True):
                cursor.execute(f"SET GLOBAL {name} = %s", [value])


@pytest.fixture
def fresh(strangely_set):
    with closing(connection.copy()) as new:
        yield new


def test_a_new_connection_says_itself_what_statements_mean(fresh):
    asked = [*(spelled(name) for name in HOSTILE), "default_storage_engine", "character_set_connection"]
    with fresh.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@SESSION.{name}' for name in asked)}")
        found = dict(zip(asked, cursor.fetchone(), strict=True))

    modes = set(found.pop("sql_mode").split(","))
    assert {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "ERROR_FOR_DIVISION_BY_ZERO"} <= modes
    assert found == {
        "time_zone": "+00:00",
        spelled("transaction_isolation"): "READ-COMMITTED",
        "group_concat_max_len": 1_048_576,
        "div_precision_increment": 4,
        "sql_safe_updates": 0,
        "default_storage_engine": "InnoDB",
        "character_set_connection": "utf8mb4",
    }


def test_what_is_too_long_is_refused_and_not_cut(fresh):
    with fresh.cursor() as cursor, pytest.raises(DataError, match="too long for column 'name'"):
        cursor.execute(
            "INSERT INTO accounts_team (name, timezone, created_at) VALUES (%s, 'UTC', NOW())", ["x" * 500]
        )
    monitor = make_monitor(make_team())
    with pytest.raises(DataError, match="too long for column 'name'"), transaction.atomic():
        Monitor.objects.filter(pk=monitor.pk).update(name="x" * 500)


@pytest.mark.django_db(transaction=True)
def test_migrate_makes_new_tables_take_every_letter():
    with connection.cursor() as cursor:
        cursor.execute("ALTER DATABASE CHARACTER SET latin1")
    call_command("migrate", "accounts", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@character_set_database")
        assert cursor.fetchone() == ("utf8mb4",)
