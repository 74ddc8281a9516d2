"""SIGTERM and SIGHUP for the Celery engine: its processes end, what was begun is done once, the rest is given
back."""

import os
import signal

import pytest

from tests.e2e.harness import free_port
from tests.stories.engines import Faults, Processes
from tests.stories.test_faults import (
    count_duplicates,
    dead,
    has_stored,
    on_both_brokers,
    send_checks,
    slots,
    watch_seldom,
)

ENDS_WITHIN_S = 25
"""Before a process manager kills it: compose.yaml gives 30 s."""


def has_no_message(engine):
    def is_empty():
        return not any(figures["waiting"] for figures in engine.figures().values())

    return is_empty


def start_the_rest(engine):
    engine.faults = Faults()
    engine.start_worker("edge", name="another-edge")
    engine.start_worker("core")


@on_both_brokers
@pytest.mark.parametrize("a_message", [1, 50], ids=["short messages", "longer than a pipe holds"])
def test_a_worker_that_is_stopped_while_it_hands_out_a_message_ends_and_has_done_it_once(
    engine, target, a_message
):
    """Celery forgets such a message, and waits half a minute, or for ever, for the process that got it."""
    monitor, at = watch_seldom(f"{target.url}?{1_900 * 'x'}"), slots(6 * a_message)
    send_checks(engine, monitor, at, a_message=a_message)
    engine.faults = Faults(stop_at_first_message=True)
    assert engine.start_worker("edge").wait(ENDS_WITHIN_S) == 0, engine.output("edge")
    del engine.running["edge"]
    figures = engine.figures()
    assert 4 <= figures["edge"]["waiting"] < 6  # given back; one or two had been handed out
    assert figures["core"]["waiting"] > 0

    start_the_rest(engine)
    engine.wait_until(has_stored(monitor, at))
    engine.wait_until(has_no_message(engine))
    assert count_duplicates(engine) == dead(engine) == 0


def ask_slowly(engine, slow_target):
    """An edge worker whose two processes wait for the target with two of ten checks each, and its checks."""
    monitor, at = watch_seldom(slow_target.url), slots(10)
    send_checks(engine, monitor, at, a_message=2)
    engine.start_worker("edge")
    engine.wait_until(lambda: slow_target.asked >= 4)
    assert slow_target.asked == 4
    return monitor, at


@on_both_brokers
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_whose_processes_are_all_told_to_stop_ends_what_they_do_and_takes_no_more(
    engine, slow_target, number
):
    """systemd, honcho and Heroku send SIGTERM to all of them, a terminal that closes SIGHUP; billiard's
    processes would die of either, and Celery would start its worker anew after SIGHUP."""
    monitor, at = ask_slowly(engine, slow_target)
    edge = engine.running.pop("edge")
    os.killpg(edge.pid, number)
    engine.wait_until(lambda: "Warm shutdown" in engine.output("edge"))
    slow_target.let_go()
    assert edge.wait(ENDS_WITHIN_S) == 0, engine.output("edge")
    assert engine.figures()["edge"]["waiting"] == 3
    start_the_rest(engine)
    engine.wait_until(has_stored(monitor, at))
    engine.wait_until(has_no_message(engine))
    assert slow_target.asked == len(at)
    assert count_duplicates(engine) == dead(engine) == 0


@on_both_brokers
def test_a_worker_that_gets_sigquit_gives_back_what_it_is_doing(engine, slow_target):
    ask_slowly(engine, slow_target)
    edge = engine.running.pop("edge")
    edge.send_signal(signal.SIGQUIT)
    edge.wait(ENDS_WITHIN_S)
    engine.wait_until(lambda: engine.figures()["edge"]["waiting"] == 5)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}/0", "amqp://guest:guest@127.0.0.1:{}//"])
@pytest.mark.parametrize("command", [["worker", "-Q", "edge", "--concurrency", "2"], ["beat", "--pidfile="]])
def test_who_still_looks_for_the_broker_ends_when_told_to(url, command, tmp_path):
    processes = Processes(tmp_path)
    environment = {"ENGINE": "celery", "CELERY_BROKER_URL": url.format(free_port()), "C_FORCE_ROOT": "true"}
    process = processes.spawn("it", ["-m", "celery", "-A", "sentrypulse", *command], environment)
    processes.wait_until(lambda: "refused" in processes.output("it"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(ENDS_WITHIN_S) == 0, processes.output("it")


@pytest.mark.parametrize("engine", ["redis"], indirect=True)
def test_the_clock_ends_in_order_at_sighup(engine):
    pulse = engine.folder / "pulse"
    environment = engine.environment | {"PULSE_FILE": str(pulse)}
    engine.spawn("beat", ["-m", "celery", "-A", "sentrypulse", "beat", "--pidfile="], environment)
    engine.wait_until(pulse.exists)
    clock = engine.running.pop("beat")
    clock.send_signal(signal.SIGHUP)
    assert clock.wait(ENDS_WITHIN_S) == 0, engine.output("beat")
