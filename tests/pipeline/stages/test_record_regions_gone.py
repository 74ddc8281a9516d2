"""A region that watches no more has no say: its state goes with the next result, whatever that does to an
open incident."""

from datetime import timedelta

import pytest

from incidents.models import Incident
from monitors.models import RegionState, Result
from monitors.services import update_monitor
from pipeline.stages.record import record
from tests.factories import make_monitor
from tests.pipeline.factories import T0, make_result

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _three_regions(settings):
    settings.REGIONS = ["a", "b", "c"]


def at(minute):
    return T0 + timedelta(minutes=minute)


def feed(monitor, minute, **found):
    """What each region found at its slot, each result by itself as it would come."""
    monitor.refresh_from_db()
    for region, letter in found.items():
        record([make_result(monitor, at(minute), letter, region=region)], now=at(minute))


def watch(**found):
    """A monitor that fails at once, and the same findings for three minutes."""
    monitor = make_monitor(fail_after=1)
    for minute in (1, 2, 3):
        feed(monitor, minute, **found)
    return monitor


def states():
    return dict(RegionState.objects.order_by("region").values_list("region", "state"))


def incidents():
    return list(Incident.objects.order_by("pk").values_list("started_at", "resolved_at", "retracted"))


def take_away(settings, *gone):
    settings.REGIONS = [region for region in settings.REGIONS if region not in gone]


def test_what_a_region_that_is_gone_believed_holds_back_no_alert(settings):
    monitor = watch(a="U", b="U", c="U")
    take_away(settings, "b", "c")
    feed(monitor, 4, a="D")
    assert states() == {"a": "down"}
    assert incidents() == [(at(4), None, False)]


def test_an_outage_that_only_a_region_found_that_is_gone_is_over(settings):
    monitor = watch(a="D", b="D", c="U")
    assert incidents() == [(at(1), None, False)]
    take_away(settings, "b")
    feed(monitor, 4, a="D")
    assert states() == {"a": "down", "c": "up"}
    assert incidents() == [(at(1), at(4), False)]


def test_an_outage_that_those_find_who_are_left_goes_on(settings):
    monitor = watch(a="D", b="D", c="U")
    take_away(settings, "c")
    feed(monitor, 4, a="D", b="D")
    assert incidents() == [(at(1), None, False)]
    feed(monitor, 5, a="D", b="U")
    assert incidents() == [(at(1), at(5), False)]


def test_a_history_that_is_read_again_says_what_was_said_before(settings):
    monitor = watch(a="D", b="D", c="U")
    take_away(settings, "b")
    feed(monitor, 4, c="U", a="D")
    feed(monitor, 5, a="D", c="U")
    said = [(at(1), at(4), False)]
    assert incidents() == said
    late = make_result(monitor, at(2) + timedelta(seconds=30), "D", region="a")
    record([late], now=at(6))
    assert (states(), incidents()) == ({"a": "down", "c": "up"}, said)


def test_what_a_region_that_is_gone_still_had_in_flight_is_left_out(settings):
    monitor = watch(a="D", b="U", c="U")
    take_away(settings, "b", "c")
    feed(monitor, 4, a="D")
    recorded = record([make_result(monitor, at(4), "U", region="b")], now=at(4))
    assert (recorded.stored, recorded.stale) == (0, 1)
    assert not Result.objects.filter(region="b", scheduled_at=at(4)).exists()
    assert states() == {"a": "down"}
    assert incidents() == [(at(1), None, False)]


def test_a_person_who_takes_a_region_from_a_monitor_does_the_same():
    monitor = watch(a="D", b="D", c="U")
    update_monitor(monitor, now=at(3), regions=["a", "c"])
    feed(monitor, 4, a="D", c="U")
    assert (states(), incidents()) == ({"a": "down", "c": "up"}, [(at(1), at(4), False)])


def test_when_all_are_gone_those_that_came_begin_anew(settings):
    monitor = watch(a="D", b="D", c="D")
    settings.REGIONS = ["eu"]
    feed(monitor, 4, eu="U")
    assert states() == {"eu": "up"}
    assert incidents() == [(at(1), at(4), False)]


def test_a_heartbeat_is_judged_in_the_first_region_alone(settings):
    heartbeat = make_monitor(kind="heartbeat", url="", fail_after=1, config={"period_s": 60, "grace_s": 60})
    feed(heartbeat, 1, a="U")
    take_away(settings, "a")
    feed(heartbeat, 2, b="D")
    assert states() == {"b": "down"}
    assert len(incidents()) == 1
