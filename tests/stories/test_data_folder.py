"""Who else is on the machine reads neither keys nor data."""

import os
import stat

import pytest

from sentrypulse import data_folder
from tests.stories.test_settings_started import manage

OPEN_FILES = ("secret_key", "field_encryption_key", "sentrypulse.sqlite3", "sentrypulse.sqlite3-wal")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _generous_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_installation_is_its_owners_alone(tmp_path):
    folder = tmp_path / "data"
    ran = manage("migrate", "accounts", "zero", DATA_DIR=str(folder))
    assert ran.stderr == ""
    assert mode_of(folder) == 0o700
    made = {path.name: mode_of(path) for path in folder.iterdir() if path.is_file()}
    assert made == dict.fromkeys(["secret_key", "field_encryption_key", "sentrypulse.sqlite3"], 0o600)


def test_what_sqlite_makes_beside_its_database_is_as_closed(tmp_path):
    look = (
        "from django.conf import settings; from django.db import connection\n"
        "connection.cursor().execute('CREATE TABLE t (a)')\n"
        "for p in sorted(settings.DATA_DIR.glob('*sqlite3*')): print(p.name, oct(p.stat().st_mode)[-3:])"
    )
    ran = manage("shell", "--no-imports", "-c", look, DATA_DIR=str(tmp_path))
    assert ran.stdout.splitlines() == [f"sentrypulse.sqlite3{end} 600" for end in ("", "-shm", "-wal")], (
        ran.stderr
    )


def test_an_older_installation_is_closed_at_its_next_start(tmp_path):
    folder = tmp_path / "data"
    assert manage("migrate", "accounts", "zero", DATA_DIR=str(folder)).returncode in {0, 1}
    (folder / "sentrypulse.sqlite3-wal").touch()
    folder.chmod(0o755)
    for name in OPEN_FILES:
        (folder / name).chmod(0o644)
    assert manage("check", DATA_DIR=str(folder)).returncode == 0
    assert mode_of(folder) == 0o700
    assert {name: mode_of(folder / name) for name in OPEN_FILES} == dict.fromkeys(OPEN_FILES, 0o600)


def test_a_database_elsewhere_is_closed_and_its_folder_left_alone(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    file = elsewhere / "own.sqlite3"
    ran = manage("migrate", "accounts", "zero", DATA_DIR=str(tmp_path), DATABASE_URL=f"sqlite:///{file}")
    assert mode_of(file) == 0o600, ran.stderr
    file.chmod(0o644)
    ran = manage("check", DATA_DIR=str(tmp_path / "data"), DATABASE_URL=f"sqlite:///{file}")
    assert ran.returncode == 0, ran.stderr
    assert (mode_of(elsewhere), mode_of(file)) == (0o755, 0o600)


def test_a_folder_that_others_live_in_is_not_taken_from_them(tmp_path, caplog):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    data_folder.close_folder(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert "give DATA_DIR a folder of its own" in caplog.text


def test_a_mode_that_cannot_be_set_is_told_and_stops_nothing(tmp_path, caplog, monkeypatch):
    file = tmp_path / "key"
    file.touch(mode=0o644)

    def refuse(self, mode):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    data_folder.close_files([file, tmp_path / "missing"])
    assert caplog.messages == [
        f"{file} can be read by others: its mode could not be set (Operation not permitted)."
    ]
