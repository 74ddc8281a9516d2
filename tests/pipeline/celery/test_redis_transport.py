"""Redis as the Celery engine's broker, a real one: nothing is lost when a consumer dies at a bad moment."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from queue import Empty

import kombu
import pytest
import redis

from pipeline.celery.redis_transport import IN_A_ROW, Transport, read_envelope
from tests.e2e.harness import ROOT
from tests.stories.engines import RUN, Redis

LOST_AFTER_S = 1
PREFIX = f"redisqueue-{RUN}-"
CORE, EDGE = f"core-{RUN}", f"edge-{RUN}"
TAKEN = f"{PREFIX}taken:*"

# A consumer in a process of its own. It says so when it has come as far as it shall, and waits to be killed.
DIES = """
import sys, time, kombu
from pipeline.celery.redis_transport import BrokerChannel, Transport
url, queue, prefix, where = sys.argv[1:]
connection = kombu.Connection(url, transport=Transport, transport_options={"queue_prefix": prefix})
channel = connection.channel()
def stop(*given):
    print("here", flush=True)
    time.sleep(60)
if where == "noted but not forgotten":
    BrokerChannel.forget_taken = stop
kombu.Consumer(channel, [kombu.Queue(queue)], on_message=stop, auto_declare=True).consume()
if where == "handed out but not read":
    channel._register_BRPOP = connection.transport.cycle._register_BRPOP(channel)
    stop()
