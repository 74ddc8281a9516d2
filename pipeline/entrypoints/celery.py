"""The Celery engine: its two tasks, what its workers do when one of their processes dies, and its clock.

A message leaves the broker only when it was handled, was sent on, or was put among the dead.
"""

import logging
import logging.config
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from celery import beat, bootsteps, signals
from celery.apps import worker as program
from celery.exceptions import SoftTimeLimitExceeded
from celery.platforms import EX_FAILURE
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.request import Request

from pipeline import dispatch
from pipeline.queues.celery import MESSAGE, PLANES, TICK, CelerySender, Postponed, make_sender
from pipeline.queues.celery_app import JOB_MAX_S
from sentrypulse.celery import app, env, options
from sentrypulse.env import SettingsError
from sentrypulse.logs import logging_setting

logger = logging.getLogger(__name__)

HANDLERS = {
    "checks": "pipeline.entrypoints.celery_edge:probe",
    "deliveries": "pipeline.entrypoints.celery_edge:deliver",
    "results": "pipeline.entrypoints.celery_core:record",
    "receipts": "pipeline.entrypoints.celery_core:settle",
}
"""What takes the messages of a queue: ``(bodies) -> indexes of those that are none``. Imported when first
used, for the edge has no Django."""
POSTPONED_S = 1.0
PULSE_S = 10
NOT_OURS = "It is no message of this queue."
_sender: CelerySender = make_sender()


class CountedRequest(Request):  # type: ignore[misc]  # celery has no types
    """A message whose process died, or was killed for taking too long, comes again like one that failed:
    later, a few times, then it is dead. Celery would give it to the next process at once, for ever."""

    def reject(self, requeue: bool = False) -> None:
        if self.acknowledged:
            return
        if state.should_stop or state.should_terminate:  # we stop; it was not the message's fault
            super().reject(requeue=True)
            return
        queue, body = self.args
        failures = self.kwargs.get("failures", 0)
        try:
            _sender.fail(queue, body, failures=failures, error="Its process died or took too long.")
        except Exception:  # the broker is away: it will notice, and give the message again
            logger.exception("message not counted queue=%s", queue)
            super().reject(requeue=True)
        else:
            logger.warning("message given up by its process queue=%s failures=%d", queue, failures + 1)
            self.acknowledge()


@app.task(name=MESSAGE, Request=CountedRequest)  # type: ignore[untyped-decorator]
def handle(queue: str, body: str, failures: int = 0, wait_s: float = 0.0) -> None:
    """Hand one message to its stage. What fails comes again, later and later, and is then among the dead."""
    if wait_s > 0:
        _sender.put(queue, body, failures=failures, delay_s=wait_s)
        return
    try:
        error = NOT_OURS if _load(queue)([body.encode()]) else ""
    except Postponed:
        _sender.put(queue, body, failures=failures, delay_s=POSTPONED_S)
        return
    except dispatch.QueuesAway:
        raise  # nothing can be sent on, either: the broker gives it again
    except SoftTimeLimitExceeded:
        error = "It took too long."
    except Exception as bug:  # one bad message must not hold up the others
        logger.exception("message failed queue=%s failures=%d", queue, failures + 1)
        error = f"{type(bug).__name__}: {bug}"
    if error:
        _sender.fail(queue, body, failures=failures, error=error)


@app.task(  # type: ignore[untyped-decorator]
    name=TICK, acks_late=False, soft_time_limit=JOB_MAX_S, time_limit=JOB_MAX_S + 60
)
def tick(job: str) -> None:
    """Run a job of the timetable. One that fails or is lost comes again by itself."""
    try:
        _import("pipeline.entrypoints.celery_core:run_job")(job)
    except dispatch.QueuesAway as error:
        logger.warning("job postponed name=%r: %s", job, error)
    except Exception:  # a bug in one job must not end the clock
        logger.exception("job failed name=%r", job)


def _load(queue: str) -> Callable[[Sequence[bytes]], list[int]]:
    return _import(HANDLERS[queue])


