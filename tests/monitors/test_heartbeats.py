"""What a ping means: its result, its row, and the run that it begins or ends."""

import uuid
from datetime import timedelta

import pytest

from monitors.heartbeats import advance, decode_body, find_late, take_ping
from monitors.models import Heartbeat, Ping
from probes.result import Status
from tests.monitors.pings import DAY, FAIL, HOUR, MINUTE, START, SUCCESS, T0, make_heartbeat, send

pytestmark = pytest.mark.django_db

RUN_A, RUN_B = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


# A ping and its result


def test_a_success_is_an_up_result_and_the_next_ping_is_expected_a_period_and_a_grace_later():
    heartbeat = make_heartbeat()
    result = send(heartbeat, T0 + timedelta(microseconds=1_999))
    moment = T0 + timedelta(milliseconds=1)
    assert (result.monitor_id, result.revision, result.region) == (heartbeat.pk, 1, "local")
    assert (result.scheduled_at, result.checked_at, result.status) == (moment, moment, Status.UP)
    assert (result.error_code, result.error, result.timings.total_ms) == ("", "", None)
    assert (heartbeat.last_ping_at, heartbeat.started_at) == (moment, None)
    assert heartbeat.deadline_at == moment + 6 * MINUTE


def test_a_ping_is_kept_as_it_came():
    heartbeat = make_heartbeat()
    send(heartbeat, T0, run_id=RUN_A, body=b"3 files\0 saved", exit_status=0)
    ping = Ping.objects.get()
    assert (ping.monitor_id, ping.received_at, ping.kind, ping.exit_status) == (
        heartbeat.pk,
        T0,
        "success",
        0,
    )
    assert (ping.run_id, ping.body, ping.duration_ms) == (RUN_A, "3 files saved", None)
    assert (ping.address, ping.user_agent, ping.method) == ("192.0.2.7", "curl/8", "POST")


def test_a_ping_too_long_for_its_columns_is_cut():
    heartbeat = make_heartbeat()
    take_ping(
        heartbeat.uuid,
        kind=SUCCESS,
        exit_status=None,
        run_id="",
        body=b"",
        address="x" * 99,
        user_agent="y\0" * 300,
        method="PROPPATCHED",
        now=T0,
    )
    ping = Ping.objects.get()
    assert (ping.address, ping.user_agent, ping.method) == ("x" * 45, "y" * 100, "PROPPATCHE")


@pytest.mark.parametrize(
    ("kind", "exit_status", "sentence"),
    [
        (FAIL, None, "The job reported failure."),
        (SUCCESS, 3, "The job ended with exit status 3."),
        (SUCCESS, 255, "The job ended with exit status 255."),
    ],
)
def test_a_failure_is_a_down_result_with_a_sentence(kind, exit_status, sentence):
    heartbeat = make_heartbeat()
    result = send(heartbeat, T0, kind, exit_status=exit_status)
    assert (result.status, result.error_code, result.error) == (Status.DOWN, "heartbeat_failed", sentence)
    assert heartbeat.deadline_at == T0 + 6 * MINUTE
    assert (Ping.objects.get().kind, Ping.objects.get().exit_status) == ("fail", exit_status)


def test_exit_status_0_is_a_success():
    result = send(make_heartbeat(), T0, exit_status=0)
    assert (result.status, result.error) == (Status.UP, "")


def test_two_pings_in_one_millisecond_have_results_of_their_own():
    heartbeat = make_heartbeat()
    results = [send(heartbeat, T0), send(heartbeat, T0, FAIL), send(heartbeat, T0)]
    assert [result.scheduled_at - T0 for result in results] == [
        timedelta(milliseconds=ms) for ms in (0, 1, 2)
    ]
    assert heartbeat.last_ping_at == T0 + timedelta(milliseconds=2)


def test_a_ping_by_a_clock_slightly_behind_comes_after_the_one_before_it():
    heartbeat = make_heartbeat()
    send(heartbeat, T0 + timedelta(seconds=2))
    assert send(heartbeat, T0).scheduled_at == T0 + timedelta(seconds=2, milliseconds=1)