connection.drain_events(timeout=30)
"""


@pytest.fixture
def broker():
    made = Redis()
    if not made.answers():
        pytest.skip("Redis does not answer.")
    made.empty()
    yield made
    made.empty()


@pytest.fixture
def server(broker):
    with redis.Redis.from_url(broker.url) as client:
        yield client


@contextmanager
def open_consumer(broker, *queues, heard, lost_after_s=LOST_AFTER_S, ack=True):
    """A consumer that drains when it is told; it appends what it gets to ``heard``."""
    options = {"queue_prefix": PREFIX, "lost_after_s": lost_after_s, "unacked_restore_throttle": 1}
    with kombu.Connection(broker.url, transport=Transport, transport_options=options) as connection:

        def hear(message):
            heard.append((message.delivery_info["routing_key"], message.decode()))
            if ack:
                message.ack()

        channel = connection.default_channel
        with kombu.Consumer(channel, [kombu.Queue(queue) for queue in queues], on_message=hear):
            yield connection


def drain(connection, until, *, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        with suppress(TimeoutError, Empty):
            connection.drain_events(timeout=0.2)


def publish(broker, queue, *bodies):
    with kombu.Connection(broker.url, transport=Transport) as connection:
        producer = kombu.Producer(connection.channel())
        for body in bodies:
            producer.publish(body, routing_key=queue, serializer="json")


@contextmanager
def victim_of_a_kill(broker, server, *, where):
    """A consumer of ``core`` that was given the message "one" and has come as far as ``where``."""
    command = [sys.executable, "-c", DIES, broker.url, CORE, PREFIX, where]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            if where == "handed out but not read":
                process.stdout.readline()
                publish(broker, CORE, "one")
                while server.llen(CORE):
                    time.sleep(0.01)
            else:
                publish(broker, CORE, "one")
                process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("where", ["handed out but not read", "noted but not forgotten", "held"])
def test_a_message_of_a_killed_consumer_comes_again_once(broker, server, where):
    heard = []
    with victim_of_a_kill(broker, server, where=where):
        assert bool(server.keys(TAKEN)) is (where != "held")
        assert bool(server.keys(f"{PREFIX}held:*")) is (where != "handed out but not read")
    with open_consumer(broker, CORE, heard=heard) as connection:
        drain(connection, lambda: heard)
        publish(broker, CORE, "two")
        drain(connection, lambda: len(heard) > 1)
    assert heard == [(CORE, "one"), (CORE, "two")]


def test_what_a_paused_consumer_was_given_goes_to_another_also_what_it_is_given_later(broker, server):
    heard = []
    with victim_of_a_kill(broker, server, where="held") as victim:
        (name,) = server.zrange(f"{PREFIX}consumers", 0, -1)
        victim.send_signal(signal.SIGSTOP)
        with open_consumer(broker, CORE, EDGE, heard=heard) as connection:
            drain(connection, lambda: heard)
            publish(broker, "elsewhere", "late")
            server.lmove("elsewhere", f"{PREFIX}taken:{name.decode()}")  # as for a client that still waits
            drain(connection, lambda: server.llen("elsewhere"))
    assert heard == [(CORE, "one")]


def test_an_answer_that_is_lost_with_its_connection_is_not_lost_and_what_is_at_work_stays_there(
    broker, server
):
    heard = []
    with open_consumer(broker, CORE, heard=heard, lost_after_s=600, ack=False) as connection:
        publish(broker, CORE, "at work")
        drain(connection, lambda: heard)
        channel = connection.default_channel
        connection.transport.cycle._register_BRPOP(channel)
        publish(broker, CORE, "lost")
        while server.llen(CORE):
            time.sleep(0.01)
        channel.client.connection.disconnect()
        drain(connection, lambda: len(heard) > 1)
        assert server.llen(CORE) == 0
        assert heard == [(CORE, "at work"), (CORE, "lost")]
        assert len(server.keys(TAKEN)) == 0


def test_nobody_takes_what_a_living_consumer_holds(broker, server):
    held, heard = [], []
    with open_consumer(broker, CORE, heard=held, ack=False) as slow:
        publish(broker, CORE, "one")
        drain(slow, lambda: held)
        with open_consumer(broker, CORE, heard=heard) as other:
            until = time.monotonic() + 3 * LOST_AFTER_S
            while time.monotonic() < until:
                for connection in (slow, other):
                    with suppress(TimeoutError, Empty):
                        connection.drain_events(timeout=0.1)
            assert len(server.zrange(f"{PREFIX}consumers", 0, -1)) == 2
    assert len(held) == 1
    assert not heard


def test_a_consumer_that_stops_gives_back_at_once_what_it_holds(broker, server):
    held, heard = [], []
    with open_consumer(broker, CORE, heard=held, ack=False, lost_after_s=600) as stopping:
        publish(broker, CORE, "one")
        drain(stopping, lambda: held)
    assert server.llen(CORE) == 1
    assert not server.keys(f"{PREFIX}*")
    with open_consumer(broker, CORE, heard=heard) as connection:
        drain(connection, lambda: heard)
    assert heard == held


def test_who_consumes_two_queues_neglects_neither(broker, server):
    heard = []
    publish(broker, CORE, *range(3 * IN_A_ROW))
    publish(broker, EDGE, "edge")
    with open_consumer(broker, CORE, EDGE, heard=heard) as connection:
        drain(connection, lambda: len(heard) > 3 * IN_A_ROW)
        assert heard.index((EDGE, "edge")) <= IN_A_ROW
        assert [body for queue, body in heard if queue == CORE] == list(range(3 * IN_A_ROW))  # in their order
        publish(broker, CORE, "last")
        drain(connection, lambda: heard[-1] == (CORE, "last"))


def test_what_another_program_has_put_there_comes_as_a_message_and_can_be_put_away(broker, server):
    raw = []
    server.lpush(CORE, b"\xff no JSON", b'{"some": "JSON"}', b"[]")
    with open_consumer(broker, CORE, heard=raw) as connection:
        consumer = kombu.Consumer(
            connection.default_channel,
            [kombu.Queue(CORE)],
            on_message=lambda message: (raw.append(bytes(message.body)), message.ack()),
        )
        with consumer:
            drain(connection, lambda: len(raw) == 3)
    assert raw == [b"\xff no JSON", b'{"some": "JSON"}', b"[]"]
    assert not server.llen(CORE)
    assert read_envelope(b"[]", CORE)["properties"]["delivery_info"] == {"exchange": "", "routing_key": CORE}
    assert not server.keys(f"{PREFIX}*")
