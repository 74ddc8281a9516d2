"""The pool of a Celery worker's processes: a worker that is told to stop ends what they have begun."""

import os
import signal
from contextlib import suppress

from billiard.pool import CLOSE
from celery.concurrency import asynpool, prefork


class Processes(asynpool.AsynPool):  # type: ignore[misc]  # celery has no types
    """Keeps waiting for the messages that a process was already given.

    At its stop Celery (5.7; pull request 6863) forgets every message whose process has not yet said that it
    began. The process begins all the same, and nobody hears that it ended. So the message is never
    acknowledged and handled twice; the process waits 30 s to be heard (``_ensure_messages_consumed`` in
    billiard), and its worker for the process. Of a message longer than a pipe holds the rest is never
    written, and the worker hangs for ever.
    """

    def flush(self) -> None:
        if self._state != CLOSE:  # the connection was lost: what was begun cannot be acknowledged any more
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
        """Not by SIGTERM, which the processes ignore (``set_up_process``)."""
        self.kill()
        super().on_terminate()
