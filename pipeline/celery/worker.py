"""The Celery engine: its two tasks, what its workers do when one of their processes dies, and its clock.

A message leaves the broker only after it was handled, queued again, or put among the dead.
"""

import logging
import logging.config
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from celery import beat, bootsteps, signals
from celery.exceptions import SoftTimeLimitExceeded
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.request import Request

from core.env import SettingsError
from core.logging import logging_setting
from core.retries import POSTPONED_S
from pipeline import dispatch
from pipeline.celery.app import app, env, make_sender, options
from pipeline.celery.options import JOB_MAX_S
from pipeline.celery.overrides import install_stops
from pipeline.celery.sender import MESSAGE, SHARE, TICK, CelerySender, Postponed
from pipeline.celery.shares import Shares
from pipeline.queues.base import ROUTES, Failed, QueuesAway, describe_bug

logger = logging.getLogger(__name__)

PULSE_S = 10
_sender: CelerySender = make_sender()


class CountedRequest(Request):  # type: ignore[misc]  # celery has no types
    """A message whose process died, or was killed for taking too long, counts as failed: it comes again
    later, a few times, then it is a dead letter. Celery would give it to the next process at once, for
    ever."""

    on_end: Callable[[Request], None] | None = None
    """Called when the request has ended: every end is acknowledged or rejected."""

    def acknowledge(self) -> None:
        try:
            super().acknowledge()
        finally:
            if self.on_end is not None:
                self.on_end(self)

    def reject(self, requeue: bool = False) -> None:
        try:
            self._reject()
        finally:
            if self.on_end is not None:
                self.on_end(self)

    def _reject(self) -> None:
        if self.acknowledged:
            return
        if state.should_stop or state.should_terminate:  # we stop; it was not the message's fault
            super().reject(requeue=True)
            return
        queue, body = self.args
        failures, share = self.kwargs.get("failures", 0), str(self.request_dict.get(SHARE) or "")
        try:
            _sender.fail(
                queue, body, failures=failures, error="Its process died or took too long.", share=share
            )
        except Exception:  # the broker is away; it gives the message again when it is back
            logger.exception("message not counted queue=%s", queue)
            super().reject(requeue=True)
        else:
            logger.warning("message given up by its process queue=%s failures=%d", queue, failures + 1)
            self.acknowledge()


@app.task(name=MESSAGE, Request=CountedRequest)  # type: ignore[untyped-decorator]
def handle(queue: str, body: str, failures: int = 0, wait_s: float = 0.0) -> None:
    """Hand one message to its stage. A message that fails comes again after growing pauses, and then is a
    dead letter."""
    share = str(getattr(handle.request, SHARE, "") or "")
    if wait_s > 0:
        _sender.put(queue, body, failures=failures, delay_s=wait_s, share=share)
        return
    try:
        error = _load(queue)([body.encode()]).get(0, "")
    except Postponed:
        _sender.put(queue, body, failures=failures, delay_s=POSTPONED_S, share=share)
        return
    except QueuesAway:
        raise  # the broker is away; it gives the message again when it is back
    except SoftTimeLimitExceeded:
        error = "It took too long."
    except Exception as bug:  # one bad message must not hold up the others
        logger.exception("message failed queue=%s failures=%d", queue, failures + 1)
        error = describe_bug(bug)
    if error:
        _sender.fail(queue, body, failures=failures, error=error, share=share)


@app.task(  # type: ignore[untyped-decorator]
    name=TICK, acks_late=False, soft_time_limit=JOB_MAX_S, time_limit=JOB_MAX_S + 60
)
def tick(job: str) -> None:
    """Run a job of the timetable. When it fails or is lost, its next tick comes by itself."""
    try:
        resolve_name("pipeline.celery.core:run_named_job")(job)
    except QueuesAway as error:
        logger.warning("job postponed name=%r: %s", job, error)
    except Exception:  # a bug in one job must not end the clock
        logger.exception("job failed name=%r", job)


def _load(queue: str) -> Callable[[Sequence[bytes]], Failed]:
    """The function that handles a queue's messages here. Imported when first used, because the edge has no
    Django."""
    route = ROUTES[queue]
    handler: Callable[[Sequence[bytes]], Failed] = resolve_name(
        f"pipeline.celery.{route.plane}:{route.stage}"
    )
    return handler


class KeepingConsumer(Consumer):  # type: ignore[misc]  # celery has no types
    """Keeps what is no task of ours (another version's, a stranger's) among the dead; Celery throws it away.
    Keeps each team's share within its part of the processes (``Shares``)."""

    def __init__(self, on_task_request: Callable[[Any], Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(self._admit, *args, **kwargs)
        self.shares = Shares(
            on_task_request, processes=self.controller.concurrency, fetch_more=self._fetch_more
        )

    def _admit(self, request: Any) -> None:
        self.shares.admit(request)

    def _fetch_more(self, count: int) -> None:
        if count > 0:
            self.qos.increment_eventually(count)
        else:
            self.qos.decrement_eventually(-count)

    def on_close(self) -> None:
        self.shares.forget()
        super().on_close()

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
    """Keeps nothing on disk. Every job is due at the start, as in the other engines: else a job of once a day
    would never come where the clock is restarted more often."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at -= timedelta(seconds=entry.schedule.seconds)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        wait_s: float = super().tick(*args, **kwargs)
        touch_pulse()
        return wait_s


class Pulse(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """Touches PULSE_FILE while the worker's own loop runs; ``python -m sentrypulse.healthcheck`` reads it."""

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
    """Log the same lines as the other processes. Celery's own way would need a log format of its own."""
    level, style = env.text("LOG_LEVEL", "INFO"), env.text("LOG_FORMAT", "text")
    setting = logging_setting(level=level, style=style)
    each_message = ("celery.worker.strategy", "celery.app.trace", "celery.beat")
    setting["loggers"] |= {name: {"level": "WARNING"} for name in each_message}
    logging.config.dictConfig(setting)


def stop_clock_in_order(sender: Any, **kwargs: Any) -> None:
    """Stop the clock at SIGTERM, SIGINT and SIGHUP, unless it was started to ignore the signal.

    Celery's own handler closes the connection to the broker and then exits. When a message is just being
    sent, the sending fails on what was closed, that failure takes the place of the exit, and the clock goes
    on. Here the loop knows that it is to end before anything can fail, and closes the connection itself.
    """

    def stop(*args: Any) -> None:
        sender.stop()
        raise SystemExit

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def set_up_worker(instance: Any, **kwargs: Any) -> None:
    """Before the worker forks, load what its queues need, so that its processes share it. Exits with a
    sentence when a setting is wrong."""
    install_stops()
    planes = sorted({queue.alias for queue in instance.app.amqp.queues.consume_from.values()})
    dispatch.use_sender(_sender)
    try:
        if "core" in planes:
            _set_up_django()
            resolve_name("pipeline.celery.core:load_jobs")()
            resolve_name("pipeline.celery.core:require_encryption_key")()
        for queue, route in ROUTES.items():
            if route.plane in planes:
                _load(queue)
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
    """A forked process shares no database connection with its parent, and the parent decides when it ends:
    process managers send SIGTERM to both, a closing terminal sends SIGHUP, and the parent lets begun work
    end."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if "pipeline.celery.core" in sys.modules:
        import_module("core.connections").drop_connections()


signals.setup_logging.connect(set_up_logging)
signals.celeryd_after_setup.connect(set_up_worker)
signals.beat_init.connect(stop_clock_in_order)
signals.worker_process_init.connect(set_up_process)
