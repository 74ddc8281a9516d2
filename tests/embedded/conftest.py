import pytest

from pipeline.entrypoints import embedded
from pipeline.jobs import periodic
from pipeline.stages import record as record_stage
from tests.e2e.harness import Target
from tests.embedded.engine import Gate


@pytest.fixture
def quick(settings, monkeypatch):
    settings.MIN_INTERVAL_S = 1
    monkeypatch.setitem(embedded.TAKERS, "checks", 4)


@pytest.fixture
def target():
    running = Target().start()
    yield running
    running.stop()


@pytest.fixture
def recording(monkeypatch):
    gate = Gate(record_stage.record_messages)
    monkeypatch.setattr(record_stage, "record_messages", gate)
    return gate


@pytest.fixture
def scheduling(monkeypatch):
    gate = Gate(periodic.send_due_checks)
    monkeypatch.setattr(periodic, "send_due_checks", gate)
    return gate
