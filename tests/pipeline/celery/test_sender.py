"""The Celery engine's queues on a broker in memory; tests/stories has them on real ones."""

import json
import ssl
import threading
from contextlib import suppress

import kombu
import kombu.transport.redis
import pytest

from core.env import Env, SettingsError
from pipeline import dispatch
from pipeline.celery.options import TICK_LIVES_S, make_app, read_options
from pipeline.celery.sender import BATCH_MAX_S, HOLD_S, MESSAGE, TICK, VISIBILITY_TIMEOUT_S, CelerySender
from pipeline.queues.base import QueuesAway
from pipeline.timetable import TIMETABLE
from tests.e2e.harness import free_port

BODY = b'{"type":"checks.v1","specs":[{"config":{"auth":"s3cret"}}]}'


def make_sender(url="memory://", **given):
    # The setting takes no such broker, on purpose: it would be in this process only.
    environment = {"ENGINE": "celery", "CELERY_BROKER_URL": "redis://", "CELERY_RETRY_AFTER_S": "1,5"} | given
    options = read_options(Env(environment))
    app = make_app(options)
    app.conf.update(broker_url=url, broker_transport_options={})
    return CelerySender(
        app,
        max_messages=options.queue_max_messages,
        retry_after_s=options.retry_after_s,
        queue_prefix=options.queue_prefix,
    )


@pytest.fixture
def sender():
    made = make_sender()
    for queue in ("core", "edge", "dead"):  # the memory broker is one for the whole process
        take_all(made, queue)
    yield made
    made._app.close()


def take_all(sender, queue):
    """The messages of a broker's queue, taken for good, as (headers, arguments)."""

    def take(channel):
        taken = []
        name = f"sentrypulse-{queue}"
        channel.queue_declare(name)
        while (message := channel.basic_get(name, no_ack=True)) is not None:
            taken.append((message.headers, message.decode()))
        return taken

    return sender._ask(take)


def test_a_message_is_one_task_whose_headers_hold_nothing_of_its_body(sender):
    sender.send("checks", BODY)
    ((headers, (arguments, named, _)),) = take_all(sender, "edge")
    assert headers["task"] == MESSAGE
    assert arguments == ["checks", BODY.decode()]
    assert named == {"failures": 0, "wait_s": 0}
    assert headers["eta"] is None
    assert "s3cret" not in json.dumps(headers)


@pytest.mark.parametrize(
    ("queue", "plane"),
    [("checks", "edge"), ("deliveries", "edge"), ("results", "core"), ("receipts", "core")],
)
def test_what_needs_the_internet_goes_to_the_edge_and_the_rest_to_the_core(sender, queue, plane):
    sender.send(queue, BODY)
    waiting = {name: figures["waiting"] for name, figures in sender.figures().items()}
    assert waiting == {"core": 0, "edge": 0, "dead": 0} | {plane: 1}
    take_all(sender, plane)


def test_a_long_delay_is_waited_for_in_pieces_that_no_broker_takes_for_a_dead_worker(sender):
    sender.send("checks", BODY, delay_s=3 * HOLD_S + 5)
    ((headers, (_, named, _)),) = take_all(sender, "edge")
    assert headers["eta"] is not None
    assert named["wait_s"] == 2 * HOLD_S + 5
    sender.send("checks", BODY, delay_s=HOLD_S)
    ((_, (_, named, _)),) = take_all(sender, "edge")
    assert named["wait_s"] == 0
    assert HOLD_S + 2 * BATCH_MAX_S < VISIBILITY_TIMEOUT_S < 30 * 60  # RabbitMQ's consumer timeout


@pytest.mark.parametrize(
    ("url", "verified"),
    [
        ("rediss://redis.example:6379/0", {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}),
        (
            "amqps://me:pw@rabbit.example/",
            {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "rabbit.example"},
        ),
        ("redis://redis.example:6379/0", False),
    ],
)
def test_over_tls_the_broker_must_prove_who_it_is(url, verified):
    app = make_app(read_options(Env({"ENGINE": "celery", "CELERY_BROKER_URL": url})))
    assert app.connection_for_write().ssl == verified
    assert app.connection_for_read().ssl == verified


def test_the_room_that_is_left_counts_both_planes():
    sender = make_sender(QUEUE_MAX_MESSAGES="10")
    take_all(sender, "core"), take_all(sender, "edge")
    assert sender.free("checks") == 10
    for _ in range(3):
        sender.send("checks", BODY)
    assert sender.free("checks") == 7
    for _ in range(12):
        sender.send("results", BODY)
    assert sender.free("checks") == 0
    take_all(sender, "core"), take_all(sender, "edge")
    sender._app.close()


def test_what_fails_comes_later_and_later_and_is_dead_in_the_end(sender):
    sender.fail("checks", "poison", failures=0, error="bad")
    ((_, (_, named, _)),) = take_all(sender, "edge")
    assert named["failures"] == 1
    sender.fail("checks", "poison", failures=1, error="bad")
    assert sender.dead_letters() == []
    take_all(sender, "edge")
    sender.fail("checks", "poison", failures=2, error="bad" * 1000)
    (letter,) = sender.dead_letters()
    assert (letter.queue, letter.body, letter.failures, letter.error) == (
        "checks",
        b"poison",
        3,
        ("bad" * 1000)[:500],
    )
    assert "poison" not in repr(letter)
    assert sender.figures()["dead"] == {"waiting": 0, "dead_letters": 1}
    assert take_all(sender, "edge") == []


