"""`manage.py migrate`: one at a time, and stopped between two migrations when its time is over."""

import threading
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

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
