"""The story on Celery while things go wrong: nothing is lost, nothing is doubled, what is poison is kept."""

import os
import re
import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from monitors.models import Result
from pipeline.messages import Checks, Results, encode
from pipeline.specs import build_spec
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import make_result
from tests.stories.engines import TRIES, Faults, database_url
from tests.stories.story import TOLD, heard_by, incidents_of, read_rows, state_of, tell

STRAY = '{"from": "another program"}'
on_both_brokers = pytest.mark.parametrize("engine", ["redis", "rabbitmq"], indirect=True)

on_redis = pytest.mark.parametrize("engine", ["redis"], indirect=True)


def slots(number):
    """Moments of the last minute or so (older checks are left out) that are nobody's by the timetable."""
    now = timezone.now().replace(microsecond=0)
    return [now - timedelta(milliseconds=500 * count) for count in range(1, number + 1)]


def watch_seldom(url):
    """A monitor that is checked only by what a test sends."""
    return make_monitor(
        make_team("Seldom"), now=timezone.now(), url=url, interval_s=86_400, timeout_s=20, fail_after=3
    )


def send_checks(engine, monitor, at, *, a_message):
    specs = [build_spec(monitor, region="local", at=moment) for moment in at]
    for first in range(0, len(specs), a_message):
        engine.send("checks", encode(Checks(specs[first : first + a_message])))


def has_stored(monitor, at):
    def holds_all():
        return Result.objects.filter(monitor=monitor, scheduled_at__in=at).count() == len(at)

    return holds_all


def count_duplicates(engine):
    return sum(
        int(found)
        for log in engine.folder.glob("core*.log")
        for found in re.findall(r"record results=\d+ .*duplicates=(\d+)", log.read_text())
    )


def dead(engine):
    return engine.figures()["dead"]["dead_letters"]


@on_both_brokers
def test_messages_that_come_twice_and_overtake_each_other_make_the_same_rows(engine, target, receiver):
    engine.start(Faults(double=True, shuffle=True, two_schedulers=True))
    monitor = tell(engine, target, receiver)
    engine.wait_until(lambda: count_duplicates(engine) > 5)  # it did go wrong
    assert {event: len(keys) for event, keys in heard_by(receiver).items()} == {"down": 1, "recovered": 1}
    assert read_rows(monitor) == TOLD
    assert dead(engine) == 0


@on_redis
def test_two_clocks_and_two_schedulers_check_nothing_twice(engine, target, receiver):
    engine.start(Faults(two_schedulers=True))
    monitor = tell(engine, target, receiver)
    assert read_rows(monitor) == TOLD
    assert count_duplicates(engine) == 0


@on_redis
def test_a_scheduler_whose_clock_is_ten_seconds_ahead_of_the_others_does_no_harm(engine, target, receiver):
    engine.start(Faults(skew_s=10))
    monitor = tell(engine, target, receiver)
    (incident,) = incidents_of(monitor)
    assert (incident.status, incident.cause["error_code"]) == ("resolved", "connect_refused")
    assert state_of(monitor) == "up"
    assert dead(engine) == 0


@on_both_brokers
def test_poison_is_tried_a_few_times_kept_and_in_nobodys_way(engine, target, receiver):
    engine.start(Faults(die_at="deadly"))
    engine.send("checks", b"nonsense")
    engine.send("results", b'{"type":"checks.v1","specs":[]}')
    engine.send("results", b"deadly")
    engine.broker.put_raw("core", STRAY)
    assert read_rows(tell(engine, target, receiver)) == TOLD
    engine.wait_until(lambda: dead(engine) == 4)
    letters = {letter.body: letter for letter in engine.sender.dead_letters()}
    assert {(body, letter.queue, letter.failures, letter.error) for body, letter in letters.items()} == {
        (b"nonsense", "checks", TRIES, "It is no JSON."),
        (
            b'{"type":"checks.v1","specs":[]}',
            "results",
            TRIES,
            "A message of the type checks.v1 does not belong in this queue.",
        ),
        (b"deadly", "results", TRIES, "Its process died or took too long."),
        (STRAY.encode(), "core", 1, "It is no task."),
    }
    assert not engine.sender.redrive("nobody")
    assert not engine.sender.redrive(letters[STRAY.encode()].id)
    assert engine.sender.drop(letters[STRAY.encode()].id)
    assert not engine.sender.drop(letters[STRAY.encode()].id)
    assert engine.sender.redrive(letters[b"nonsense"].id)

    def has_died_again():
        again = {letter.body: letter for letter in engine.sender.dead_letters()}
        return again if again.keys() == letters.keys() - {STRAY.encode()} else None

    assert engine.wait_until(has_died_again)[b"nonsense"].id != letters[b"nonsense"].id
    assert dead(engine) == 3


