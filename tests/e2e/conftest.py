import fcntl
import os
import shutil
import subprocess
import sys

import pytest
from django.db import connection

from tests.e2e.harness import ROOT, SentryPulse, Target

DATABASE = "sentrypulse.sqlite3"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database, made once for all workers: migrating takes seconds, and one test looks at that."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "migrated"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
            command = [sys.executable, "manage.py", "migrate", "-v0"]
            subprocess.run(command, cwd=ROOT, env=kept | {"DATA_DIR": str(folder)}, check=True)
            (folder / "done").touch()
    return folder / DATABASE


@pytest.fixture
def sentrypulse(tmp_path, request):
    """The process. It brings its own SQLite, whatever database the suite runs on."""
    if connection.vendor != "sqlite":
        pytest.skip("The process has its own SQLite: make test runs this.")
    if not request.node.get_closest_marker("from_nothing"):
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / DATABASE)
    running = SentryPulse(tmp_path)
    yield running
    if running.process and running.process.poll() is None:
        running.kill()


@pytest.fixture
def target():
    running = Target().start()
    yield running
    running.stop()
