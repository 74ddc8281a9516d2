"""When silence is told, that it is told once, and what moves a deadline without a ping."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db.models import Min
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitors.heartbeats import advance, find_late, forgive, purge_pings, rearm, set_back
from monitors.models import Heartbeat, Monitor, Ping
from probes.errors import ErrorCode
from probes.heartbeat_schedule import next_expected
from probes.result import Status
from tests.monitors.pings import DAY, HOUR, MINUTE, START, SUCCESS, T0, at, make_heartbeat, send

pytestmark = pytest.mark.django_db


# Lateness


def test_a_silent_heartbeat_is_late_at_its_deadline_and_not_before():
    heartbeat = make_heartbeat(period_s=240)
    send(heartbeat, T0)
    deadline = T0 + 5 * MINUTE
    assert find_late(now=deadline - timedelta(milliseconds=1)) == []
    (result,) = find_late(now=deadline + timedelta(seconds=3, microseconds=1_500))
    assert (result.monitor_id, result.revision, result.region) == (heartbeat.pk, 1, "local")
    assert (result.status, result.error_code) == (Status.DOWN, ErrorCode.HEARTBEAT_LATE)
    assert result.scheduled_at == deadline
    assert result.checked_at == deadline + timedelta(seconds=3, milliseconds=1)
    assert result.error == "No ping since 2026-11-24 10:00 UTC; one was expected by 10:05 UTC."


@pytest.mark.parametrize(
    ("last_ping_at", "started_at", "code", "sentence"),
    [
        (T0, None, "heartbeat_late", "No ping since 2026-11-24 10:00 UTC; one was expected by 10:20:30 UTC."),
        (
            T0 - DAY,
            None,
            "heartbeat_late",
            "No ping since 2026-11-23 10:00 UTC; one was expected by 2026-11-24 10:20:30 UTC.",
        ),
        (None, None, "heartbeat_late", "No ping has come yet; one was expected by 2026-11-24 10:20:30 UTC."),
        (
            T0 - DAY,
            T0,
            "heartbeat_overrun",
            "The run that started at 2026-11-24 10:00 UTC had not ended by 10:20:30 UTC.",
        ),
    ],
)
def test_the_sentence_tells_what_was_waited_for(last_ping_at, started_at, code, sentence):
    deadline_at = T0 + timedelta(minutes=20, seconds=30)
    make_heartbeat(last_ping_at=last_ping_at, started_at=started_at, deadline_at=deadline_at)
    (result,) = find_late(now=T0 + HOUR)
    assert (result.error_code, result.error) == (code, sentence)


def test_a_heartbeat_that_waits_for_its_first_ping_or_is_paused_is_not_late():
    make_heartbeat()
    make_heartbeat(enabled=False, deadline_at=T0, last_ping_at=T0 - HOUR)
    assert find_late(now=T0 + DAY) == []


@pytest.mark.parametrize("count", [3, 30])
def test_the_late_are_found_in_one_query_however_many(django_assert_num_queries, count):
    heartbeats = [make_heartbeat(deadline_at=T0 - n * MINUTE) for n in range(count)]
    with django_assert_num_queries(1):
        late = find_late(now=T0)
    assert [result.monitor_id for result in late] == [heartbeat.pk for heartbeat in reversed(heartbeats)]


@pytest.mark.parametrize("count", [3, 30])
def test_the_late_are_advanced_in_a_constant_number_of_statements(django_assert_num_queries, count):
    for _ in range(count):
        make_heartbeat(deadline_at=T0, last_ping_at=T0 - 6 * MINUTE)
    late = find_late(now=T0)
    with django_assert_num_queries(5):  # configurations, rows, one update, and the test's savepoint
        assert advance(late, now=T0) == count


def test_finding_and_advancing_twice_tells_once():
    heartbeat = make_heartbeat()
    send(heartbeat, T0)
    now = T0 + 7 * MINUTE
    one, other = find_late(now=now), find_late(now=now + timedelta(seconds=1))
    assert [r.scheduled_at for r in one] == [r.scheduled_at for r in other] == [T0 + 6 * MINUTE]
    assert (advance(one, now=now), advance(other, now=now), advance(one, now=now)) == (1, 0, 0)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + 11 * MINUTE
    assert find_late(now=now) == []


def test_advancing_leaves_a_deadline_that_a_ping_has_moved():
    heartbeat = make_heartbeat()
    send(heartbeat, T0)
    late = find_late(now=T0 + 7 * MINUTE)
    send(heartbeat, T0 + 7 * MINUTE)
    assert advance(late, now=T0 + 7 * MINUTE) == 0
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + 13 * MINUTE


def test_a_late_result_refused_for_an_edit_is_found_again():
    make_heartbeat(deadline_at=T0, last_ping_at=T0 - 6 * MINUTE)
    late = find_late(now=T0)
    Monitor.objects.update(revision=2)
    assert advance(late, now=T0) == 0
    assert [result.revision for result in find_late(now=T0)] == [2]


def test_advancing_survives_a_monitor_deleted_meanwhile():
    heartbeat = make_heartbeat(deadline_at=T0, last_ping_at=T0 - 6 * MINUTE)
    late = find_late(now=T0)
    heartbeat.monitor.delete()
    assert advance(late, now=T0) == 0


def test_an_unfinished_run_is_told_once_for_all_that_was_expected_while_it_ran():
    heartbeat = make_heartbeat(cron="0 * * * *", grace_s=600)
    send(heartbeat, at("2026-11-24 09:00:01"))
    send(heartbeat, at("2026-11-24 09:59:59"), START)  # its clock is a second ahead
    now = at("2026-11-24 10:09:59")
    late = find_late(now=now)
    assert [r.error_code for r in late] == ["heartbeat_overrun"]
    advance(late, now=now)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == at("2026-11-24 11:10")


def test_a_scheduler_that_comes_late_tells_of_one_period_and_goes_on_from_now():
    heartbeat = make_heartbeat()
    send(heartbeat, T0)
    now = T0 + DAY
    assert advance(find_late(now=now), now=now) == 1
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == now + MINUTE  # the grid of the last ping: 10:00, 10:05, ... and the grace


def test_advancing_by_a_clock_behind_still_moves_past_the_deadline_that_was_told():
    heartbeat = make_heartbeat(
        cron="0 * * * *", started_at=T0 - timedelta(seconds=60), deadline_at=T0, grace_s=60
    )
    advance(find_late(now=T0), now=T0 - 3 * HOUR)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + HOUR + MINUTE


def test_advancing_by_a_clock_behind_keeps_waiting_for_a_run_only_while_it_is_not_late():
    heartbeat = make_heartbeat(started_at=T0, last_ping_at=T0 - 6 * MINUTE, deadline_at=T0, grace_s=0)
    advance(find_late(now=T0), now=T0 - MINUTE)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + 5 * MINUTE


CADENCES = [
    {"period_s": 10, "grace_s": 0},
    {"period_s": 60, "grace_s": 3600},  # a grace of many periods
    {"period_s": 86_400, "grace_s": 60},
    {"cron": "*/5 * * * *", "grace_s": 1800, "timezone": "Europe/Berlin"},
    {"cron": "30 2 * * *", "grace_s": 600, "timezone": "Europe/Berlin"},
    {"cron": "0 9 * * 1-5", "grace_s": 0, "timezone": "America/New_York"},
]
DST_EDGES = [at("2026-03-28 22:00"), at("2026-10-24 22:00"), at("2026-10-31 12:00"), T0]


@given(
    config=st.sampled_from(CADENCES),
    pinged_at=st.builds(
        lambda edge, s: edge + timedelta(seconds=s), st.sampled_from(DST_EDGES), st.floats(0, 2 * 86_400)
    ),
    gaps_s=st.lists(
        st.sampled_from([0, 0.001, 1, 7, 60, 299, 3_600, 43_200, 200_000]), min_size=1, max_size=8
    ),
    started=st.booleans(),
)
@example(CADENCES[4], at("2026-10-25 00:30"), [86_400, 0, 2_400, 3_600], False)
@hypothesis_settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_silence_never_tells_twice_of_one_expected_moment_and_the_deadline_lies_ahead(
    config, pinged_at, gaps_s, started
):
    heartbeat = make_heartbeat(**config)
    send(heartbeat, pinged_at)
    if started:
        send(heartbeat, pinged_at + timedelta(seconds=1), START)
    now, slots = heartbeat.deadline_at, []
    for gap_s in gaps_s:
        now += timedelta(seconds=gap_s)
        late = find_late(now=now)
        slots += [result.scheduled_at for result in late]
        assert advance(late, now=now) == len(late) <= 1
        assert advance(late, now=now) == 0
        heartbeat.refresh_from_db()
        assert heartbeat.deadline_at > now
    heartbeat.monitor.delete()
    complete, grace = heartbeat.monitor.config, timedelta(seconds=config["grace_s"])
    for earlier, later in pairwise(slots):
        assert later >= next_expected(complete, earlier - grace) + grace


# Cron and the two edges of summer time


@pytest.mark.parametrize(
    ("pinged_at", "deadline_at", "advanced_to"),
    [
        # 29 March: 02:30 does not exist in Berlin, the job runs at 03:00 summer time
        ("2026-03-28 01:30", "2026-03-29 01:10", "2026-03-30 00:40"),
        # 25 October: 02:30 comes twice, the first counts
        ("2026-10-24 00:30", "2026-10-25 00:40", "2026-10-26 01:40"),
        ("2026-10-25 00:30", "2026-10-26 01:40", "2026-10-27 01:40"),
        (
            "2026-10-25 01:05",
            "2026-10-26 01:40",
            "2026-10-27 01:40",
        ),  # a long run, ended at 02:05 the second time
        # on any other day
        ("2026-11-24 01:30:05", "2026-11-25 01:40", "2026-11-26 01:40"),
    ],
)
def test_a_nightly_job_in_berlin_is_expected_once_a_night(pinged_at, deadline_at, advanced_to):
    heartbeat = make_heartbeat(cron="30 2 * * *", timezone="Europe/Berlin", grace_s=600)
    send(heartbeat, at(pinged_at))
    assert heartbeat.deadline_at == at(deadline_at)
    advance(find_late(now=at(deadline_at)), now=at(deadline_at))
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == at(advanced_to)


def test_a_scheduler_that_comes_in_the_repeated_hour_expects_nothing_more_that_night():
    heartbeat = make_heartbeat(cron="30 2 * * *", timezone="Europe/Berlin", grace_s=600)
    send(heartbeat, at("2026-10-24 00:30"))
    now = at("2026-10-25 01:20")  # 02:20 for the second time
    assert advance(find_late(now=now), now=now) == 1
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == at("2026-10-26 01:40")


def test_an_hourly_job_in_berlin_is_expected_every_hour_of_the_long_night():
    heartbeat = make_heartbeat(cron="0 * * * *", timezone="Europe/Berlin", grace_s=60)
    send(heartbeat, at("2026-10-24 23:00"))
    deadlines = []
    for _ in range(4):
        deadlines.append(heartbeat.deadline_at)
        advance(find_late(now=heartbeat.deadline_at), now=heartbeat.deadline_at)
        heartbeat.refresh_from_db()
    assert deadlines == [at(f"2026-10-25 0{hour}:01") for hour in range(4)]


# Our own absence, edits, and old pings


@pytest.mark.parametrize("count", [3, 30])
def test_who_was_waited_for_while_we_were_away_is_expected_again(django_assert_num_queries, count):
    heartbeats = [
        make_heartbeat(deadline_at=T0 + n * MINUTE, last_ping_at=T0 - 6 * MINUTE, cron="0 * * * *")
        for n in range(count)
    ]
    before = make_heartbeat(deadline_at=T0 - timedelta(milliseconds=1))
    with django_assert_num_queries(6):  # who, the rows, their configurations, one update, and a savepoint
        assert forgive(away_from=T0, away_until=T0 + 40 * MINUTE) == count
    moved = Heartbeat.objects.filter(pk__in=[heartbeat.pk for heartbeat in heartbeats])
    assert set(moved.values_list("deadline_at", flat=True)) == {T0 + HOUR + MINUTE}
    before.refresh_from_db()
    assert before.deadline_at == T0 - timedelta(milliseconds=1)


def test_forgiving_twice_changes_nothing_more_even_without_grace():
    heartbeat = make_heartbeat(deadline_at=T0, grace_s=0)
    assert [forgive(away_from=T0 - HOUR, away_until=T0 + HOUR) for _ in range(2)] == [1, 0]
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + HOUR + 5 * MINUTE
    assert find_late(now=T0 + HOUR) == []


def test_a_heartbeat_whose_schedule_cannot_be_computed_keeps_no_other_from_being_forgiven(caplog):
    poisoned, healthy = (make_heartbeat(deadline_at=T0) for _ in range(2))
    Monitor.objects.filter(pk=poisoned.pk).update(config={"cron": "0 0 31 2 *", "grace_s": "no number"})
    assert forgive(away_from=T0 - HOUR, away_until=T0 + HOUR) == 1
    healthy.refresh_from_db()
    assert healthy.deadline_at == T0 + HOUR + 6 * MINUTE
    assert f"left out work='plan heartbeats' monitor={poisoned.pk}" in caplog.text


def test_a_clock_that_was_set_back_leaves_no_heartbeat_and_no_run_in_the_future():
    ahead = T0 + DAY
    waiting = make_heartbeat(deadline_at=ahead + 6 * MINUTE, last_ping_at=ahead)
    running = make_heartbeat(deadline_at=ahead + MINUTE, started_at=ahead, last_ping_at=ahead)
    assert set_back(now=T0) == 2
    waiting.refresh_from_db(), running.refresh_from_db()
    assert (waiting.deadline_at, waiting.started_at) == (T0 + 6 * MINUTE, None)
    assert (running.deadline_at, running.started_at) == (T0 + MINUTE, T0)
    assert set_back(now=T0) == 0


def test_a_ping_whose_clock_is_a_little_ahead_moves_the_deadline_to_the_moment_after():
    heartbeat = make_heartbeat(cron="*/5 * * * *")
    send(heartbeat, T0 - timedelta(seconds=2))
    assert heartbeat.deadline_at == T0 + 6 * MINUTE
    rearm([heartbeat.pk], now=T0 - timedelta(seconds=1))
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + 6 * MINUTE


@pytest.mark.parametrize(
    ("period_s", "started_at", "deadline_at"),
    [
        (3_600, None, T0 + HOUR + MINUTE),
        (300, None, T0 + 21 * MINUTE),  # the new cadence has passed it four times: none is held against it
        (3_600, T0 + 19 * MINUTE + timedelta(seconds=30), T0 + 20 * MINUTE + timedelta(seconds=30)),
        (3_600, T0 + 2 * MINUTE, T0 + HOUR + MINUTE),  # a run that would have overrun by the new rule
    ],
)
def test_an_edit_plans_the_deadline_by_the_last_ping_but_never_in_the_past(period_s, started_at, deadline_at):
    heartbeat = make_heartbeat(
        period_s=period_s, last_ping_at=T0, started_at=started_at, deadline_at=T0 + DAY, grace_s=60
    )
    rearm([heartbeat.pk], now=T0 + 20 * MINUTE)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == deadline_at


def test_an_edit_leaves_a_heartbeat_waiting_for_its_first_ping():
    heartbeat = make_heartbeat(last_ping_at=T0)
    rearm([heartbeat.pk], now=T0)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at is None


def test_the_newest_pings_of_each_monitor_are_kept():
    busy, quiet = make_heartbeat(), make_heartbeat()
    for heartbeat, count in ((busy, 2_105), (quiet, 3)):
        pings = [
            Ping(monitor_id=heartbeat.pk, received_at=T0 + n * MINUTE, kind=SUCCESS, method="GET")
            for n in range(count)
        ]
        Ping.objects.bulk_create(pings)
    assert purge_pings() == 2_005
    kept = Ping.objects.filter(monitor_id=busy.pk)
    assert (kept.count(), kept.aggregate(oldest=Min("received_at"))["oldest"]) == (100, T0 + 2_005 * MINUTE)
    assert Ping.objects.filter(monitor_id=quiet.pk).count() == 3
    assert purge_pings() == 0
    assert purge_pings(keep=2) == 99
