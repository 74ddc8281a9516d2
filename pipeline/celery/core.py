"""What a Celery worker of the core plane does: record, settle, run jobs. It has the database."""

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module

from django.db import close_old_connections, connections

from core.clock import read_clock
from core.connections import AWAY, drop_connections
from core.descriptors import is_shortage
from core.env import SettingsError
from core.retries import DATABASE_AWAY, DATABASE_AWAY_TIMES
from pipeline import timetable
from pipeline.celery.sender import Postponed
from pipeline.health.encryption_key import find_key_fault
from pipeline.queues.base import ROUTES, Failed
from pipeline.timetable import TIMETABLE

logger = logging.getLogger(__name__)
_record, _settle = ROUTES["results"].load(), ROUTES["receipts"].load()


@lru_cache(maxsize=1)
def _owner(pid: int) -> str:
    """The owner of this process's leases; a process that was forked from it has another one."""
    return f"{socket.gethostname()[:30]}-{pid}-{uuid.uuid4().hex[:8]}"


def load_jobs() -> None:
    """Import the modules of all jobs before the worker forks, so that no process imports them at its first
    tick."""
    for job in TIMETABLE:
        import_module(job.run.partition(":")[0])


def require_encryption_key() -> None:
    """Raises ``SettingsError`` when FIELD_ENCRYPTION_KEY does not open the stored secrets. Closes its
    connections, so that forked processes inherit none."""
    fault = find_key_fault()
    connections.close_all()
    if fault:
        raise SettingsError(fault)


def record(bodies: Sequence[bytes]) -> Failed:
    """Record the results of the messages (``stages.record``). Raises ``Postponed`` while the database is
    away."""
    return _with_database(lambda: _record(bodies, now=read_clock()))


def settle(bodies: Sequence[bytes]) -> Failed:
    """Settle the receipts of the messages and run woken jobs (``stages.settle``). Raises ``Postponed`` while
    the database is away."""
    return _with_database(lambda: _settle(bodies, now=read_clock()))


def _with_database(work: Callable[[], Failed]) -> Failed:
    """Do the work, and again after short pauses while the database is away. Then raise ``Postponed``: the
    message waits in the broker, for a worker that must stop cannot wait for the database."""
    for attempt in range(1, DATABASE_AWAY_TIMES + 2):
        close_old_connections()
        try:
            return work()
        except (*AWAY, OSError) as error:
            if not (isinstance(error, AWAY) or is_shortage(error)):
                raise
            logger.warning("postponed, the database does not answer: %s", error)
            drop_connections()
            if attempt <= DATABASE_AWAY_TIMES:
                time.sleep(DATABASE_AWAY.pause_s(attempt))
    raise Postponed


def run_named_job(name: str) -> None:
    """Run a job of the timetable now, until it has nothing left to do. While the database is away the job is
    left out: its next tick comes by itself."""
    job = next(job for job in TIMETABLE if job.name == name)
    close_old_connections()
    try:
        while timetable.run_job(job, owner=_owner(os.getpid()), now=read_clock()):
            pass  # it did a part, and there is more
    except AWAY as error:
        logger.warning("job postponed name=%r: %s", name, error)
        drop_connections()
