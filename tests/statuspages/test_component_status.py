"""How components, pages and days stand."""

import pytest

from monitors.transitions import State
from statuspages.component_status import grade_day, stand_component, stand_page

UP, DOWN, DEGRADED, PENDING, NO_DATA = State.UP, State.DOWN, State.DEGRADED, State.PENDING, State.NO_DATA


@pytest.mark.parametrize(
    ("monitors", "severities", "state"),
    [
        ([], [], "unknown"),
        ([(None, False)], [], "unknown"),  # paused
        ([(PENDING, False)], [], "unknown"),
        ([(UP, False), (PENDING, False)], [], "operational"),
        ([(UP, False), (DEGRADED, False)], [], "degraded"),
        ([(UP, False), (DOWN, False)], [], "partial"),
        ([(DOWN, False), (DOWN, False)], [], "outage"),
        ([(DOWN, False), (None, False)], [], "outage"),
        ([(NO_DATA, False)], [], "no_data"),
        ([(UP, False), (NO_DATA, False)], [], "no_data"),  # nobody can call that operational
        ([(NO_DATA, False), (UP, True)], [], "no_data"),
        ([(NO_DATA, True)], [], "maintenance"),
        ([(NO_DATA, False), (DEGRADED, False)], [], "degraded"),
        ([(NO_DATA, False), (DOWN, False)], [], "partial"),
        ([(NO_DATA, False)], ["minor"], "degraded"),
        ([(DOWN, True)], [], "maintenance"),  # planned trouble is none
        ([(DOWN, True), (UP, False)], [], "maintenance"),
        ([(DOWN, True), (DOWN, False)], [], "partial"),
        ([(UP, False)], ["minor"], "degraded"),
        ([(UP, False)], ["minor", "critical"], "outage"),
        ([(DOWN, False)], ["minor"], "outage"),
    ],
)
def test_a_component_stands_as_its_monitors_and_its_incidents_say(monitors, severities, state):
    assert stand_component(monitors, severities) == state


@pytest.mark.parametrize(
    ("components", "severities", "state"),
    [
        ([], [], "unknown"),
        (["operational", "unknown"], [], "operational"),
        (["operational", "no_data"], [], "no_data"),
        (["no_data", "no_data", "unknown"], [], "no_data"),
        (["maintenance", "no_data"], [], "no_data"),
        (["operational", "maintenance"], [], "maintenance"),
        (["operational", "outage"], [], "partial"),
        (["outage", "outage"], [], "outage"),
        (["operational"], ["critical"], "outage"),
        (["degraded", "maintenance"], [], "degraded"),
    ],
)
def test_a_page_is_out_only_when_nothing_works(components, severities, state):
    assert stand_page(components, severities) == state


@pytest.mark.parametrize(
    ("uptime", "serviced", "grade"),
    [
        (1.0, False, "operational"),
        (0.999999, False, "degraded"),
        (0.99, False, "degraded"),
        (0.98, False, "partial"),
        (0.5, False, "outage"),
        (None, True, "maintenance"),
        (None, False, "unknown"),
    ],
)
def test_a_day_is_graded_by_its_uptime(uptime, serviced, grade):
    assert grade_day(uptime, serviced=serviced) == grade
