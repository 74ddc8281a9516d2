"""The rules of budgets and burn rates, by hand and by property."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models import Speed
from analytics.slos.burn import RULES, Budget, find_budget, find_burn_rate, is_burning, round_down

P999 = Decimal("0.999")
SLOW, MEDIUM, FAST = Speed.SLOW, Speed.MEDIUM, Speed.FAST


def test_a_budget_is_the_share_of_the_measured_time_that_the_target_leaves():
    found = find_budget(P999, measured_ms=30 * 86_400_000, down_ms=1_296_000)
    assert found == Budget(total_ms=Fraction(2_592_000), left_ms=Fraction(1_296_000))
    assert found.left_ratio == Fraction(1, 2)


@pytest.mark.parametrize(("down_ms", "left"), [(0, 1), (1_000, 0), (999, Fraction(1, 1000)), (3_000, -2)])
def test_of_an_untouched_budget_all_is_left_and_of_a_missed_target_less_than_nothing(down_ms, left):
    assert find_budget(P999, measured_ms=1_000_000, down_ms=down_ms).left_ratio == left


def test_where_nothing_was_measured_there_is_neither_budget_nor_burn_rate():
    assert find_budget(P999, measured_ms=0, down_ms=0) is None
    assert find_burn_rate(P999, measured_ms=0, down_ms=0) is None


@given(ppm=st.integers(500_000, 999_999), scale=st.integers(1, 10_000), off_ms=st.integers(-2, 2))
def test_nothing_is_left_just_when_the_uptime_is_the_target(ppm, scale, off_ms):
    target = Decimal(ppm) / 1_000_000
    measured_ms = scale * 1_000_000
    down_ms = max(0, (1_000_000 - ppm) * scale + off_ms)
    uptime, left = (
        Fraction(measured_ms - down_ms, measured_ms),
        find_budget(target, measured_ms=measured_ms, down_ms=down_ms),
    )
    assert (left.left_ms == 0) == (left.left_ratio == 0) == (uptime == Fraction(target))
    assert (left.left_ms < 0) == (uptime < Fraction(target))


@given(ppm=st.integers(500_000, 999_999), measured_ms=st.integers(1, 10**10), share=st.floats(0, 1))
def test_what_burns_over_the_whole_window_is_what_is_not_left(ppm, measured_ms, share):
    target, down_ms = Decimal(ppm) / 1_000_000, int(measured_ms * share)
    rate = find_burn_rate(target, measured_ms=measured_ms, down_ms=down_ms)
    assert 1 - rate == find_budget(target, measured_ms=measured_ms, down_ms=down_ms).left_ratio


@pytest.mark.parametrize(
    ("days", "fast", "medium", "slow"),
    [
        (30, 14.4, 6, 1),  # the table of the workbook
        (90, 43.2, 18, 3),
        (28, 13.44, 5.6, 1),
        (7, 3.36, 1.4, 1),  # a tenth of seven days is less than the three it would burn in
        (1, 1, 1, 1),
    ],
)
def test_thresholds_scale_with_the_window_and_are_never_below_one(days, fast, medium, slow):
    found = [float(RULES[speed].threshold(days)) for speed in (FAST, MEDIUM, SLOW)]
    assert found == [fast, medium, slow]


@pytest.mark.parametrize(
    ("was_burning", "long", "short", "burning"),
    [
        (False, 14, 14, True),  # reached is enough
        (False, 13, 99, False),
        (False, 99, 13, False),
        (True, 99, 13, False),  # the short window says that it is over
        (True, 13, 14, True),  # the long one alone does not
        (False, None, 99, False),
        (False, 99, None, False),
        (True, 99, None, True),
        (True, None, None, True),
        (True, None, 13, False),
    ],
)
def test_an_alert_opens_by_both_windows_and_closes_by_the_short_one(was_burning, long, short, burning):
    rates = {"long": long and Fraction(long), "short": short and Fraction(short)}
    assert is_burning(was_burning=was_burning, **rates, threshold=Fraction(14)) is burning


def test_figures_are_rounded_down_so_that_a_missed_target_stays_negative():
    assert round_down(Fraction(999_999_999, 10**9)) == 0.999999
    assert round_down(Fraction(-1, 10**9)) == -0.000001
    assert round_down(None) is None