def test_a_clock_that_was_far_ahead_does_not_pull_later_pings_with_it():
    heartbeat = make_heartbeat()
    send(heartbeat, T0 + HOUR)
    assert send(heartbeat, T0).scheduled_at == T0


def test_a_ping_at_the_very_deadline_does_not_share_its_identity_with_the_late_result():
    heartbeat = make_heartbeat(deadline_at=T0, last_ping_at=T0 - 6 * MINUTE)
    late = find_late(now=T0)
    assert late[0].scheduled_at == T0
    assert send(heartbeat, T0).scheduled_at == T0 + timedelta(milliseconds=1)


def test_an_unknown_address_is_refused_and_nothing_is_kept():
    heartbeat = make_heartbeat()
    heartbeat.uuid = uuid.UUID(int=9)
    with pytest.raises(Heartbeat.DoesNotExist):
        send(heartbeat, T0)
    assert not Ping.objects.exists()
    assert Heartbeat.objects.get().last_ping_at is None


def test_a_paused_monitor_keeps_its_pings_but_has_no_result_and_is_never_late():
    heartbeat = make_heartbeat(enabled=False)
    assert send(heartbeat, T0) is None
    assert (Ping.objects.count(), heartbeat.last_ping_at, heartbeat.deadline_at) == (1, T0, None)
    assert send(heartbeat, T0 + MINUTE, START) is None
    assert heartbeat.deadline_at is None


def test_a_ping_costs_four_statements(django_assert_num_queries):
    heartbeat = make_heartbeat()
    for now in (T0, T0 + MINUTE):
        with django_assert_num_queries(4):
            take_ping(
                heartbeat.uuid,
                kind=SUCCESS,
                exit_status=None,
                run_id="",
                body=b"",
                address="",
                user_agent="",
                method="GET",
                now=now,
            )


# The body


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("grüße".encode(), "grü"),  # the cap falls behind a character of two bytes
        ("abcü".encode(), "abc"),  # and into one
        ("a€€".encode(), "a€"),
        (b"ab\xff", "ab�"),
        (b"ab\xc3", "ab�"),  # not cut by us: the job sent half a character
        (b"a\0b", "ab"),
        (b"", ""),
    ],
)
def test_a_body_is_cut_at_the_cap_and_at_a_whole_character(settings, body, kept):
    settings.PING_BODY_MAX_BYTES = 4
    assert decode_body(body) == kept


def test_no_body_is_kept_when_the_cap_is_0(settings):
    settings.PING_BODY_MAX_BYTES = 0
    assert decode_body(b"abc") == ""


# Runs


@pytest.mark.parametrize("run_id", ["", RUN_A])
@pytest.mark.parametrize(("kind", "status"), [(SUCCESS, Status.UP), (FAIL, Status.DOWN)])
def test_a_run_is_measured_from_its_start_to_its_end(run_id, kind, status):
    heartbeat = make_heartbeat()
    assert send(heartbeat, T0, START, run_id=run_id) is None
    assert (heartbeat.started_at, heartbeat.run_id, heartbeat.last_ping_at) == (T0, run_id, None)
    result = send(heartbeat, T0 + timedelta(seconds=12, milliseconds=345), kind, run_id=run_id)
    assert (result.status, result.timings.total_ms) == (status, 12_345)
    assert (heartbeat.started_at, heartbeat.run_id) == (None, "")
    assert Ping.objects.get(kind=kind).duration_ms == 12_345


def test_a_success_of_another_run_is_not_measured_and_leaves_the_run_going():
    heartbeat = make_heartbeat()
    send(heartbeat, T0, START, run_id=RUN_A)
    result = send(heartbeat, T0 + timedelta(seconds=5), run_id=RUN_B)
    assert (result.status, result.timings.total_ms) == (Status.UP, None)
    assert (heartbeat.started_at, heartbeat.run_id) == (T0, RUN_A)
    assert heartbeat.deadline_at == T0 + MINUTE  # when the run that goes on is late


