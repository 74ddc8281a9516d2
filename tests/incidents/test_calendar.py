"""Maintenance in a range, what a draft covers, and in and out of maintenance at once."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.calendar import unfold
from incidents.models import MaintenanceWindow
from monitors.tags import create_tag
from tests.factories import make_team
from tests.incidents.factories import T0, MonitorFactory, WindowFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/maintenance/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(T0, tick=False):
        yield


@pytest.fixture
def monitor(team):
    return MonitorFactory(team=team, name="Shop")


def ask(api, since=T0 - DAY, until=T0 + 14 * DAY, **more):
    return api.get(f"{URL}occurrences", {"from": since.isoformat(), "to": until.isoformat(), **more})


def test_a_calendar_shows_each_repeat_and_what_runs_now(api, team):
    weekly = WindowFactory(team=team, title="Patching", rrule="FREQ=WEEKLY;COUNT=2")
    once = WindowFactory(team=team, title="Router", starts_at=T0 + DAY, ends_at=T0 + DAY + HOUR)
    WindowFactory(team=team, starts_at=T0 - 9 * DAY, ends_at=T0 - 8 * DAY)  # before the range
    WindowFactory(team=make_team("Theirs"))
    found = ask(api, team=team.pk).json()
    assert [(o["window"], o["starts_at"], o["repeats"], o["running"]) for o in found["occurrences"]] == [
        (weekly.pk, "2026-03-02T12:00:00Z", True, True),
        (once.pk, "2026-03-03T12:00:00Z", False, False),
        (weekly.pk, "2026-03-09T12:00:00Z", True, False),
    ]
    assert found["left_out"] == []


def test_a_range_is_half_open(api, team):
    WindowFactory(team=team)  # of two hours
    assert len(ask(api, T0 + HOUR, T0 + DAY).json()["occurrences"]) == 1
    assert ask(api, T0 + 2 * HOUR, T0 + DAY).json()["occurrences"] == []
    assert ask(api, T0 - DAY, T0).json()["occurrences"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-02T12:00:00Z", "to": "2026-03-02T12:00:00Z"}, "to"),
        ({"from": "2026-03-02T12:00:00Z", "to": "2026-09-02T12:00:00Z"}, "to"),
        ({"from": "2026-03-02T12:00:00", "to": "2026-03-03T12:00:00Z"}, "from"),
    ],
)
def test_a_range_that_cannot_be_shown_is_refused_by_name(api, query, field):
    answer = api.get(f"{URL}occurrences", query)
    assert (answer.status_code, field in answer.json()) == (400, True)


def test_a_window_that_is_too_dear_is_left_out_with_the_reason_and_the_others_are_shown(team):
    fields = {"starts_at": T0, "ends_at": T0 + timedelta(minutes=5)}
    dear = WindowFactory(team=team, rrule="FREQ=HOURLY;BYMINUTE=0,15,30,45", **fields)
    broken = WindowFactory(team=team, rrule="FREQ=NEVER", **fields)
    plain = WindowFactory(team=team)
    found = unfold([plain, dear, broken], T0, T0 + 100 * DAY)
    assert {window.pk for window, _ in found.found} == {plain.pk}
    assert {window.pk for window, why in found.left_out if why.endswith(".")} == {dear.pk, broken.pk}


def test_a_calendar_costs_as_many_queries_for_thirty_windows_as_for_three(api, team):
    counts = []
    for number in (3, 27):
        for _ in range(number):
            WindowFactory(team=team, rrule="FREQ=WEEKLY")
        with CaptureQueriesContext(connection) as queries:
            assert ask(api).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_draft_says_what_it_would_cover_and_when(api, team, monitor):
    tag = create_tag(team, name="warehouse")
    tagged = MonitorFactory(team=team, name="Printer", kind="ping")
    tagged.tags.add(tag)
    monitor.tags.add(tag)
    body = {"monitors": [monitor.pk], "tags": ["warehouse"], "rrule": "FREQ=DAILY", "timezone": "UTC"}
    body |= {"starts_at": "2026-03-03T08:00:00", "ends_at": "2026-03-03T10:00:00"}
    said = api.post(f"{URL}preview", body).json()
    assert (said["covers"], said["monitors"]) == (
        2,
        [
            {"id": tagged.pk, "name": "Printer", "kind": "ping"},
            {"id": monitor.pk, "name": "Shop", "kind": "http"},
        ],
    )
    assert [o["starts_at"] for o in said["occurrences"]] == [f"2026-03-0{n}T08:00:00Z" for n in range(3, 8)]
    assert not MaintenanceWindow.objects.exists()


def test_a_draft_without_times_or_with_wrong_ones_still_says_what_it_covers(api, monitor):
    assert api.post(f"{URL}preview", {"monitors": [monitor.pk]}).json()["occurrences"] == []
    times = {"starts_at": "2026-03-03T08:00:00Z", "ends_at": "2026-03-03T07:00:00Z"}
    said = api.post(f"{URL}preview", {"monitors": [monitor.pk], **times}).json()
    assert (said["covers"], list(said["faults"])) == (1, ["ends_at"])
    refused = api.post(f"{URL}preview", {"monitors": [MonitorFactory().pk]})
    assert (refused.status_code, list(refused.json())) == (400, ["monitors"])


def test_a_monitor_goes_into_maintenance_for_an_hour_and_out_again(api, monitor):
    path = f"/api/v1/monitors/{monitor.pk}/maintenance"
    made = api.post(path, {"duration_s": 3600})
    assert made.status_code == 201, made.content
    assert (made.json()["running"], made.json()["ends_at"]) == (True, "2026-03-02T13:00:00Z")
    assert api.get(f"/api/v1/monitors/{monitor.pk}/").json()["status"] == "maintenance"
    with time_machine.travel(T0 + timedelta(minutes=10), tick=False):
        assert api.delete(path).status_code == 204
        assert api.get(f"/api/v1/monitors/{monitor.pk}/").json()["status"] != "maintenance"
        assert api.delete(path).status_code == 409  # it is in none
    assert MaintenanceWindow.objects.get().ends_at == T0 + timedelta(minutes=10)


@pytest.mark.parametrize("duration_s", [0, 59, 32 * 86_400, "x"])
def test_maintenance_of_a_senseless_length_is_refused(api, monitor, duration_s):
    answer = api.post(f"/api/v1/monitors/{monitor.pk}/maintenance", {"duration_s": duration_s})
    assert (answer.status_code, list(answer.json())) == (400, ["duration_s"])


def test_a_window_that_covers_others_is_not_ended_by_one_monitor(api, team, monitor):
    window = WindowFactory(team=team, monitors=[monitor, MonitorFactory(team=team)])
    answer = api.delete(f"/api/v1/monitors/{monitor.pk}/maintenance")
    assert (answer.status_code, window.title in answer.json()["detail"]) == (409, True)
    with time_machine.travel(T0 + HOUR, tick=False):
        ended = api.post(f"{URL}{window.pk}/end")
    assert (ended.status_code, ended.json()["running"]) == (200, False)


def test_a_window_that_repeats_or_does_not_run_cannot_be_ended(api, team, monitor):
    repeats = WindowFactory(team=team, monitors=[monitor], rrule="FREQ=DAILY")
    later = WindowFactory(team=team, monitors=[monitor], starts_at=T0 + HOUR, ends_at=T0 + 2 * HOUR)
    for window in (repeats, later):
        assert api.post(f"{URL}{window.pk}/end").status_code == 409


def test_a_viewer_plans_nothing(viewer, monitor):
    assert viewer.post(f"/api/v1/monitors/{monitor.pk}/maintenance", {}).status_code == 403
    assert not MaintenanceWindow.objects.exists()


def test_a_range_begins_now_and_takes_a_month_unless_said(api):
    told = api.get(f"{URL}occurrences").json()
    assert datetime.fromisoformat(told["to"]) - datetime.fromisoformat(told["from"]) == timedelta(days=31)
