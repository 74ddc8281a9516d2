import heapq
import threading
from collections import Counter
from queue import SimpleQueue

import pytest

from core.retries import MESSAGE_FAILED_S
from pipeline.queues.memory import MAX_DEAD, MemoryQueue, QueuedMessage, QueueFull

SOON_S = 10.0  # nothing here takes that long; a test that hangs says so


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return MemoryQueue("checks", max_messages=3, clock=clock)


def bodies(letters):
    return [letter.body for letter in letters]


def start(target, *args):
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def join(*threads):
    for thread in threads:
        thread.join(SOON_S)
    assert [thread.is_alive() for thread in threads] == [False] * len(threads)


def wait_until_waiting(queue, threads=1):
    """Until so many threads sleep in the queue's conditions: then, and only then, are there waiters to
    wake."""
    reached = threading.Event()
    while not reached.is_set():
        with queue._lock:
            if len(queue._work._waiters) + len(queue._room._waiters) >= threads:
                reached.set()


def test_letters_come_in_the_order_they_were_put(queue):
    for body in (b"1", b"2", b"3"):
        queue.put(body)
    assert bodies(queue.take(most=2)) == [b"1", b"2"]
    assert bodies(queue.take(most=2)) == [b"3"]
    assert len(queue) == 0


def test_a_delayed_letter_lets_others_pass_and_comes_when_it_is_due(queue, clock):
    queue.put(b"late", delay_s=10)
    queue.put(b"now")
    assert bodies(queue.take(most=9)) == [b"now"]
    queue.put(b"next")
    clock.now_s += 9.9
    assert bodies(queue.take(most=9)) == [b"next"]
    clock.now_s += 0.1
    assert bodies(queue.take(most=9)) == [b"late"]


def test_a_taker_wakes_by_itself_when_a_delay_ends():
    queue = MemoryQueue("checks", max_messages=3)
    queue.put(b"soon", delay_s=0.02)
    assert bodies(queue.take()) == [b"soon"]


def test_a_message_wakes_one_of_those_who_wait_and_not_all_of_them(clock):
    looked = Counter()

    def read_clock():
        looked[threading.current_thread()] += 1
        return clock()

    queue, taken = MemoryQueue("checks", max_messages=3, clock=read_clock), SimpleQueue()
    takers = [start(lambda: taken.put(queue.take())) for _ in range(5)]
    wait_until_waiting(queue, 5)
    looked.clear()
    queue.put(b"1")
    assert bodies(taken.get(timeout=SOON_S)) == [b"1"]
    wait_until_waiting(queue, 4)
    assert len(looked.keys() & set(takers)) == 1
    queue.close()
    join(*takers)


def test_who_takes_a_message_wakes_the_next_one_while_there_are_more(queue, clock):
    taken = []
    takers = [start(lambda: taken.extend(queue.take(most=1))) for _ in range(2)]
    wait_until_waiting(queue, 2)
    with queue._lock:  # two messages, and a single one was told
        queue._work.notify()
        for _ in range(2):
            heapq.heappush(queue._heap, (0.0, next(queue._order), QueuedMessage(b"1")))
            queue._length[""] += 1
    join(*takers)
    assert bodies(taken) == [b"1", b"1"]


def test_a_full_queue_refuses_and_takes_what_must_not_be_lost(queue):
    for body in (b"1", b"2", b"3"):
        queue.put(body, delay_s=60)
    assert queue.free == 0
    with pytest.raises(QueueFull, match=r"^The checks queue holds 3 messages\.$"):
        queue.put(b"4")
    assert len(queue) == 3
    queue.put(b"4", force=True)
    assert (len(queue), queue.free) == (4, 0)


def test_put_waiting_waits_for_room(queue):
    for body in (b"1", b"2", b"3"):
        queue.put(body)
    putting = start(queue.put_waiting, b"4")
    wait_until_waiting(queue)
    assert len(queue) == 3
    assert bodies(queue.take()) == [b"1"]
    join(putting)
    assert bodies(queue.take(most=9)) == [b"2", b"3", b"4"]


def test_put_waiting_no_longer_waits_once_the_queue_is_closed_and_loses_nothing(queue):
    for body in (b"1", b"2", b"3"):
        queue.put(body)
    putting = start(queue.put_waiting, b"4")
    wait_until_waiting(queue)
    queue.close()
    join(putting)
    queue.put_waiting(b"5")
    assert bodies(queue.take(most=9)) == [b"1", b"2", b"3", b"4", b"5"]


def test_a_letter_that_keeps_failing_is_tried_later_and_later_and_ends_among_the_dead(queue, clock):
    queue.put(b"poison")
    began_s, tried_after_s = clock.now_s, []
    for pause_s in (0.0, *MESSAGE_FAILED_S):
        if pause_s:
            clock.now_s += pause_s - 0.001
            queue.put(b"other")
            assert bodies(queue.take(most=9)) == [b"other"]  # not before its time
            clock.now_s += 0.001
        (letter,) = queue.take(most=9)
        tried_after_s.append(round(clock.now_s - began_s, 3))
        assert queue.dead_total == 0
        queue.retry(letter, error="It is poison.")
    assert tried_after_s == [0.0, 1.0, 6.0, 21.0, 81.0]
    assert (queue.dead_total, bodies(queue.dead), len(queue)) == (1, [b"poison"], 0)
    assert queue.dead[0].error == "It is poison."


def kill(queue, body):
    queue.put(body)
    (letter,) = queue.take()
    letter.failures = len(MESSAGE_FAILED_S)
    queue.retry(letter, error="It is poison.")
    return letter.number


