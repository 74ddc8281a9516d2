"""Heartbeats while the product itself is away: killed, stopped, frozen. Real processes, a real clock."""

import os
import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import Incident
from monitors.models import Heartbeat, Result
from pipeline.jobs.listening import FROZEN_AFTER, PINGS
from pipeline.models import Cursor
from tests.e2e.harness import free_port
from tests.monitors.pings import make_heartbeat
from tests.stories.engines import Faults, core_environment, database_url

SOON = timedelta(seconds=4)
WITHIN_S = 120.0  # a bound for a machine under load


class Embedded:
    """One process is all there is."""

    def __init__(self, engine):
        self.engine = engine

    def start(self):
        self.engine.start(Faults())

    def processes(self):
        return [self.engine.running["up"]]


class Celery:
    """Its clock and core worker go on; the web server, which takes the pings, is away."""

    def __init__(self, engine):
        self.engine = engine
        for name in ("core",):
            engine.start_worker(name)
        engine.start_clock("beat")

    def start(self):
        own = {"PORT": str(free_port()), "DATA_DIR": str(self.engine.folder), "PYTHONUNBUFFERED": "1"}
        environment = self.engine.environment | core_environment(database_url()) | own
        self.engine.spawn("web", ["manage.py", "serve"], environment)

    def processes(self):
        return [self.engine.running["web"]]


def freeze(product):
    for process in product.processes():
        os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(FROZEN_AFTER.total_seconds() + 2)  # a real freeze is the point
    for process in product.processes():
        os.killpg(process.pid, signal.SIGCONT)


def end(how, product):
    for process in product.processes():
        os.killpg(process.pid, how)
        process.wait(30)
    name = next(name for name, running in product.engine.running.items() if running.poll() is not None)
    del product.engine.running[name]
    wait_past_deadline(product)
    product.start()


def wait_past_deadline(product):
    """All that was armed is overdue before anybody comes back, who was away for longer than a web server may
    be beside others without being missed."""
    deadline = Heartbeat.objects.order_by("-deadline_at").values_list("deadline_at", flat=True).first()
    product.engine.wait_until(lambda: timezone.now() > deadline + FROZEN_AFTER)


WAYS = {
    "killed": lambda product: end(signal.SIGKILL, product),
    "stopped": lambda product: end(signal.SIGTERM, product),
    "frozen": freeze,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ["embedded", "redis"], indirect=True)
def test_a_heartbeat_that_was_due_while_we_were_away_is_not_late_and_one_that_is_silent_after_is(engine, way):
    product = Embedded(engine) if engine.name == "embedded" else Celery(engine)
    product.start()
    engine.wait_until(lambda: Cursor.objects.filter(pk=PINGS, lease_owner="web").exists(), within_s=WITHIN_S)
    now = timezone.now()
    due = [
        make_heartbeat(deadline_at=now + SOON, last_ping_at=now + SOON - timedelta(seconds=360))
        for _ in range(3)
    ]
    WAYS[way](product)
    back_at = timezone.now()
    engine.wait_until(lambda: Cursor.objects.get(pk=PINGS).sent_until > back_at, within_s=WITHIN_S)
    silent = make_heartbeat(deadline_at=back_at, last_ping_at=back_at - timedelta(seconds=360))
    late = Result.objects.filter(monitor=silent.pk, error_code="heartbeat_late")
    engine.wait_until(late.exists, within_s=WITHIN_S)
    assert set(Result.objects.values_list("monitor_id", flat=True)) == {silent.pk}
    assert Incident.objects.filter(monitor__in=[heartbeat.pk for heartbeat in due]).count() == 0
    for heartbeat in due:
        heartbeat.refresh_from_db()
        assert heartbeat.deadline_at > back_at
