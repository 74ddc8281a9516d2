"""We ourselves were away: nobody is late for it, whichever lane comes first when we are back."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from incidents.models import Incident
from monitors.models import Heartbeat, Result
from pipeline import dispatch
from pipeline.entrypoints import aws_clock
from pipeline.jobs import listening, periodic
from pipeline.jobs.listening import CLOCK, WEB, Listener
from pipeline.models import Cursor
from pipeline.queues.base import Sender
from tests.monitors.pings import MINUTE, T0, make_heartbeat, send

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


class EmbeddedClock:
    """A web server and the schedule's lane, twice a second."""

    every_s = 3

    def __init__(self):
        self.restart()

    def turn(self, now):
        self.listener.say(clock=lambda: now)
        periodic.send_due_checks(owner="me", now=now)

    def restart(self):
        self.listener = Listener(alone=True)


class CeleryClock(EmbeddedClock):
    """Another web server may be there."""

    def restart(self):
        self.listener = Listener(alone=False)


class CeleryClockAlone(EmbeddedClock):
    """Workers whose web server is none of ours."""

    def turn(self, now):
        periodic.send_due_checks(owner="me", now=now)


class LambdaClock:
    """Nothing but the minute's tick."""

    every_s = 60

    def turn(self, now):
        aws_clock.run_minute(owner=f"tick {now}", now=now)

    def restart(self):
        """Nothing is kept anyhow."""


EVERY_CLOCK = pytest.mark.parametrize(
    "clock", [EmbeddedClock, CeleryClock, CeleryClockAlone, LambdaClock], indirect=True
)
OURS = pytest.mark.parametrize("clock", [EmbeddedClock, CeleryClock], indirect=True)


class Queues(Sender):
    """Nobody takes what is sent."""

    def free(self, queue):
        return 1_000


@pytest.fixture
def clock(request):
    dispatch.use_sender(Queues())
    yield request.param()
    dispatch.use_sender(None)


def find_late(now):
    periodic.record_late_heartbeats(owner="me", now=now)


def go_on(clock, since, until):
    """Live from one moment to the other, and look who is late at the end."""
    now = since
    while now < until:
        clock.turn(now)
        now += timedelta(seconds=clock.every_s)
    find_late(until)


def told():
    """The monitors that were found late."""
    return set(Result.objects.filter(error_code="heartbeat_late").values_list("monitor_id", flat=True))


@EVERY_CLOCK
@pytest.mark.parametrize("late_lane_first", [True, False])
@pytest.mark.parametrize("new_process", [True, False], ids=["killed", "frozen"])
@pytest.mark.parametrize("away", [5 * MINUTE, DAY], ids=["5 minutes", "a day, or a clock that jumped"])
def test_what_was_due_while_we_were_away_is_not_late_whichever_lane_comes_first(
    clock, away, new_process, late_lane_first
):
    heartbeat = make_heartbeat(period_s=60, grace_s=30)
    send(heartbeat, T0)
    clock.turn(T0 + 10 * SECOND)
    find_late(T0 + 10 * SECOND)
    if new_process:
        clock.restart()
    back = T0 + away
    if late_lane_first:
        find_late(back)
    clock.turn(back)
    find_late(back)
    assert told() == set()
    go_on(clock, back + SECOND, back + 89 * SECOND)
    assert told() == set()  # the next expected moment, and its grace
    go_on(clock, back + 89 * SECOND, back + 95 * SECOND)
    assert told() == {heartbeat.pk}
    assert Incident.objects.count() == 1


@OURS
@pytest.mark.parametrize("late_lane_first", [True, False])
def test_a_single_deadline_within_a_restart_of_ten_seconds_is_not_late(clock, late_lane_first):
    within, after, gone = (make_heartbeat(cron="0 * * * *", grace_s=60) for _ in range(3))
    for heartbeat in (within, after, gone):
        send(heartbeat, T0 - 59 * MINUTE)
    Heartbeat.objects.filter(pk=after.pk).update(deadline_at=T0 + 30 * MINUTE)
    Heartbeat.objects.filter(pk=gone.pk).update(deadline_at=T0 + 50 * SECOND)
    clock.turn(T0 + 55 * SECOND)  # all are late at 10:01 otherwise
    clock.restart()
    back = T0 + 65 * SECOND
    if late_lane_first:
        find_late(back)
    clock.turn(back)
    find_late(back)
    assert told() == {gone.pk}  # that one was late while we still listened
    within.refresh_from_db(), after.refresh_from_db()
    assert within.deadline_at == T0 + 61 * MINUTE
    assert after.deadline_at == T0 + 30 * MINUTE


