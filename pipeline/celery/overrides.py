"""What we change in private parts of Celery and billiard: how a worker stops. It lets its processes finish
what they have begun.

Written for Celery 5.7 and billiard 4.3 (``core.library_checks``); Kombu's part is ``redis_transport``.
Another version must pass ``tests/stories/test_stopping.py``.
"""

import os
import signal
from contextlib import suppress
from functools import partial
from typing import Any

from billiard.pool import CLOSE
from celery.apps import worker as program
from celery.concurrency import asynpool, prefork
from celery.platforms import EX_FAILURE


class Processes(asynpool.AsynPool):  # type: ignore[misc]  # celery has no types
    """Keeps waiting for messages that were already given to a process.

    When it stops, Celery (https://github.com/celery/celery/pull/6863) forgets every message whose process has
    not yet said that it began. The process begins all the same, and nobody hears that it ended. So the
    message is never acknowledged, and is handled twice; the process waits 30 s to be heard
    (``_ensure_messages_consumed`` in billiard), and the worker waits for the process. When a message is
    longer than a pipe holds, its rest is never written, and the worker hangs for ever.
    """

    def flush(self) -> None:
        if self._state != CLOSE:  # the connection is lost: begun messages cannot be acknowledged now
            super().flush()
            return
        given = {number: job for number, job in self._cache.items() if job._write_to is not None}
        for job in given.values():
            if (writer := asynpool._get_job_writer(job)) in self._active_writers:
                self._flush_writer(job._write_to, writer)
        super().flush()
        self._cache.update(given)


class TaskPool(prefork.TaskPool):  # type: ignore[misc]
    """Chosen by the setting ``worker_pool``."""

    Pool = Processes

    def kill(self) -> None:
        for process in self._pool._pool if self._pool else ():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def on_terminate(self) -> None:
        """Kill the processes. Celery would send SIGTERM, which they ignore (``set_up_process``)."""
        self.kill()
        super().on_terminate()


def end_at_once(worker: Any) -> None:
    """At SIGQUIT and at the second Ctrl-C: kill the processes; the worker's own loop does the rest. Celery
    (``celery.apps.worker.on_cold_shutdown``, https://github.com/celery/celery/pull/9461) would cancel its
    consumer and wait for its processes here, inside the signal's handler: for ever, when the signal
    interrupted a write to one of them."""
    if worker.pool:
        worker.pool.kill()


def stop_at_term_and_hup(worker: Any) -> None:
    """Stop the worker at SIGHUP as at SIGTERM. Celery would start it anew, and a worker whose terminal has
    closed dies of that. A worker that was started to ignore SIGHUP (``nohup``) ignores it."""
    program._shutdown_handler(worker, sig="SIGTERM", how="Warm")
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        program._shutdown_handler(worker, sig="SIGHUP", how="Warm")


def install_stops() -> None:
    """Install these handlers before Celery installs its own, which ``celery.apps.worker`` holds by these
    names."""
    program.install_worker_term_handler = stop_at_term_and_hup
    program.install_worker_restart_handler = lambda worker: None  # Celery's own way with SIGHUP
    program.install_worker_term_hard_handler = partial(
        program._shutdown_handler, sig="SIGQUIT", how="Cold", callback=end_at_once, exitcode=EX_FAILURE
    )
