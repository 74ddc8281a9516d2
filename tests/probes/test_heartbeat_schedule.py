from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from probes.config import check_config
from probes.config_error import ConfigError
from probes.heartbeat_schedule import longest_gap_s, longest_wait_s, next_expected


def expected(after: datetime, **config) -> datetime:
    return next_expected(check_config("heartbeat", config), after)


def test_a_period_counts_from_the_last_ping():
    assert expected(datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC), period_s=90) == datetime(
        2026, 3, 1, 12, 1, 35, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("cron", "after", "then"),
    [
        ("0 3 * * *", datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 1, 16, 2, tzinfo=UTC)),
        ("0 3 * * *", datetime(2026, 7, 15, 12, tzinfo=UTC), datetime(2026, 7, 16, 1, tzinfo=UTC)),
        # Berlin skips 02:00–03:00 on 29 March 2026: what was due at 02:30 comes right behind the gap.
        ("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("30 2 * * *", datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 30, 0, 30, tzinfo=UTC)),
        # On 25 October 2026 02:00–03:00 comes twice: a daily job is due once, an hourly one twice.
        ("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("30 2 * * *", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
        ("30 * * * *", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_cron_follows_the_wall_clock_of_its_zone(cron, after, then):
    found = expected(after, cron=cron, timezone="Europe/Berlin")
    assert found == then
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("cron", "then"),
    [
        # At the second 02:10 of 25 October 2026 in Berlin.
        ("30 2 * * *", datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
        ("5,35 2 * * *", datetime(2026, 10, 26, 1, 5, tzinfo=UTC)),
        ("30 2,3 * * *", datetime(2026, 10, 25, 2, 30, tzinfo=UTC)),
        ("30 2 25 10 *", datetime(2027, 10, 25, 0, 30, tzinfo=UTC)),
        ("*/30 * * * *", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("*/30 2 * * *", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_asked_in_the_repeated_hour_a_daily_job_was_due_already_and_an_hourly_one_is_due_again(cron, then):
    after = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert expected(after, cron=cron, timezone="Europe/Berlin") == then


@given(
    st.sampled_from(["30 2 * * *", "0,30 1,2,3 * * *", "*/7 * * * *", "15 */2 * * *", "45 1 * * 0"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from([datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 10, 11)]),
    st.integers(0, 31 * 24 * 3600),
)
def test_what_is_expected_lies_ahead_whenever_one_asks(cron, zone, month, second):
    after = month + timedelta(seconds=second)
    assert expected(after, cron=cron, timezone=zone) > after


@pytest.mark.parametrize(
    ("config", "gap_h"),
    [
        ({"period_s": 3600}, 1),
        ({"cron": "0 * * * *"}, 1),
        ({"cron": "*/5 9-17 * * 1-5"}, 24 * 2 + 15 + 5 / 60),  # Friday's last one to Monday's first
        ({"cron": "* * * * 1-5"}, 48 + 1 / 60),
        ({"cron": "0 3 1 * *"}, 24 * 31),
        ({"cron": "0 3 * * *", "timezone": "Europe/Berlin"}, 25),  # in autumn
        ({"cron": "0 0 1 1 *"}, 24 * 366),
        ({"cron": "30 4 29 2 *"}, 24 * (4 * 365 + 1)),
        ({"cron": "* * * 1 *"}, 24 * (366 - 31) + 1 / 60),
        ({"cron": "0 0 31 * *"}, 24 * 61),  # from August to October
        ({"cron": "*/20 8-9 * * *"}, 22 + 20 / 60),
        ({"cron": "@yearly"}, 24 * 366),
        ({"cron": "@Daily"}, 24),
        ({"cron": "@hourly"}, 1),
        ({"cron": "0 0 29 2 */7"}, 24 * 28 * 366),  # a Sunday: once in 28 years
    ],
)
def test_the_longest_gap_of_a_cadence_is_found(config, gap_h):
    assert longest_gap_s(check_config("heartbeat", config)) == gap_h * 3600


def test_a_healthy_job_is_silent_for_its_gap_its_grace_and_its_run():
    config = check_config("heartbeat", {"period_s": 3600, "grace_s": 600, "max_run_s": 1800})
    assert longest_wait_s(config) == 6000


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize(
    ("cron", "years"),
    [("0 * * * *", 1), ("15 */2 * * *", 1), ("0 9-17 * * 1-5", 4), ("30 2 * * *", 13), ("0 1,13 1 * *", 13)],
)
def test_the_longest_gap_is_that_of_counting_all_moments(cron, years, zone):
    """In the zone's own hours, of as many years as there is something new in: an hourly one has met both
    changes of the clock after one."""
    begin = datetime(2024, 1, 1, tzinfo=ZoneInfo(zone))
    found = takewhile(lambda moment: moment.year < 2024 + years, CronSim(cron, begin))
    instants = [moment.astimezone(UTC) for moment in found]
    gap = max(later - earlier for earlier, later in pairwise(instants))
    config = check_config("heartbeat", {"cron": cron, "timezone": zone})
    assert longest_gap_s(config) == gap.total_seconds()


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("@daily", "0 0 * * *"),
        (" @WEEKLY ", "0 0 * * 0"),
        ("@annually", "0 0 1 1 *"),
        ("0 3  * * mon", "0 3 * * MON"),
    ],
)
def test_words_of_crontab_are_read(word, fields):
    assert check_config("heartbeat", {"cron": word})["cron"] == fields


@pytest.mark.parametrize("word", ["@reboot", "@every 5m", "@"])
def test_a_word_that_is_no_cadence_is_refused(word):
    with pytest.raises(ConfigError) as refused:
        check_config("heartbeat", {"cron": word})
    assert "use one of @yearly" in refused.value.errors["cron"]


def test_a_leap_day_is_expected_years_ahead():
    assert expected(datetime(2026, 3, 1, tzinfo=UTC), cron="0 0 29 2 *") == datetime(2028, 2, 29, tzinfo=UTC)
