"""A thread that stands still is given up and replaced, and what it had in hand is done by another."""

import threading
import time

import pytest

from pipeline.entrypoints import crew as crew_module
from pipeline.entrypoints.crew import Crew, CrewPlace
from pipeline.health import vitals
from pipeline.queues.memory import QueuedMessage

WITHIN_S = 30.0


@pytest.fixture
def let_go():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def given_back():
    return []


@pytest.fixture
def crew(given_back):
    made = Crew(give_back=lambda place, messages: given_back.extend(messages))
    yield made
    made.stop()


def place(limit_s=0.05):
    return CrewPlace("stage", "stage-0", limit_s)


def until(claim):
    deadline = time.monotonic() + WITHIN_S
    while not claim():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def loops(name="stage-0"):
    return [loop for loop in vitals.list_loops() if loop.name == name]


def test_who_stands_still_is_replaced_and_gives_back_what_it_held(crew, given_back, let_go):
    begun, message = [], QueuedMessage(b"held")

    def work(me):
        begun.append(me)
        me.hold([message])
        let_go.wait(60)

    before = vitals.replaced()
    crew.spawn(place(), work)
    until(lambda: loops() and loops()[0].is_stuck)
    crew.look_after()
    until(lambda: len(begun) == 2)
    assert (begun[0].given_up, begun[1].given_up) == (True, False)
    assert given_back == [message]
    assert vitals.replaced() == before + 1
    assert len(loops()) == 1  # the one that was given up is nobody's sign of life any more


def test_of_a_place_whose_threads_are_all_lost_no_more_are_made_and_it_stays_told(crew, let_go):
    begun = []

    def work(me):
        begun.append(me)
        me.loop.begin()
        let_go.wait(60)

    crew.spawn(place(), work)
    for count in range(1, crew_module.LOST_AT_MOST + 3):
        until(lambda: loops() and loops()[0].is_stuck)
        crew.look_after()
        until(lambda: len(begun) == min(count, crew_module.LOST_AT_MOST) + 1)  # noqa: B023  # called at once
    assert loops()[0].is_stuck
    let_go.set()
    until(lambda: not loops())


def test_who_waits_for_work_or_for_room_is_not_stuck(crew, let_go):
    def work(me):
        me.loop.begin()
        me.loop.rest()
        let_go.wait(60)

    crew.spawn(place(limit_s=0.0), work)
    until(lambda: loops())
    crew.look_after()
    assert [loop.is_stuck for loop in loops()] == [False]


def test_a_process_that_stood_still_as_a_whole_gives_up_nobody(crew, let_go):
    def work(me):
        me.loop.begin()
        let_go.wait(60)

    crew.spawn(place(limit_s=300), work)
    until(lambda: loops() and loops()[0].busy_since)
    loops()[0].busy_since -= 301
    assert loops()[0].is_stuck
    vitals.begin_anew()
    assert not loops()[0].is_stuck


def test_a_loop_that_fails_is_failing_after_a_moment_and_until_it_succeeds(monkeypatch):
    loop = vitals.Loop("writer", 60)
    loop.fail(ValueError("disk"))
    assert (loop.is_failing, loop.error) == (False, "ValueError")
    monkeypatch.setattr(vitals, "FAILING_AFTER_S", -1.0)
    loop.begin()
    assert loop.is_failing
    loop.succeed()
    assert not loop.is_failing