def _import(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


class KeepingConsumer(Consumer):  # type: ignore[misc]  # celery has no types
    """What is no task of ours (another version's, a stranger's) is kept among the dead; Celery throws it
    away."""

    def on_unknown_message(self, body: Any, message: Any) -> None:
        self._keep(message, "It is no task.")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._keep(message, f"There is no task {exc}.")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._keep(message, "It is no task that can be read.")

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self._keep(message, "It cannot be decoded.")

    def _keep(self, message: Any, error: str) -> None:
        body = message.body if isinstance(message.body, str) else bytes(message.body).decode(errors="replace")
        plane = (message.delivery_info.get("routing_key") or "").removeprefix(options.queue_prefix)
        logger.error("message kept among the dead plane=%s bytes=%d: %s", plane, len(body), error)
        _sender.bury(plane, body, failures=1, error=error)
        message.ack_log_error(logger, self.connection_errors)


class Clock(beat.Scheduler):  # type: ignore[misc]  # celery has no types
    """Keeps nothing on disk. Every job is due at the start, as in the other engines: one that comes once a
    day would otherwise never come where the clock is restarted more often."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at -= timedelta(seconds=entry.schedule.seconds)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        wait_s: float = super().tick(*args, **kwargs)
        touch_pulse()
        return wait_s


class Pulse(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """Shows from outside that the worker's own loop turns: ``python -m sentrypulse.pulse``."""

    requires = {"celery.worker.components:Timer"}
    _timer: Any = None

    def start(self, parent: Any) -> None:
        touch_pulse()
        self._timer = parent.timer.call_repeatedly(PULSE_S, touch_pulse)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


app.steps["worker"].add(Pulse)


def touch_pulse() -> None:
    if path := env.text("PULSE_FILE"):
        Path(path).touch()


def set_up_logging(**kwargs: Any) -> None:
    """The same lines as everywhere; Celery's own way would need a log format of its own."""
    level, style = env.text("LOG_LEVEL", "INFO"), env.text("LOG_FORMAT", "text")
    setting = logging_setting(level=level, style=style)
    each_message = ("celery.worker.strategy", "celery.app.trace", "celery.beat")
    setting["loggers"] |= {name: {"level": "WARNING"} for name in each_message}
    logging.config.dictConfig(setting)


def end_at_once(worker: Any) -> None:
    """At SIGQUIT and the second Ctrl-C. All else follows in the worker's own loop: Celery (5.7) would cancel
    its consumer and wait for its processes here, in the signal's handler; for ever, where the signal has
    interrupted a write to one of them."""
    if worker.pool:
        worker.pool.kill()


def set_up_worker(instance: Any, **kwargs: Any) -> None:
    """Before the worker forks: load what its queues need, so that its processes share it."""
    program.install_worker_term_hard_handler = partial(
        program._shutdown_handler, sig="SIGQUIT", how="Cold", callback=end_at_once, exitcode=EX_FAILURE
    )
    planes = sorted({queue.alias for queue in instance.app.amqp.queues.consume_from.values()})
    dispatch.use_sender(_sender)
    try:
        if "core" in planes:
            _set_up_django()
            _import("pipeline.entrypoints.celery_core:load_jobs")()
        for queue, path in HANDLERS.items():
            if PLANES[queue] in planes:
                _import(path)
    except SettingsError as error:
        sys.exit(str(error))  # Celery would log it and start all the same
    except Exception:
        logger.exception("worker cannot start")
        sys.exit(1)
    logger.info("worker starts queues=%s", ",".join(planes))


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
    import django

    django.setup()


def set_up_process(**kwargs: Any) -> None:
    """A forked process shares no connection with the one it came from, and leaves to it when to end: process
    managers send SIGTERM to both, and the worker ends what is begun."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "pipeline.entrypoints.celery_core" in sys.modules:
        import_module("pipeline.entrypoints.celery_core").drop_connections()


signals.setup_logging.connect(set_up_logging)
signals.celeryd_after_setup.connect(set_up_worker)
signals.worker_process_init.connect(set_up_process)