def test_a_success_of_another_run_gives_up_a_run_that_overran_already():
    heartbeat = make_heartbeat()
    send(heartbeat, T0, START, run_id=RUN_A)
    send(heartbeat, T0 + 2 * MINUTE, run_id=RUN_B)
    assert (heartbeat.started_at, heartbeat.deadline_at) == (None, T0 + 8 * MINUTE)


@pytest.mark.parametrize(("kind", "run_id"), [(SUCCESS, ""), (FAIL, ""), (FAIL, RUN_B)])
def test_a_failure_or_a_success_without_run_id_ends_any_run_unmeasured(kind, run_id):
    heartbeat = make_heartbeat()
    send(heartbeat, T0, START, run_id=RUN_A)
    assert send(heartbeat, T0 + timedelta(seconds=5), kind, run_id=run_id).timings.total_ms is None
    assert (heartbeat.started_at, heartbeat.run_id) == (None, "")


def test_runs_that_overlap_are_each_measured_once():
    heartbeat = make_heartbeat(grace_s=600)
    send(heartbeat, T0, START, run_id=RUN_A)
    send(heartbeat, T0 + timedelta(seconds=10), START, run_id=RUN_B)
    assert send(heartbeat, T0 + timedelta(seconds=15), run_id=RUN_A).timings.total_ms == 15_000
    assert send(heartbeat, T0 + timedelta(seconds=30), run_id=RUN_B).timings.total_ms == 20_000
    assert send(heartbeat, T0 + timedelta(seconds=40), run_id=RUN_A).timings.total_ms is None


def test_a_run_longer_than_the_column_is_recorded_as_the_longest_there_is():
    heartbeat = make_heartbeat()
    send(heartbeat, T0, START)
    assert send(heartbeat, T0 + 60 * DAY).timings.total_ms == 2**31 - 1
    assert Ping.objects.get(kind=SUCCESS).duration_ms == 60 * 86_400_000


def test_a_first_start_is_late_after_its_grace():
    heartbeat = make_heartbeat()
    send(heartbeat, T0, START)
    assert heartbeat.deadline_at == T0 + MINUTE


def test_a_start_within_the_grace_leaves_the_deadline_of_what_was_expected():
    heartbeat = make_heartbeat()
    send(heartbeat, T0)
    send(heartbeat, T0 + 5 * MINUTE + timedelta(seconds=30), START)
    assert heartbeat.deadline_at == T0 + 6 * MINUTE


def test_an_early_start_is_late_after_its_own_grace():
    heartbeat = make_heartbeat()
    send(heartbeat, T0)
    send(heartbeat, T0 + MINUTE, START)
    assert heartbeat.deadline_at == T0 + 2 * MINUTE


def test_max_run_s_gives_a_run_its_time_from_the_start_on():
    heartbeat = make_heartbeat(max_run_s=7200)
    send(heartbeat, T0)
    send(heartbeat, T0 + 5 * MINUTE, START)
    assert heartbeat.deadline_at == T0 + 5 * MINUTE + 2 * HOUR


def test_a_restart_begins_the_run_again():
    heartbeat = make_heartbeat()
    send(heartbeat, T0, START)
    send(heartbeat, T0 + timedelta(seconds=50), START)
    assert heartbeat.deadline_at == T0 + timedelta(seconds=110)


def test_a_start_after_the_deadline_does_not_hide_the_lateness():
    heartbeat = make_heartbeat(max_run_s=600)
    send(heartbeat, T0)
    now = T0 + 6 * MINUTE + timedelta(seconds=20)
    send(heartbeat, now, START)
    late = find_late(now=now)
    assert [(r.error_code, r.scheduled_at) for r in late] == [("heartbeat_late", T0 + 6 * MINUTE)]
    advance(late, now=now)
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == now + 10 * MINUTE  # from here on the run is waited for
