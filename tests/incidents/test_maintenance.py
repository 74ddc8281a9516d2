import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions import monitors as actions
from incidents import maintenance
from incidents.maintenance import in_maintenance, running, running_ids, upcoming, windows_by_monitor
from incidents.models import Incident, MaintenanceWindow, Update
from tests.factories import TeamFactory
from tests.incidents.factories import T0, MonitorFactory, TagFactory, WindowFactory, make_incident

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DURING = T0 + HOUR


def covered(*monitors, at=DURING):
    found = in_maintenance([(m.pk, at) for m in monitors], team_ids={m.team_id for m in monitors})
    return [monitor for monitor in monitors if (monitor.pk, at) in found]


def test_a_window_covers_its_monitors_and_those_of_its_tags():
    team, tag = TeamFactory(), TagFactory()
    named, tagged, both, neither = MonitorFactory.create_batch(4, team=team)
    for monitor in (tagged, both):
        monitor.tags.add(tag)
    WindowFactory(team=team, monitors=[named, both], tags=[tag])
    assert covered(named, tagged, both, neither) == [named, tagged, both]


def test_each_instant_is_judged_by_itself():
    monitor = MonitorFactory()
    WindowFactory(team=monitor.team, monitors=[monitor])
    instants = [(monitor.pk, T0 + n * HOUR) for n in range(-1, 4)]
    assert in_maintenance(instants, team_ids=[monitor.team_id]) == {(monitor.pk, T0), (monitor.pk, T0 + HOUR)}


def test_a_repeated_window_covers_its_repeats_alone():
    monitor = MonitorFactory()
    WindowFactory(team=monitor.team, monitors=[monitor], rrule="FREQ=WEEKLY")
    weeks = [n for n in range(-1, 4) if covered(monitor, at=DURING + timedelta(weeks=n))]
    assert weeks == [0, 1, 2, 3]
    assert covered(monitor, at=DURING + timedelta(days=1)) == []


def test_nothing_is_asked_for_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert in_maintenance([], team_ids=[]) == set()


def test_without_a_window_near_it_is_one_query(django_assert_num_queries):
    monitor = MonitorFactory()
    WindowFactory(team=monitor.team, monitors=[monitor], starts_at=T0 - 3 * HOUR, ends_at=T0 - HOUR)
    WindowFactory(team=monitor.team, monitors=[monitor], starts_at=T0 + 9 * HOUR, ends_at=T0 + 10 * HOUR)
    WindowFactory()  # another team's
    with django_assert_num_queries(1):
        assert covered(monitor) == []


@pytest.mark.parametrize("number", [3, 30])
def test_any_number_of_monitors_and_windows_is_three_queries(number, django_assert_num_queries):
    team, tag = TeamFactory(), TagFactory()
    monitors = MonitorFactory.create_batch(number, team=team)
    for monitor in monitors[::2]:
        monitor.tags.add(tag)
        WindowFactory(team=team, monitors=[monitor], tags=[tag])
    with django_assert_num_queries(3):
        assert covered(*monitors) == monitors[::2]


def test_windows_are_read_by_monitor():
    monitor = MonitorFactory()
    near, ended = [
        WindowFactory(team=monitor.team, monitors=[monitor], starts_at=start, ends_at=start + HOUR)
        for start in (T0, T0 - 5 * HOUR)
    ]
    later = WindowFactory(team=monitor.team, monitors=[monitor], starts_at=T0 + HOUR, ends_at=T0 + 2 * HOUR)
    asked: Any = {"team_ids": [monitor.team_id], "since": T0}
    by_monitor = windows_by_monitor([monitor.pk], **asked)
    assert {w.pk for w in by_monitor[monitor.pk]} == {near.pk, later.pk}
    assert windows_by_monitor([monitor.pk], until=T0, **asked) == {monitor.pk: [near]}
    assert ended.pk not in {w.pk for w in by_monitor[monitor.pk]}


def test_the_running_windows_are_found_in_one_query(django_assert_num_queries):
    once = WindowFactory()
    repeated = WindowFactory(
        starts_at=T0 - timedelta(days=7), ends_at=T0 - timedelta(days=7) + 2 * HOUR, rrule="FREQ=WEEKLY"
    )
    WindowFactory(
        starts_at=T0 - timedelta(days=8), ends_at=T0 - timedelta(days=8) + 2 * HOUR, rrule="FREQ=WEEKLY"
    )
    WindowFactory(starts_at=T0 + 2 * HOUR, ends_at=T0 + 3 * HOUR)
    with django_assert_num_queries(1):
        assert sorted(running_ids(MaintenanceWindow.objects.all(), DURING)) == [once.pk, repeated.pk]


@pytest.mark.parametrize(
    "broken",
    [
        {"rrule": "FREQ=SOMETIMES"},
        {"rrule": "FREQ=DAILY", "timezone": "Mars/Olympus"},
        {"rrule": "FREQ=DAILY", "timezone": "../etc"},
        {"rrule": "FREQ=DAILY", "timezone": "Europe"},  # a folder of the zones' database
    ],
)
def test_a_window_that_nobody_can_follow_is_told_once_and_hides_no_other(broken, caplog):
    maintenance._warn_once.cache_clear()
    caplog.set_level(logging.WARNING, logger="incidents.maintenance")
    monitor = MonitorFactory()
    bad = WindowFactory(team=monitor.team, monitors=[monitor], **broken)
    assert covered(monitor) == []
    good = WindowFactory(team=monitor.team, monitors=[monitor])
    assert [covered(monitor, at=DURING + n * HOUR) for n in range(2)] == [[monitor], []]
    assert running_ids(MaintenanceWindow.objects.all(), DURING) == [good.pk]
    assert (running(bad, DURING), upcoming(bad, DURING)) == (None, None)
    (line,) = caplog.messages
    assert line.startswith(f"maintenance ignores a broken window window={bad.pk} ")


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (actions.pause, "Resolved because the monitor was paused."),
        (actions.delete, "Resolved because the monitor was deleted."),
    ],
)
def test_what_is_open_for_a_monitor_that_nobody_watches_is_resolved(act, text):
    incident, other = make_incident(), make_incident()
    act([incident.monitor], now=DURING)
    assert Incident.objects.get(pk=incident.pk).resolved_at == DURING
    assert Update.objects.filter(incident=incident).latest("pk").text == text
    assert Incident.objects.get(pk=other.pk).status == "investigating"


def test_other_changes_of_a_monitor_resolve_nothing():
    incident = make_incident()
    actions.edit_many([incident.monitor], now=DURING, interval_s=120)
    assert Incident.objects.get().status == "investigating"


def test_pausing_costs_as_many_queries_for_thirty_monitors_as_for_three():
    counts = []
    for number in (3, 30):
        monitors = MonitorFactory.create_batch(number)
        with CaptureQueriesContext(connection) as queries:
            actions.pause(monitors, now=DURING)
        counts.append(len(queries))
    assert counts[0] == counts[1]
