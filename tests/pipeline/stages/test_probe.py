"""What the edge takes of a message, and what it leaves out: a late check tells no history."""

from datetime import UTC, datetime, timedelta

import pytest

from core import telemetry
from pipeline import dispatch
from pipeline.celery import edge
from pipeline.entrypoints import embedded
from pipeline.messages import Checks, Results, decode, encode
from pipeline.queues.base import ROUTES
from pipeline.stages.probe import PATIENCE_S, TOO_OLD, probe
from probes.result import CheckResult, Status
from probes.spec import CheckSpec

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def spec(number, at, *, slow=False):
    return CheckSpec(
        monitor_id=number,
        revision=1,
        kind="http",
        target="https://x.example/",
        region="eu",
        scheduled_at=at,
        timeout_s=10,
        config={},
        slow=slow,
    )


class FakeProber:
    """Finds every target down. ``began_at`` by monitor: when its check began, for those that had to wait."""

    def __init__(self, now=NOW, began_at=None, hangs=(), never_begins=()):
        self.now, self.began_at, self.hangs, self.never_begins = now, began_at or {}, hangs, never_begins

    def run(self, specs, *, flush_s, deadline_at, start_within_s, patience_s, leave_out):
        assert patience_s == (None if any(one.slow for one in specs) else PATIENCE_S)
        for one in specs:
            assert start_within_s(one) == (one.scheduled_at + TOO_OLD - NOW).total_seconds()
            if one.monitor_id in self.never_begins:
                leave_out(one)
            elif one.monitor_id not in self.hangs:
                yield [
                    CheckResult(
                        monitor_id=one.monitor_id,
                        revision=one.revision,
                        region=one.region,
                        scheduled_at=one.scheduled_at,
                        checked_at=self.began_at.get(one.monitor_id, self.now),
                        status=Status.DOWN,
                    )
                ]


def refuse_to_send_on(specs):
    raise AssertionError(f"sent on: {specs}")


def take(specs, prober=None, *, now=NOW, put_back=None, send_on=refuse_to_send_on):
    """The monitors of the results, and how many specs were too old."""
    sent = []
    with telemetry.collecting() as notes:
        failed = probe(
            [encode(Checks(list(specs)))],
            prober=prober or FakeProber(now),
            send=sent.append,
            now=now,
            put_back=put_back,
            send_on=send_on,
        )
    assert failed == {}
    return told(sent), notes.figures.get("SpecsTooOld", 0)


def told(sent):
    messages = [decode(body) for body in sent]
    assert all(isinstance(message, Results) for message in messages)
    return [result.monitor_id for message in messages for result in message.results]


def test_a_check_that_comes_long_after_its_slot_is_left_out_and_counted():
    specs = [spec(1, NOW - TOO_OLD - SECOND), spec(2, NOW - TOO_OLD), spec(3, NOW)]
    assert take(specs) == ([2, 3], 1)


def test_a_message_that_its_killed_function_held_for_twelve_minutes_tells_nothing():
    assert take([spec(1, NOW - timedelta(seconds=720))]) == ([], 1)


def test_clocks_that_differ_by_ten_seconds_leave_nothing_out_that_is_tried_a_second_time():
    visible_again = timedelta(seconds=150 + 5)  # infra/queues.yaml, and the span that a slot waits for
    for skew in (-10 * SECOND, 10 * SECOND):
        assert take([spec(1, NOW - visible_again + skew)]) == ([1], 0)


def test_a_check_that_had_to_wait_for_its_host_until_it_was_too_old_tells_nothing():
    specs = [spec(1, NOW), spec(2, NOW), spec(3, NOW)]
    began_at = {1: NOW + TOO_OLD, 2: NOW + TOO_OLD + SECOND, 3: NOW - 10 * SECOND}
    put_back = []
    found = take(specs, FakeProber(began_at=began_at), put_back=lambda some, delay_s: put_back.extend(some))
    assert (found, put_back) == (([1, 3], 1), [])  # what was left out has been tried, and is not put back


def test_a_check_whose_turn_never_came_in_time_is_left_out_and_not_put_back():
    put_back = []
    found = take(
        [spec(1, NOW, slow=True), spec(2, NOW, slow=True)],
        FakeProber(never_begins=[2]),
        put_back=lambda some, delay_s: put_back.extend(some),
    )
    assert (found, put_back) == (([1], 1), [])


def test_what_waits_for_a_place_among_the_quick_ones_goes_on_with_its_teams_slow_ones():
    put_back, sent_on = [], []
    found = take(
        [spec(1, NOW), spec(2, NOW), spec(3, NOW)],
        FakeProber(never_begins=[1, 3]),
        put_back=lambda some, delay_s: put_back.extend(some),
        send_on=sent_on.extend,
    )
    assert (found, put_back) == (([2], 0), [])
    assert sent_on == [spec(1, NOW, slow=True), spec(3, NOW, slow=True)]


def test_what_comes_before_its_time_is_put_back_and_what_did_not_end_too():
    specs = [spec(1, NOW + 60 * SECOND), spec(2, NOW + 10 * SECOND), spec(3, NOW), spec(4, NOW)]
    put_back = []
    found = take(
        specs,
        FakeProber(hangs=[4]),
        put_back=lambda some, delay_s: put_back.append(([one.monitor_id for one in some], delay_s)),
    )
    assert found == ([2, 3], 0)
    assert put_back == [([1], 60.0), ([4], 0.0)]


def test_where_nothing_can_be_put_back_a_check_from_the_future_is_made():
    assert take([spec(1, NOW + timedelta(hours=1)), spec(2, NOW - timedelta(hours=1))]) == ([1], 1)


def test_celerys_edge_leaves_out_what_waited_too_long_in_the_broker(monkeypatch):
    sent = []
    monkeypatch.setattr(edge, "read_clock", lambda: NOW)
    monkeypatch.setattr(edge, "shared_prober", FakeProber)
    monkeypatch.setattr(dispatch, "send_body", lambda queue, body: sent.append(body))
    specs = [spec(1, NOW - TOO_OLD - SECOND), spec(2, NOW - SECOND), spec(3, NOW + timedelta(hours=1))]
    assert edge.probe([encode(Checks(specs))]) == {}
    assert told(sent) == [2, 3]


@pytest.mark.parametrize("late_s", [0, 600])
def test_the_embedded_engine_leaves_out_what_a_suspended_process_finds_in_its_queue(monkeypatch, late_s):
    engine = embedded.EmbeddedEngine()
    monkeypatch.setattr(embedded, "read_clock", lambda: NOW + timedelta(seconds=late_s))
    monkeypatch.setattr(embedded.PROBER, "get", FakeProber)
    engine.send("checks", encode(Checks([spec(1, NOW)])))
    engine.queues["checks"].close()
    engine._reach_out(ROUTES["checks"])
    bodies = [letter.body for letter in engine.queues["results"].take(most=10)] if not late_s else []
    assert (told(bodies), len(engine.queues["results"])) == ([1] if not late_s else [], 0)
    assert len(engine.queues["checks"].dead) == 0
