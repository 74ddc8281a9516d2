"""Which moment a ping counts for, and when a heartbeat is late after an absence of ours. Pure."""

from datetime import timedelta

import pytest

from monitors.deadlines import counted_at, plan_after_absence, plan_after_clock_set_back
from probes.config import check_config
from tests.monitors.pings import DAY, HOUR, MINUTE, T0, at

SECOND = timedelta(seconds=1)


def cadence(**config):
    return check_config("heartbeat", {"grace_s": 60, **config})


@pytest.mark.parametrize(
    ("config", "pinged_at", "counted"),
    [
        ({"cron": "*/5 * * * *"}, "2026-11-24 09:59:58", "2026-11-24 10:00"),
        ({"cron": "*/5 * * * *"}, "2026-11-24 09:59:00", "2026-11-24 10:00"),
        ({"cron": "*/5 * * * *"}, "2026-11-24 09:58:59", "2026-11-24 09:58:59"),  # more than a minute early
        ({"cron": "*/5 * * * *"}, "2026-11-24 10:00:00", "2026-11-24 10:00:00"),
        ({"cron": "*/5 * * * *"}, "2026-11-24 10:00:02", "2026-11-24 10:00:02"),
        ({"cron": "*/5 * * * *", "grace_s": 10}, "2026-11-24 09:59:50", "2026-11-24 10:00"),
        ({"cron": "*/5 * * * *", "grace_s": 10}, "2026-11-24 09:59:49", "2026-11-24 09:59:49"),
        ({"cron": "*/5 * * * *", "grace_s": 0}, "2026-11-24 09:59:59", "2026-11-24 09:59:59"),
        ({"cron": "*/5 * * * *", "grace_s": 3600}, "2026-11-24 09:58:30", "2026-11-24 09:58:30"),
        # Each minute: it counts for the moment that is nearer.
        ({"cron": "* * * * *"}, "2026-11-24 09:59:31", "2026-11-24 10:00"),
        ({"cron": "* * * * *"}, "2026-11-24 09:59:29", "2026-11-24 09:59:29"),
        # 02:30 comes twice in Berlin on this night, the first counts.
        ({"cron": "30 2 * * *", "timezone": "Europe/Berlin"}, "2026-10-25 00:29:30", "2026-10-25 00:30"),
        ({"cron": "30 2 * * *", "timezone": "Europe/Berlin"}, "2026-10-25 01:29:30", "2026-10-25 01:29:30"),
        # A period has no moments of its own.
        ({"period_s": 300}, "2026-11-24 09:59:59", "2026-11-24 09:59:59"),
    ],
)
def test_a_ping_shortly_before_its_cron_minute_counts_for_it(config, pinged_at, counted):
    assert counted_at(cadence(**config), at(pinged_at)) == at(counted)


HOURLY = {"cron": "0 * * * *", "grace_s": 600}


@pytest.mark.parametrize(
    ("config", "deadline_at", "away", "expected"),
    [
        # Late while we were away: the next expected moment, and its grace.
        (HOURLY, at("2026-11-24 10:10"), ("10:05", "10:40"), at("2026-11-24 11:10")),
        # So short an absence that only this deadline fell into it.
        (HOURLY, at("2026-11-24 10:10"), ("10:09:50", "10:10:05"), at("2026-11-24 11:10")),
        # Expected while we were away, and late after: its ping may have come in vain.
        (HOURLY, at("2026-11-24 10:10"), ("09:58", "10:02"), at("2026-11-24 11:10")),
        (HOURLY, at("2026-11-24 10:10"), ("09:59:58", "10:00:01"), at("2026-11-24 11:10")),
        (HOURLY, at("2026-11-24 10:10"), ("10:00:01", "10:00:20"), at("2026-11-24 11:10")),
        # Waited for during the whole of a long absence.
        (HOURLY, at("2026-11-24 10:10"), ("10:03", "10:04"), at("2026-11-24 11:10")),
        # Of a short one in the middle of its grace it would be found late at every restart, or never.
        (HOURLY, at("2026-11-24 10:10"), ("10:03", "10:03:20"), at("2026-11-24 10:10")),
        # Late before we went, or expected after we came back.
        (HOURLY, at("2026-11-24 10:10"), ("10:11", "10:40"), at("2026-11-24 10:10")),
        (HOURLY, at("2026-11-24 10:10"), ("09:20", "09:58:59"), at("2026-11-24 10:10")),
        # A period keeps its rhythm for a while; who was not heard for more than three of them has none.
        ({"period_s": 1800}, at("2026-11-24 10:01"), ("09:59", "10:20"), at("2026-11-24 10:31")),
        ({"period_s": 10}, at("2026-11-24 10:01"), ("09:59", "10:20"), at("2026-11-24 10:21:10")),
    ],
)
def test_after_an_absence_of_ours_a_heartbeat_is_late_after_its_next_expected_moment(
    config, deadline_at, away, expected
):
    complete = cadence(**config)
    since, until = (at(f"2026-11-24 {moment}") for moment in away)
    last_ping_at = deadline_at - timedelta(seconds=complete["grace_s"] + (complete["period_s"] or 3600))
    asked = {"started_at": None, "last_ping_at": last_ping_at, "away_from": since, "away_until": until}
    planned = plan_after_absence(complete, deadline_at=deadline_at, **asked)
    assert planned == expected
    assert plan_after_absence(complete, deadline_at=planned, **asked) == expected  # once is enough


def test_a_run_that_may_have_ended_while_we_were_away_is_not_overdue():
    complete = cadence(cron="0 * * * *", grace_s=600, max_run_s=1800)
    planned = plan_after_absence(
        complete,
        started_at=T0,
        last_ping_at=T0 - HOUR,
        deadline_at=T0 + 30 * MINUTE,
        away_from=T0 + 5 * MINUTE,
        away_until=T0 + 35 * MINUTE,
    )
    assert planned == T0 + HOUR + 10 * MINUTE


def test_a_heartbeat_with_a_long_grace_is_late_in_time_however_often_we_are_restarted():
    complete, deadline = cadence(period_s=60, grace_s=1200), T0 + 21 * MINUTE
    planned = deadline
    for restart in range(5, 20, 5):
        planned = plan_after_absence(
            complete,
            started_at=None,
            last_ping_at=T0,
            deadline_at=planned,
            away_from=T0 + restart * MINUTE,
            away_until=T0 + restart * MINUTE + 10 * SECOND,
        )
    assert planned == deadline


@pytest.mark.parametrize(
    ("config", "is_running", "expected"),
    [
        ({"period_s": 300}, False, T0 + 6 * MINUTE),
        ({"cron": "0 * * * *", "grace_s": 600}, False, T0 + HOUR + 10 * MINUTE),
        ({"cron": "0 * * * *", "max_run_s": 120}, True, T0 + 2 * MINUTE),
        ({"period_s": 7 * 86_400}, False, T0 + DAY),  # it was sooner anyhow
    ],
)
def test_a_clock_that_was_set_back_by_a_day_leaves_no_deadline_a_day_ahead(config, is_running, expected):
    planned = plan_after_clock_set_back(
        cadence(**config), is_running=is_running, deadline_at=T0 + DAY, now=T0
    )
    assert planned == expected