@on_both_brokers
def test_edge_processes_killed_in_the_middle_of_a_batch_lose_no_check(engine, slow_target):
    engine.start(Faults())
    monitor, at = watch_seldom(slow_target.url), slots(20)
    send_checks(engine, monitor, at, a_message=10)
    engine.wait_until(lambda: slow_target.asked == 20)
    for pid in engine.children("edge"):
        os.kill(pid, signal.SIGKILL)
    engine.wait_until(lambda: slow_target.asked > 20)  # somebody asks again
    slow_target.let_go()
    engine.wait_until(has_stored(monitor, at))
    assert set(Result.objects.filter(monitor=monitor).values_list("status", flat=True)) == {"up"}
    assert dead(engine) == 0


@on_both_brokers
def test_a_whole_edge_worker_killed_in_the_middle_of_a_batch_loses_no_check(engine, slow_target):
    engine.start(Faults())
    monitor, at = watch_seldom(slow_target.url), slots(20)
    send_checks(engine, monitor, at, a_message=10)
    engine.wait_until(lambda: slow_target.asked == 20)
    engine.kill("edge")
    slow_target.let_go()
    engine.start_worker("edge", name="another-edge")
    engine.wait_until(has_stored(monitor, at))
    assert dead(engine) == 0


@on_both_brokers
def test_a_core_worker_killed_while_it_records_loses_nothing_that_it_had_taken(engine, target):
    engine.start(Faults())
    monitor, at = watch_seldom(target.url), slots(150)
    for moment in at:
        engine.send("results", encode(Results([make_result(monitor, moment)])))
    engine.wait_until(lambda: Result.objects.filter(monitor=monitor).count() > 10)
    for pid in engine.children("core"):
        os.kill(pid, signal.SIGKILL)
    engine.wait_until(lambda: Result.objects.filter(monitor=monitor).count() > 60)
    engine.kill("core")
    assert Result.objects.filter(monitor=monitor).count() < len(at)  # it was in the middle of it
    engine.start_worker("core", name="another-core")
    engine.wait_until(has_stored(monitor, at))
    assert dead(engine) == 0


@on_both_brokers
def test_what_is_found_while_the_database_is_away_waits_and_is_recorded(
    engine, target, receiver, database_proxy
):
    engine.database = database_url(port=database_proxy.port)
    other, at = watch_seldom("http://127.0.0.1:9/"), slots(20)  # port 9: nobody listens

    def take_the_database_away():
        database_proxy.cut()
        send_checks(engine, other, at, a_message=5)
        engine.wait_until(lambda: engine.output("core").count("postponed, the database") >= 4)
        engine.wait_until(lambda: "job postponed" in engine.output("core"))
        assert not Result.objects.filter(monitor=other).exists()
        database_proxy.restore()

    engine.start(Faults())
    monitor = tell(engine, target, receiver, meanwhile=take_the_database_away)
    engine.wait_until(has_stored(other, at))
    assert read_rows(monitor) == TOLD
    assert dead(engine) == 0


@on_redis
def test_the_edge_loads_no_database_driver_and_nothing_of_djangos_that_could_ask_one(
    engine, target, tmp_path
):
    noted = tmp_path / "modules"
    engine.faults = Faults(note_modules=str(noted))
    engine.start_worker("edge")  # alone: only the edge notes what it has loaded
    monitor, at = watch_seldom(target.url), slots(5)
    send_checks(engine, monitor, at, a_message=5)
    engine.wait_until(noted.exists)
    loaded = set(noted.read_text().split())
    assert {"probes.run", "pipeline.stages.probe"} <= loaded
    assert not loaded & {
        "django.conf",
        "django.db",
        "django.apps",
        "MySQLdb",
        "sqlite3",
        "monitors",
        "accounts",
    }
