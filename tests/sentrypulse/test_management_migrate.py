"""`manage.py migrate`: one at a time, stopped between two migrations when its time is over, finished
when it was killed within one."""

import threading
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from core.half_migrations import BEGUN
from infra.migrating import DONE, STOPPED
from sentrypulse.management.commands import migrate


@pytest.mark.django_db
def test_it_says_that_nothing_is_left(capsys):
    call_command("migrate", budget_s=600, verbosity=0)
    assert capsys.readouterr().out == f"{DONE}.\n"


@pytest.mark.django_db
def test_it_begins_no_migration_after_its_time_and_goes_on_the_next_time(monkeypatch, capsys):
    call_command("migrate", "statuspages", "zero", fake=True, verbosity=0)
    clock = iter([0.0, 1.0])  # at the start; before the first migration
    monkeypatch.setattr(migrate, "time", SimpleNamespace(monotonic=lambda: next(clock, 700.0)))
    call_command("migrate", "statuspages", fake=True, budget_s=600)
    told = capsys.readouterr().out
    assert told.count("FAKED") == 1
    assert told.splitlines()[-1].startswith(f"{STOPPED}, before statuspages.0002")
    monkeypatch.undo()
    call_command("migrate", "statuspages", fake=True, budget_s=600)
    told = capsys.readouterr().out
    assert "Applying statuspages.0002" in told
    assert told.endswith(f"{DONE}.\n")


@pytest.mark.django_db(transaction=True)
def test_a_second_one_beside_the_first_is_refused():
    if connection.vendor != "mysql":
        pytest.skip("SQLite has no named locks; one process at a time writes to it anyway.")
    held, release = threading.Event(), threading.Event()
    name = f"migrate.{connection.settings_dict['NAME']}"[:64]

    def hold():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 0)", [name])
            held.set()
            release.wait(30)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        with pytest.raises(CommandError, match="Another migration of this database runs"):
            call_command("migrate", "statuspages", lock_timeout_s=1, verbosity=0)
    finally:
        release.set()
        holder.join()
    call_command("migrate", "statuspages", lock_timeout_s=1, verbosity=0)  # and lets go of the lock itself
    with connection.cursor() as cursor:
        cursor.execute("SELECT IS_FREE_LOCK(%s)", [name])
        assert cursor.fetchone() == (1,)


class Killed(BaseException):
    """Stands for SIGKILL right after a statement: nothing of ours catches it."""


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_was_killed_after_any_of_its_statements_is_finished_by_the_next_run():
    if connection.vendor != "mysql":
        pytest.skip("SQLite undoes half a migration by itself.")

    seen = set()

    def die_after_new(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith(("CREATE TABLE", "CREATE INDEX", "ALTER TABLE")) and sql not in seen:
            seen.add(sql)
            raise Killed
        return answer

    recorded = MigrationRecorder(connection).migration_qs
    call_command("migrate", "statuspages", "0003", verbosity=0)
    deaths = 0
    while not recorded.filter(app="statuspages", name="0004_preview").exists():
        try:
            with connection.execute_wrapper(die_after_new):
                call_command("migrate", "statuspages", verbosity=0)
        except Killed:
            deaths += 1
            assert recorded.filter(app=BEGUN, name="statuspages.0004_preview").exists()
    assert deaths == 3  # the table, its foreign key, its index
    assert not recorded.filter(app=BEGUN).exists()
