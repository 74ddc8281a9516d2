"""The embedded engine while threads stand still, and while the database takes nothing."""

import threading

import pytest
from django.db import OperationalError

from pipeline.entrypoints import crew, embedded
from pipeline.health import vitals
from pipeline.queues import memory
from tests.e2e.harness import wait_for
from tests.embedded.engine import (
    run_engine,
    stored,
    watch,
)

pytestmark = pytest.mark.usefixtures("shared_database", "quick")


@pytest.fixture
def let_go():
    event = threading.Event()
    yield event
    event.set()


def once(let_go):
    """Stands still at the first call, and never again."""
    calls = []

    def refuse(*_args, **_kwargs):
        calls.append(1)
        if len(calls) == 1:
            let_go.wait(60)

    return refuse


def test_a_writer_that_stands_still_is_replaced_and_what_it_held_is_recorded(
    target, recording, let_go, monkeypatch
):
    monkeypatch.setattr(embedded, "WORK_S", {**embedded.WORK_S, "results": 1.0})
    monkeypatch.setattr(memory, "MESSAGE_FAILED_S", (0.1,) * 4)
    recording.refuse = once(let_go)
    before = vitals.replaced()
    monitor = watch(target)
    with run_engine():
        recording.wait_for(lambda gate: gate.passed >= 2)
        assert stored(monitor)[0] == "up"
        assert vitals.replaced() == before + 1


def test_a_lane_of_the_clock_that_stands_still_is_replaced(
    target, recording, scheduling, let_go, monkeypatch
):
    monkeypatch.setattr(embedded, "LANES_S", {**embedded.LANES_S, "schedule": 1.0})
    scheduling.refuse = once(let_go)
    monitor = watch(target)
    with run_engine():
        recording.wait_for(lambda gate: gate.passed >= 2)
        assert "up" in stored(monitor)


def test_while_a_thread_stands_still_health_says_so_and_is_well_again_after(
    target, recording, scheduling, let_go, client, monkeypatch
):
    monkeypatch.setattr(embedded, "LANES_S", {**embedded.LANES_S, "schedule": 1.0})
    monkeypatch.setattr(crew, "LOST_AT_MOST", 0)  # nobody takes its place
    scheduling.refuse = once(let_go)
    with run_engine():
        wait_for(lambda: health(client)["loops"]["stuck"] == ["clock-schedule"])
        assert health(client)["ok"] is False
        let_go.set()
        wait_for(lambda: health(client)["ok"])
        assert health(client)["loops"]["stuck"] == []


def test_a_full_disk_makes_health_ill_at_once_and_it_is_well_again_when_there_is_room(
    target, recording, client, monkeypatch
):
    monkeypatch.setattr(vitals, "FAILING_AFTER_S", 0.1)

    def refuse(*_args, **_kwargs):
        raise OperationalError("database or disk is full")

    recording.refuse = refuse
    watch(target)
    with run_engine():
        wait_for(lambda: health(client)["loops"]["failing"].get("record") == "OperationalError")
        report = health(client)
        assert (report["ok"], report["writes"]["ok"]) == (False, False)
        assert "disk may be full" in report["writes"]["error"]
        recording.refuse = lambda *_args, **_kwargs: None
        wait_for(lambda: health(client)["ok"])


def health(client):
    return client.get("/api/v1/health", REMOTE_ADDR="127.0.0.1").json()
