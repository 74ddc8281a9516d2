import shutil

import pytest
from django.db import connection

from tests.e2e.harness import SentryPulse, Target


@pytest.fixture
def sentrypulse(tmp_path, request, django_db_setup, migrated):
    """The process. It brings its own SQLite, whatever database the suite runs on."""
    if connection.vendor != "sqlite":
        pytest.skip("The process has its own SQLite: make test runs this.")
    if not request.node.get_closest_marker("from_nothing"):
        shutil.copy(migrated, tmp_path / "sentrypulse.sqlite3")
    running = SentryPulse(tmp_path)
    yield running
    if running.process and running.process.poll() is None:
        running.kill()


@pytest.fixture
def target():
    running = Target().start()
    yield running
    running.stop()
