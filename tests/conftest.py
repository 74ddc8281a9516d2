"""What every test may rely on."""

import fcntl
import gc
import logging
import os
import sqlite3
from contextlib import closing

import pytest
from django.conf import settings as project
from django.core.cache import caches
from django.db import connection
from django.test import client as django_client
from hypothesis import settings as hypothesis_settings

from accounts.models import Role
from core import isolation
from core.cache import SharedCache
from core.log_pace import LogPace
from sentrypulse.requests import ReadableWSGIRequest
from tests.factories import make_client, make_member, make_team
from tests.stored_secrets import new_key, store_secrets

# As our servers make them, so that a test's request meets what a stranger's would.
django_client.WSGIRequest = ReadableWSGIRequest  # type: ignore[attr-defined]  # it imports that name

# Once, and not by a fixture: each change tells a dozen listeners, which took a fifth of the suite's time.
project.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow on purpose
# WhiteNoise lists all static files whenever a test client is made, unless it looks for each when asked.
project.WHITENOISE_AUTOREFRESH = True
project.WHITENOISE_ROOT = None  # whether or not the app is built here

gc.disable()  # while the tests are collected; what that leaves lives to the end

# A third of hypothesis' usual examples keeps the suite short; HYPOTHESIS_EXAMPLES=1000 looks deeper.
hypothesis_settings.register_profile(
    "suite", max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "30")), deadline=None
)
hypothesis_settings.load_profile("suite")

if project.REDIS_URL:
    # Keys of its own for each worker of each run: what one clears must not be another's.
    _run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    _worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    for _cache in project.CACHES.values():
        _cache["KEY_PREFIX"] = f"{_run}:{_worker}:{_cache['KEY_PREFIX']}"

# Tests that wait for other processes and for real clocks, the longest first; they run in this order.
WAITING = (
    "tests/stories/",
    "tests/e2e/test_kill.py",
    "tests/e2e/test_alerts.py",
    "tests/e2e/test_new_user.py",
    "tests/e2e/test_status_page.py",
    "tests/e2e/test_page_in_browser.py",
    "tests/embedded/",
    "tests/analytics/test_retention.py",
    "tests/hostile/",
    "tests/probes/kinds/test_ping.py",
)

# Each makes a world of thirteen teams, once in each worker that runs any of it; so one worker runs all of it.
TOGETHER = ("tests/poison/test_reads.py", "tests/poison/test_walk.py")


@pytest.hookimpl(optionalhook=True, wrapper=True)  # optional: `-p no:xdist` knows no such hook
def pytest_xdist_auto_num_workers():
    """One worker more than cores, for there is always one that waits."""
    return (yield) + 1


@pytest.hookimpl(trylast=True)  # after pytest-django, which puts whatever has no database last
def pytest_collection_modifyitems(items):
    """Deal the tests that wait to the heads of the workers' queues, so that all the others run meanwhile, and
    those that share a world to one worker each.

    `--dist worksteal` cuts the list into one run of tests a worker, and the same cuts are made here. Where
    they differ after all, only the time differs: who has nothing left takes from who has most.
    """
    waiting = [item for start in WAITING for item in items if item.nodeid.startswith(start)]
    shared = [[item for item in items if item.nodeid.startswith(file)] for file in TOGETHER]
    others = [item for item in items if not item.nodeid.startswith(WAITING + TOGETHER)]
    workers, total = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), len(items)
    items.clear()
    for worker in range(workers):
        head = waiting[worker::workers] + [item for file in shared[worker::workers] for item in file]
        size = (total - len(items)) // (workers - worker)
        rest = max(0, size - len(head))
        items += head + others[:rest]
        del others[:rest]


def pytest_collection_finish():
    """Django, the tests and their parameters are not worth walking again at each collection of garbage."""
    gc.freeze()
    gc.set_threshold(10_000)  # and what a test makes is gone by itself soon after, most of it
    gc.enable()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Where the first worker leaves its empty SQLite database: to migrate takes seconds, each time."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "migrated.sqlite3"


@pytest.fixture(scope="session")
def django_db_setup(request, migrated):
    """pytest-django's own. On SQLite all workers but the first find the tables there, and nothing to do."""
    if connection.vendor != "sqlite":
        request.getfixturevalue("django_db_setup")
        return
    name = connection.creation._get_test_db_name()
    with (
        migrated.with_suffix(".lock").open("w") as lock,
        closing(sqlite3.connect(name, uri=True)) as memory,  # keeps it until Django is connected
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = migrated.exists()
        with closing(sqlite3.connect(migrated)) as file:
            if made:
                file.backup(memory)
            request.getfixturevalue("django_db_setup")
            if not made:
                memory.backup(file)


@pytest.fixture(autouse=True)
def _clean():
    """Throttles live in the cache and must not leak between tests."""
    for store in caches.all(initialized_only=True):
        if project.REDIS_URL:
            store.delete_pattern("*")  # to clear it would empty the whole database, which others use, too
        else:
            store.clear()
    SharedCache._away_until = 0.0  # else one test's dead Redis changes the store under the next one's counts
    isolation.forget_failures()
    for handler in logging.getLogger().handlers:
        for pace in handler.filters:
            if isinstance(pace, LogPace):
                pace.forget()


@pytest.fixture
def shared_database(transactional_db, tmp_path):
    """For tests with threads. On SQLite a file: threads that share a database in memory are refused instead
    of waiting."""
    if connection.vendor != "sqlite":
        yield
        return
    memory_connection, memory_name = connection.connection, connection.settings_dict["NAME"]
    with sqlite3.connect(tmp_path / "shared.sqlite3") as file:
        memory_connection.backup(file)
    file.close()
    connection.connection = None
    connection.settings_dict["NAME"] = str(tmp_path / "shared.sqlite3")  # what new threads connect to, too
    yield
    connection.close()
    connection.settings_dict["NAME"] = memory_name
    connection.connection = memory_connection


# A team, its people, and clients that speak for them


@pytest.fixture
def team(db):
    return make_team("Ours")


@pytest.fixture
def user(team):
    return make_member(team)


@pytest.fixture
def client_of():
    return make_client


@pytest.fixture
def api(user):
    return make_client(user)


@pytest.fixture
def viewer(team):
    return make_client(make_member(team, Role.VIEWER))


@pytest.fixture
def stranger(db):
    return make_client(make_member(make_team("Theirs")))


@pytest.fixture
def stored(db, settings):
    """A monitor, a channel and a subscriber with secrets; the key that they were written with."""
    settings.FIELD_ENCRYPTION_KEY = key = new_key()
    store_secrets()
    return key