def test_a_dead_letter_is_revived_as_if_new_or_buried_once(queue):
    first, second = kill(queue, b"first"), kill(queue, b"second")
    assert queue.redrive(first)
    assert not queue.redrive(first)
    (letter,) = queue.take()
    assert (letter.body, letter.failures, queue.dead_total) == (b"first", 0, 1)
    assert queue.remove_dead(second).body == b"second"
    assert queue.remove_dead(second) is None
    assert (queue.dead_total, len(queue)) == (0, 0)
    assert kill(queue, b"third") not in {first, second}


def test_the_dead_are_all_counted_and_the_newest_kept(queue):
    for number in range(MAX_DEAD + 5):
        queue.put(b"%d" % number)
        (letter,) = queue.take()
        letter.failures = len(MESSAGE_FAILED_S)
        queue.retry(letter, error="It is poison.")
    assert (queue.dead_total, len(queue.dead)) == (MAX_DEAD + 5, MAX_DEAD)
    assert queue.dead[-1].body == b"%d" % (MAX_DEAD + 4)


def test_what_is_given_back_is_due_at_once_and_has_not_failed(queue):
    queue.put(b"held")
    (letter,) = queue.take()
    queue.give_back(letter)
    assert queue.take() == [letter]
    assert letter.failures == 0


def test_close_wakes_everybody_who_waits_for_a_letter(queue):
    taken = []
    takers = [start(lambda: taken.append(queue.take())) for _ in range(4)]
    wait_until_waiting(queue)
    queue.close()
    join(*takers)
    assert taken == [[], [], [], []]


def test_once_closed_nothing_waits_for_its_time_any_more(queue):
    queue.put(b"later", delay_s=3600)
    queue.put(b"now")
    (failed,) = queue.take()
    queue.retry(failed, error="It is poison.")
    queue.close()
    assert bodies(queue.take(most=9)) == [b"now", b"later"]
    assert queue.take() == []


def test_many_who_put_and_many_who_take_lose_and_double_nothing():
    queue = MemoryQueue("results", max_messages=7)
    taken, lock = Counter(), threading.Lock()

    def put(name):
        for number in range(200):
            queue.put_waiting(b"%d-%d" % (name, number))

    def take():
        while letters := queue.take(most=3):
            with lock:
                taken.update(bodies(letters))
            assert len(queue) <= 7

    takers = [start(take) for _ in range(6)]
    putters = [start(put, name) for name in range(6)]
    join(*putters)
    queue.close()
    join(*takers)
    assert taken == Counter(b"%d-%d" % (name, number) for name in range(6) for number in range(200))


# ---- shares ----


@pytest.fixture
def shared(clock):
    return MemoryQueue("checks", max_messages=30, takers=6, clock=clock)


def test_one_share_keeps_a_third_of_the_takers_busy_and_no_more(shared):
    for number in range(5):
        shared.put(f"slow{number}".encode(), share="7")
    shared.put(b"quick")
    shared.put(b"other", share="8")
    taken = [shared.take() for _ in range(4)]
    assert [bodies(letters) for letters in taken] == [[b"slow0"], [b"quick"], [b"other"], [b"slow1"]]
    waiter = start(shared.take)
    wait_until_waiting(shared)  # three more are due, but for nobody now
    shared.done(taken[0])
    join(waiter)
    assert len(shared) == 2


def test_all_shares_together_leave_a_third_of_the_takers(clock):
    queue = MemoryQueue("checks", max_messages=100, takers=6, clock=clock)
    for share in ("1", "2", "3", "4"):
        for _ in range(2):
            queue.put(share.encode(), share=share)
    taken = [queue.take() for _ in range(4)]
    queue.put(b"quick")
    assert bodies(queue.take()) == [b"quick"]
    queue.put(b"quick too")
    assert bodies(queue.take()) == [b"quick too"]
    queue.done(taken[0])
    assert bodies(queue.take())[0].isdigit()


def test_letters_of_one_share_are_taken_together_and_of_nobodys_alone(shared):
    for number in range(5):
        shared.put(f"slow{number}".encode(), share="7")
        shared.put(f"quick{number}".encode())
    assert bodies(shared.take(most_of_share=3)) == [b"slow0", b"slow1", b"slow2"]
    assert bodies(shared.take(most_of_share=3)) == [b"quick0"]
    assert bodies(shared.take(most_of_share=3)) == [b"slow3", b"slow4"]


def test_a_share_fills_a_third_of_the_queue_and_then_loses_its_oldest(shared, caplog):
    for number in range(14):
        shared.put(f"{number}".encode(), share="7", force=True)
    shared.put(b"quick")
    assert (len(shared), shared.free) == (11, 19)
    assert bodies(shared.take(most_of_share=99)) == [f"{number}".encode() for number in range(4, 14)]
    assert "left out a message of team=7" in caplog.text


def test_a_letter_of_a_share_that_failed_comes_again_as_one(shared, clock):
    shared.put(b"x", share="7")
    (letter,) = shared.take()
    shared.retry(letter, error="It is poison.")
    shared.done([letter])
    clock.now_s += MESSAGE_FAILED_S[0]
    (again,) = shared.take()
    assert (again.share, again.failures) == ("7", 1)


def test_a_closed_queue_gives_all_it_has_whatever_is_busy(shared):
    for number in range(5):
        shared.put(f"{number}".encode(), share="7")
    shared.close()
    assert [bodies(shared.take()) for _ in range(6)] == [[b"0"], [b"1"], [b"2"], [b"3"], [b"4"], []]
