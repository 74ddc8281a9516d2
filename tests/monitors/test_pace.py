"""A monitor whose checks took long travels apart from the quick ones, for a while."""

from datetime import timedelta

import pytest

from monitors.models import RegionState
from monitors.pace import LONG_TIMEOUT_S, SLOW_FOR, SLOW_MS
from pipeline.specs import build_specs
from pipeline.stages.record import record
from tests.factories import make_monitor
from tests.pipeline.factories import T0, make_result

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def slow_at(monitor, at):
    (spec,) = build_specs([(monitor, "local", at)])
    assert spec.team_id == monitor.team_id
    return spec.slow


def found(monitor, at, *, ms, status="U"):
    record([make_result(monitor, at, status, total_ms=ms)], now=at)


def test_a_quick_monitor_is_not_slow():
    monitor = make_monitor()
    assert not slow_at(monitor, T0)
    found(monitor, T0, ms=SLOW_MS - 1)
    assert not slow_at(monitor, T0 + MINUTE)


@pytest.mark.parametrize("status", ["U", "D", "S"])
def test_a_check_that_took_long_makes_it_slow_for_a_while(status):
    monitor = make_monitor()
    found(monitor, T0, ms=SLOW_MS, status=status)
    assert slow_at(monitor, T0 + MINUTE)
    found(monitor, T0 + MINUTE, ms=20)
    assert slow_at(monitor, T0 + 2 * MINUTE)  # quick every other time is slow
    assert not slow_at(monitor, T0 + SLOW_FOR)


def test_that_it_is_slow_is_not_written_each_time():
    monitor = make_monitor()
    found(monitor, T0, ms=SLOW_MS)
    until = RegionState.objects.get(monitor=monitor).slow_until
    found(monitor, T0 + MINUTE, ms=SLOW_MS)
    assert RegionState.objects.get(monitor=monitor).slow_until == until == T0 + SLOW_FOR
    found(monitor, T0 + 8 * MINUTE, ms=SLOW_MS)
    assert RegionState.objects.get(monitor=monitor).slow_until == T0 + 8 * MINUTE + SLOW_FOR


def test_one_that_may_take_long_is_slow_whatever_it_did():
    assert slow_at(make_monitor(timeout_s=LONG_TIMEOUT_S + 1), T0)
    assert not slow_at(make_monitor(timeout_s=LONG_TIMEOUT_S), T0)


def test_whose_checks_are_slow_costs_one_statement_however_many_are_due(django_assert_num_queries):
    team = make_monitor().team
    due = [(make_monitor(team, name=f"M{n}"), "local", T0) for n in range(30)]
    with django_assert_num_queries(1):
        assert len(build_specs(due)) == 30