@EVERY_CLOCK
def test_a_clock_that_is_set_back_by_a_day_keeps_nobody_from_being_late(clock):
    ahead = T0 + DAY
    heartbeat = make_heartbeat(period_s=60, grace_s=30)
    clock.turn(ahead)
    send(heartbeat, ahead)
    clock.turn(T0)
    find_late(T0)
    assert told() == set()
    go_on(clock, T0 + SECOND, T0 + 89 * SECOND)
    assert told() == set()
    go_on(clock, T0 + 89 * SECOND, T0 + 95 * SECOND)
    assert told() == {heartbeat.pk}


@OURS
def test_while_the_web_server_is_away_nobody_is_late_although_the_clock_goes_on(clock):
    heartbeat = make_heartbeat(deadline_at=T0 + 30 * SECOND, last_ping_at=T0 - 5 * MINUTE)
    clock.turn(T0)
    for seconds in range(1, 120):
        periodic.send_due_checks(owner="me", now=T0 + seconds * SECOND)
    find_late(T0 + 120 * SECOND)
    assert told() == set()
    clock.restart()
    clock.turn(T0 + 120 * SECOND)
    find_late(T0 + 121 * SECOND)
    assert told() == set()
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at > T0 + 120 * SECOND


def test_a_server_that_starts_beside_another_that_listens_forgives_nothing():
    heartbeat = make_heartbeat(deadline_at=T0 + SECOND, last_ping_at=T0 - 6 * MINUTE)
    Listener(alone=False).say(clock=lambda: T0)
    Listener(alone=False).say(clock=lambda: T0 + 3 * SECOND)
    find_late(T0 + 3 * SECOND)
    assert told() == {heartbeat.pk}


def test_a_server_whose_clock_is_a_little_behind_takes_no_word_back():
    Listener(alone=False).say(clock=lambda: T0)
    Listener(alone=False).say(clock=lambda: T0 - 20 * SECOND)
    said = Cursor.objects.get(pk=listening.PINGS)
    assert (said.sent_until, said.lease_owner) == (T0, WEB)


@pytest.mark.django_db(transaction=True)  # the connection is closed, as it is then
def test_a_database_that_was_away_refused_the_pings_as_well(monkeypatch):
    heartbeat = make_heartbeat(deadline_at=T0 + 3 * SECOND, last_ping_at=T0 - 6 * MINUTE)
    listener = Listener(alone=True)
    listener.say(clock=lambda: T0)
    with monkeypatch.context() as patched:
        patched.setattr(listening, "_say", _refuse)
        listener.say(clock=lambda: T0 + SECOND)
        find_late(T0 + 4 * SECOND)
        listener.say(clock=lambda: T0 + 2 * SECOND)
    listener.say(clock=lambda: T0 + 4 * SECOND)
    find_late(T0 + 4 * SECOND)
    assert told() == set()
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at == T0 + 5 * MINUTE


def _refuse(**_):
    raise OperationalError("The database is away.")


def test_at_the_first_start_of_this_version_the_schedule_tells_how_long_we_were_away():
    heartbeat = make_heartbeat(deadline_at=T0 + MINUTE, last_ping_at=T0 - 5 * MINUTE)
    Cursor.objects.create(pk="checks", sent_until=T0, lease_until=T0, moved_at=T0)
    back = T0 + 5 * MINUTE
    find_late(back)
    assert told() == set()
    Listener(alone=True).say(clock=lambda: back)
    find_late(back)
    assert told() == set()
    heartbeat.refresh_from_db()
    assert heartbeat.deadline_at > back


def test_the_clock_has_no_say_once_a_web_server_of_ours_has_spoken():
    now = T0
    listening.say_listening_by_clock(now=now)
    assert Cursor.objects.get(pk=listening.PINGS).lease_owner == CLOCK
    listening.say_listening(now=now + SECOND)
    listening.say_listening_by_clock(now=now + 2 * SECOND)
    said = Cursor.objects.get(pk=listening.PINGS)
    assert (said.lease_owner, said.sent_until - now) == (WEB, SECOND)


@pytest.mark.parametrize("said", [False, True])
def test_to_say_that_we_listen_costs_one_statement_unless_it_is_the_first_time(
    django_assert_num_queries, said
):
    listener = Listener(alone=True)
    listener.say(clock=lambda: T0)
    if said:
        with django_assert_num_queries(1):
            listener.say(clock=lambda: T0 + SECOND)
    assert listening.heard_until(now=T0 + 2 * SECOND) == (T0 + SECOND if said else T0)