def test_dead_letters_stay_in_their_order_until_they_are_redriven_or_dropped(sender):
    for number in range(5):
        sender.bury("results", f"{number}", failures=1, error="")
    letters = sender.dead_letters()
    assert [letter.body for letter in letters] == [b"0", b"1", b"2", b"3", b"4"]
    assert [letter.body for letter in sender.dead_letters(limit=2)] == [b"0", b"1"]
    assert sender.drop(letters[1].id)
    assert sender.redrive(letters[3].id)
    assert not sender.drop(letters[1].id)
    assert not sender.redrive(letters[3].id)
    assert [letter.id for letter in sender.dead_letters()] == [letters[n].id for n in (0, 2, 4)]
    ((_, (arguments, named, _)),) = take_all(sender, "core")
    assert (arguments, named["failures"]) == (["results", "3"], 0)


def test_all_dead_letters_are_redriven_or_dropped_in_one_pass(sender):
    for number in range(5):
        sender.bury("results", f"{number}", failures=1, error="")
    sender.bury("nowhere", "stray", failures=1, error="")  # there is no queue to send it to
    assert sender.redrive_all() == 5
    assert [arguments for _, (arguments, _, _) in take_all(sender, "core")] == [
        ["results", f"{number}"] for number in range(5)
    ]
    assert [letter.body for letter in sender.dead_letters()] == [b"stray"]
    assert sender.drop_all() == 1
    assert sender.dead_letters() == []


def test_what_somebody_else_has_put_among_the_dead_is_shown_and_can_be_dropped(sender):
    sender._ask(lambda channel: kombu.Producer(channel).publish("stray", routing_key="sentrypulse-dead"))
    sender.bury("results", "1", failures=1, error="")
    stray, ours = sender.dead_letters()
    assert (stray.id, stray.queue, stray.error) == ("unreadable", "", "It is no dead letter of ours.")
    assert ours.body == b"1"
    assert not sender.redrive("unreadable")
    assert sender.drop("unreadable")
    assert [letter.id for letter in sender.dead_letters()] == [ours.id]


def test_a_broker_that_is_away_is_told_in_one_sentence_without_its_password():
    sender = make_sender(f"redis://:s3cret@127.0.0.1:{free_port()}/0")
    sender._app.conf.broker_transport_options = {"socket_connect_timeout": 1}
    for ask in (
        lambda: sender.send("checks", BODY),
        lambda: sender.free("checks"),
        sender.figures,
        sender.dead_letters,
        lambda: sender.drop("x"),
    ):
        with pytest.raises(QueuesAway, match=r"^The broker of CELERY_BROKER_URL does not answer") as told:
            ask()
        assert "s3cret" not in str(told.value)
    sender._app.close()


def test_a_broker_that_is_away_for_long_uses_up_no_connections():
    """With one connection in the pool whoever does not give it back keeps the next one waiting for ever."""
    sender = make_sender(f"redis://127.0.0.1:{free_port()}/0")
    sender._app.conf.update(broker_pool_limit=1, broker_transport_options={"socket_connect_timeout": 1})
    told = []

    def ask_on_and_on():
        for ask in 2 * (sender.figures, lambda: sender.send("checks", BODY), lambda: sender.free("checks")):
            with suppress(QueuesAway):
                ask()
            told.append(ask)

    asking = threading.Thread(target=ask_on_and_on, daemon=True)
    asking.start()
    asking.join(30)
    assert len(told) == 6
    sender._app.close()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_a_channel_of_redis_knows_where_to_acknowledge_when_its_connection_is_lost(scheme, monkeypatch):
    def connect_nowhere(channel, connection, **options):
        channel.connection = connection

    monkeypatch.setattr(kombu.transport.redis.Channel, "__init__", connect_nowhere)
    connection = make_sender(f"{scheme}://:s3cret@broker.example:6380/3")._app.connection_for_read()
    channel = connection.transport.Channel(connection.transport)
    connection.close()
    found = channel._connparams()
    assert (found["host"], found["port"], found["db"], found["password"]) == (
        "broker.example",
        6380,
        3,
        "s3cret",
    )


def test_the_clock_ticks_for_every_job_and_a_tick_outlives_clocks_that_differ():
    schedule = make_app(
        read_options(Env({"ENGINE": "celery", "CELERY_BROKER_URL": "sqs://"}))
    ).conf.beat_schedule
    assert {(name, entry["schedule"].total_seconds()) for name, entry in schedule.items()} == {
        (job.name, job.every_s) for job in TIMETABLE
    }
    for name, entry in schedule.items():
        assert (entry["task"], entry["args"], entry["options"]["queue"]) == (TICK, [name], "core")
        assert entry["options"]["expires"] >= TICK_LIVES_S > 30


def test_another_engines_process_is_no_worker_of_celerys():
    with pytest.raises(
        SettingsError, match=r"^ENGINE must be celery for Celery's workers and clock, not embedded"
    ):
        read_options(Env({"CELERY_BROKER_URL": "redis://"}))


def test_only_engines_whose_queues_everybody_reaches_are_connected_to_at_the_start():
    dispatch.use_engine("embedded")
    assert dispatch.queues().figures() == {}
