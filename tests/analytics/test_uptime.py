"""Uptime by time: figures computed by hand, and against a second by second walk in Python."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.uptime import measure
from analytics.windows import LISTED, WINDOWS
from monitors.models import Monitor
from tests.analytics.factories import NOW, measured, seconds, starts, store
from tests.factories import make_monitor, make_team

pytestmark = pytest.mark.django_db
HOUR_S, DAY_S = 3600, 86_400


def ratio(monitor, window="1h"):
    return measured(monitor, window).uptime_ratio


def test_a_result_holds_until_the_next_one():
    monitor = make_monitor(interval_s=60)
    store(monitor, (240, "U"), (180, "U"), (120, "D"), (60, "U"))
    assert seconds(monitor) == (180, 60)
    assert ratio(monitor) == 0.75


def test_rechecks_weigh_by_their_time_and_not_by_their_number():
    monitor = make_monitor(interval_s=60)
    store(monitor, (120, "U"), (60, "D"), (50, "D"), (40, "D"), (30, "U"), (20, "U"))
    assert seconds(monitor) == (90, 30)
    assert ratio(monitor) == 0.75  # by count it would be a half


def test_a_gap_is_no_data():
    monitor = make_monitor(interval_s=60)
    store(monitor, (3000, "U"), (600, "D"))  # each holds for its interval, then nobody looked
    assert seconds(monitor) == (60, 60)
    assert ratio(monitor) == 0.5


def test_the_newest_result_holds_until_now_and_not_longer():
    monitor = make_monitor(interval_s=60)
    store(monitor, (15, "D"))
    assert seconds(monitor) == (0, 15)
    assert ratio(monitor) == 0.0


def test_a_result_from_before_the_window_counts_for_what_lies_within():
    monitor = make_monitor(interval_s=600)
    store(monitor, (HOUR_S + 500, "D"), (HOUR_S - 100, "U"))
    assert seconds(monitor) == (600, 100)
    store(monitor, (3 * HOUR_S, "D"))  # its interval ended long before
    assert seconds(monitor) == (600, 100)


def test_degraded_is_up_and_what_we_could_not_measure_and_maintenance_are_neither():
    monitor = make_monitor(interval_s=60)
    store(monitor, (300, "S"), (240, "?"), (180, "M"), (120, "D"), (60, "U"))
    assert seconds(monitor) == (120, 60)
    assert ratio(monitor) == 0.666666


def test_what_follows_an_unmeasured_result_does_not_stretch_what_came_before():
    monitor = make_monitor(interval_s=60)
    store(monitor, (60, "U"), (40, "?"), (20, "M"))
    assert seconds(monitor) == (20, 0)


@pytest.mark.parametrize("found", [[], [(30, "?")], [(30, "M")], [(7200, "U")]])
def test_where_nothing_was_measured_there_is_no_figure(found):
    monitor = make_monitor(interval_s=60)
    store(monitor, *found)
    found = measured(monitor)
    assert (found.measured_ms, found.uptime_ratio) == (0, None)


def test_a_heartbeat_holds_until_its_next_ping_is_late():
    monitor = make_monitor(kind="heartbeat", url="", config={"period_s": 7 * DAY_S, "grace_s": 3600})
    store(monitor, (10 * DAY_S, "U"), (3 * DAY_S, "D"), (2 * DAY_S, "U"))
    assert seconds(monitor, "7d") == (6 * DAY_S, DAY_S)
    assert seconds(monitor, "24h") == (DAY_S, 0)
    assert seconds(monitor, "30d") == (9 * DAY_S, DAY_S)
    assert ratio(monitor, "1h") == 1.0


def test_a_heartbeat_that_nobody_judged_when_it_was_late_has_no_data_from_then_on():
    monitor = make_monitor(kind="heartbeat", url="", config={"period_s": 3600, "grace_s": 600})
    store(monitor, (33 * DAY_S, "U"))  # we were away, or it is paused
    assert ratio(monitor, "24h") is None
    assert seconds(monitor, "90d") == (4200, 0)


def test_an_edited_interval_changes_how_long_results_hold():
    monitor = make_monitor(interval_s=60)
    store(monitor, (600, "U"))
    assert seconds(monitor) == (60, 0)
    Monitor.objects.filter(pk=monitor.pk).update(holds_s=300)
    assert seconds(monitor) == (300, 0)


def test_results_of_a_clock_that_ran_ahead_are_left_out():
    monitor = make_monitor(interval_s=60)
    store(monitor, (30, "U"), (0, "D"), (-600, "D"))
    assert seconds(monitor) == (30, 0)


def test_regions_count_on_average():
    monitor = make_monitor(interval_s=60)
    store(monitor, (60, "U"))
    store(monitor, (60, "D"), (30, "U"), region="far")
    found = measured(monitor)
    # 60 s up here, 30 s down and 30 s up there: on average of both, 45 s and 15 s.
    assert (found.up_ms, found.down_ms, found.checks_up) == (45_000, 15_000, 2)


def test_of_each_monitor_its_own_results_are_measured_and_of_none_nothing():
    team = make_team()
    one, two, other = (make_monitor(team, name=name, interval_s=60) for name in "abc")
    store(one, (60, "U"))
    store(two, (60, "D"))
    store(other, (60, "D"))
    found = measure([one, two], starts("1h", "24h"), now=NOW)
    assert {pk: {w: m.uptime_ratio for w, m in windows.items()} for pk, windows in found.items()} == {
        one.pk: {"1h": 1.0, "24h": 1.0},
        two.pk: {"1h": 0.0, "24h": 0.0},
    }
    assert measure([], starts("1h"), now=NOW) == {}


def walk(found, *, window_s, holds_s):
    """The figure again, second by second: whatever the newest result of that moment says, while it holds."""
    up = down = 0
    for ago_s in range(window_s, 0, -1):
        known = [(at, letter) for at, letter in found if at >= ago_s]
        if known:
            at, letter = min(known)
            if at - ago_s < holds_s and letter in "USD":
                up, down = up + (letter != "D"), down + (letter == "D")
    return up, down


histories = st.dictionaries(st.integers(1, 4200), st.sampled_from("UUSD?M"), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(found=histories, interval_s=st.sampled_from([10, 60, 600, 3600]))
def test_any_history_is_measured_as_a_walk_through_its_seconds_finds_it(found, interval_s):
    monitor = make_monitor(interval_s=interval_s)
    store(monitor, *found.items())
    assert seconds(monitor) == walk(list(found.items()), window_s=HOUR_S, holds_s=interval_s)


def test_three_monitors_and_thirty_cost_the_same_statements():
    team = make_team()
    monitors = [make_monitor(team, name=str(number)) for number in range(30)]
    for monitor in monitors:
        store(monitor, (60, "U"))
    for chosen in (monitors[:3], monitors):
        with CaptureQueriesContext(connection) as queries:
            found = measure(chosen, starts(*LISTED), now=NOW)
        assert len(queries) == 2  # how far rolling up has come, and the raw results
        assert {m.uptime_ratio for windows in found.values() for m in windows.values()} == {1.0}
    assert set(LISTED) < set(WINDOWS)
