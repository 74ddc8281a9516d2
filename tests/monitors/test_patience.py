"""When is nothing heard of a monitor for too long?"""

from datetime import UTC, datetime, timedelta

import pytest

from monitors.patience import Watch, is_overdue, patience_s, say_silence

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALWAYS = Watch(since=NOW - timedelta(days=365), away_from=NOW - timedelta(days=365))
DAY_S = 86_400


def overdue(heard_s_ago, *, interval_s=60, timeout_s=10, watch=ALWAYS):
    heard_at = NOW - timedelta(seconds=heard_s_ago)
    return is_overdue(heard_at, interval_s=interval_s, timeout_s=timeout_s, watch=watch, now=NOW)


def back_since(seconds, *, away_s):
    since = NOW - timedelta(seconds=seconds)
    return Watch(since=since, away_from=since - timedelta(seconds=away_s))


@pytest.mark.parametrize(
    ("interval_s", "timeout_s", "expected"),
    [
        (2, 2, 120),  # two minutes at least
        (30, 10, 120),
        (60, 10, 205),  # three slots, and the time that the third one's result may take
        (60, 60, 255),
        (DAY_S, 10, 3 * DAY_S + 25),
    ],
)
def test_three_slots_may_be_missed_and_two_minutes(interval_s, timeout_s, expected):
    assert patience_s(interval_s, timeout_s) == expected
    assert not overdue(expected, interval_s=interval_s, timeout_s=timeout_s)
    assert overdue(expected + 1, interval_s=interval_s, timeout_s=timeout_s)


def test_after_an_absence_of_ours_each_monitor_gets_its_slots_first():
    """Away for an hour: the last result is an hour old, and nobody is told for it."""
    for seconds in range(0, 260, 5):
        assert not overdue(3600 + seconds, watch=back_since(seconds, away_s=3600))
    assert overdue(3600 + 270, watch=back_since(270, away_s=3600))


def test_one_that_was_heard_since_is_judged_as_ever():
    watch = back_since(300, away_s=3600)
    assert not overdue(205, watch=watch)
    assert overdue(206, watch=watch)


def test_a_daily_monitor_is_found_although_we_are_restarted_every_night():
    watch = back_since(3600, away_s=120)
    assert not overdue(3 * DAY_S + 3600, interval_s=DAY_S, watch=watch)
    assert overdue(4 * DAY_S + 3600, interval_s=DAY_S, watch=watch)


def test_right_after_the_start_nothing_is_judged_at_all():
    assert not overdue(30 * DAY_S, interval_s=DAY_S, watch=back_since(60, away_s=0))
    assert not overdue(3600, watch=back_since(119, away_s=0), interval_s=10)


def test_the_sentence_says_whether_there_ever_was_a_result():
    assert say_silence(NOW, ever=True) == "No result since 2026-03-01 12:00:00 UTC."
    assert say_silence(NOW, ever=False).startswith("No result has come since 2026-03-01 12:00:00 UTC, when")
