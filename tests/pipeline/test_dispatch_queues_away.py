"""The broker does not answer: what people change and what was found is stored all the same."""

import pytest
from django.utils import timezone

from core.instants import to_ms
from monitors.models import Monitor, Result
from pipeline import dispatch
from pipeline.queues.base import QueuesAway, Sender
from pipeline.specs import check_soon
from pipeline.stages.record import record
from tests.factories import make_monitor
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db


class Away(Sender):
    def send(self, queue, body, *, delay_s=0.0):
        raise QueuesAway("The broker does not answer.")


@pytest.fixture(autouse=True)
def _away(monkeypatch):
    monkeypatch.setattr(dispatch, "_sender", Away())


def test_a_new_monitor_waits_for_its_slot(caplog):
    monitor = make_monitor(now=timezone.now())
    check_soon([monitor], now=timezone.now())
    assert Monitor.objects.filter(pk=monitor.pk, enabled=True).exists()
    assert caplog.messages == ["check soon left to the slots monitors=1: The broker does not answer."]


def test_a_failure_is_stored_and_looked_at_again_at_the_next_slot(caplog):
    now = timezone.now()
    monitor = make_monitor(now=now, fail_after=2)
    Monitor.objects.update(phase_ms=(to_ms(now) + 30_000) % 60_000)  # its next slot is not sooner
    assert len(record([make_result(monitor, now, "D")], now=now).rechecks) == 1
    assert Result.objects.filter(monitor=monitor, status="down").count() == 1
    assert "rechecks left to the slots monitors=1: The broker does not answer." in caplog.messages
