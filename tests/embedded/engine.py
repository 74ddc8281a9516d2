"""The embedded engine, started in a test: gates before its functions, a target, what was found."""

import threading
from contextlib import contextmanager

from django.db import OperationalError
from django.utils import timezone

from core.instants import whole_ms
from monitors.models import RegionState, Result
from pipeline.entrypoints.embedded import EmbeddedEngine
from pipeline.messages import Results, decode, encode
from tests.factories import make_monitor

WITHIN_S = 60.0  # a bound for a machine under load; every test ends long before it


@contextmanager
def run_engine():
    engine = EmbeddedEngine()
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


class Gate:
    """Stands before a function of the engine: counts its calls, and lets ``refuse`` raise in its place."""

    def __init__(self, function, refuse=lambda *args, **kwargs: None):
        self.function, self.refuse = function, refuse
        self.passed = self.refused = 0
        self._changed = threading.Condition()

    def __call__(self, *args, **kwargs):
        try:
            self.refuse(*args, **kwargs)
            answer = self.function(*args, **kwargs)
        except BaseException:
            with self._changed:
                self.refused += 1
                self._changed.notify_all()
            raise
        with self._changed:
            self.passed += 1
            self._changed.notify_all()
        return answer

    def wait_for(self, claim):
        """Until ``claim(gate)`` is true; it is asked again after every call."""
        with self._changed:
            assert self._changed.wait_for(lambda: claim(self), WITHIN_S), (self.passed, self.refused)


def watch(target, **fields):
    defaults = {"url": target.url, "interval_s": 1, "timeout_s": 1, "now": timezone.now()}
    return make_monitor(fields.pop("team", None), **(defaults | fields))


def stored(monitor):
    return list(
        Result.objects.filter(monitor=monitor).order_by("scheduled_at").values_list("status", flat=True)
    )


def state(monitor):
    return RegionState.objects.get(monitor=monitor).state


def body_of(*found):
    return encode(Results(list(found)))


def slots_in(bodies):
    return {(r.monitor_id, whole_ms(r.scheduled_at)) for body in bodies for r in decode(body).results}


def slots_stored():
    return set(Result.objects.values_list("monitor_id", "scheduled_at"))


def away(*_args, **_kwargs):
    raise OperationalError("(2006, 'Server has gone away')")
