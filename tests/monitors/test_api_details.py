"""What the JSON of a monitor tells of its state."""

from datetime import timedelta

import pytest
import time_machine

from monitors.models import Heartbeat, RegionState
from tests.factories import NOW, make_monitor
from tests.incidents.factories import WindowFactory, make_incident
from tests.monitors.factories import make_result

URL = "/api/v1/monitors/"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def read(api, monitor):
    return api.get(f"{URL}{monitor.pk}/").json()


def test_each_region_tells_what_it_believes_and_found_last(api, team, settings):
    settings.REGIONS = ["a", "b"]
    monitor = make_monitor(team, now=NOW - timedelta(days=1))
    RegionState.objects.filter(region="b").update(state="down", changed_at=NOW - timedelta(minutes=3))
    make_result(monitor, region="a", at=NOW - timedelta(minutes=1), total_ms=80, http_status=200)
    make_result(monitor, region="b", at=NOW - timedelta(minutes=2), status="up")
    refused = "Expected 200-299, got 503."
    make_result(monitor, region="b", status="down", total_ms=1_270, http_status=503, error=refused)
    told = read(api, monitor)
    assert told["regions_state"] == [
        {
            "region": "a", "status": "pending", "since": "2026-02-28T12:00:00Z", "response_ms": 80,
            "checked_at": "2026-03-01T11:59:00.040000Z", "http_status": 200, "error": "",
        },
        {
            "region": "b", "status": "down", "since": "2026-03-01T11:57:00Z", "response_ms": 1_270,
            "checked_at": "2026-03-01T12:00:00.040000Z", "http_status": 503, "error": refused,
        },
    ]  # fmt: skip
    assert (told["status"], told["status_since"]) == ("degraded", "2026-03-01T11:57:00Z")
    assert told["last_result"]["region"] == "b"


def test_it_tells_its_open_incident_and_since_when_it_is_down(api, team):
    monitor = make_monitor(team)
    assert read(api, monitor)["incident"] is None
    RegionState.objects.update(state="down", changed_at=NOW)
    incident = make_incident(monitor, started_at=NOW - timedelta(minutes=12))
    told = read(api, monitor)
    assert told["incident"] == {"id": incident.pk, "acknowledged": False}
    assert told["status_since"] == "2026-03-01T11:48:00Z"


def test_since_when_it_is_in_maintenance_or_paused(api, team):
    covered, paused = make_monitor(team), make_monitor(team, enabled=False)
    begun = NOW - timedelta(minutes=26)
    WindowFactory(team=team, monitors=[covered], starts_at=begun, ends_at=NOW + timedelta(hours=1))
    assert (read(api, covered)["status"], read(api, covered)["status_since"]) == (
        "maintenance",
        "2026-03-01T11:34:00Z",
    )
    assert (read(api, paused)["status"], read(api, paused)["status_since"]) == ("paused", None)


def test_a_heartbeat_tells_when_the_next_call_is_due(api, team):
    job = make_monitor(team, kind="heartbeat")
    Heartbeat.objects.update(deadline_at=NOW + timedelta(hours=1), last_ping_at=NOW)
    assert read(api, job)["heartbeat"] == {
        "deadline_at": "2026-03-01T13:00:00Z",
        "last_ping_at": "2026-03-01T12:00:00Z",
        "started_at": None,
    }
    assert read(api, make_monitor(team))["heartbeat"] is None
