import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace

import pytest
from django.db import OperationalError

from delivery.message import Outcome, Receipt
from pipeline import timetable
from pipeline.jobs.places import LEASE, PLACES
from pipeline.messages import Receipts, Results, Wake, decode, encode
from pipeline.models import Cursor
from pipeline.queues.base import Parcel
from pipeline.stages import jobs as job_stage
from pipeline.stages import settle as stage
from pipeline.timetable import Job

NOW = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)


def receipt(id):
    return Receipt(id=id, attempt=1, outcome=Outcome.SENT, at=NOW)


def body(*ids):
    return encode(Receipts([receipt(id) for id in ids]))


@pytest.fixture
def heard(monkeypatch):
    """Two apps with outboxes, and a timetable of one job; what they were called with."""
    module, calls = ModuleType("outboxes_of_a_test"), []
    module.settle_alerts = lambda receipts, *, now: calls.append(("alerts", [r.id for r in receipts], now))
    module.settle_pages = lambda receipts, *, now: calls.append(("pages", [r.id for r in receipts], now))
    module.run_job = lambda *, owner, now: calls.append(("job", owner, now))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(
        stage,
        "ORIGINS",
        {"alerts": f"{module.__name__}:settle_alerts", "statuspages": f"{module.__name__}:settle_pages"},
    )
    monkeypatch.setattr(
        "pipeline.timetable.TIMETABLE", (Job("send alerts", 1, f"{module.__name__}:run_job", soon="x:y"),)
    )
    return calls


def test_receipts_go_to_the_app_that_their_id_names_each_app_once(heard):
    assert stage.settle([body("alerts:1", "statuspages:4"), body("alerts:2")], now=NOW) == {}
    assert heard == [("alerts", ["alerts:1", "alerts:2"], NOW), ("pages", ["statuspages:4"], NOW)]


def test_a_receipt_from_nowhere_fails_its_message_and_no_other(heard):
    assert stage.settle([body("alerts:1", "ghosts:2"), body("alerts:3"), b"junk"], now=NOW) == {
        0: "The receipt 'ghosts:2' is of no outbox that exists.",
        2: "It is no JSON.",
    }
    assert heard == [("alerts", ["alerts:3"], NOW)]


def test_a_job_that_is_asked_for_runs_once_however_often_it_is_asked_for(heard):
    wake = encode(Wake("send alerts"))
    assert stage.settle([wake, body("alerts:1"), wake, encode(Wake("dance"))], now=NOW) == {
        3: "There is no job 'dance'."
    }
    assert heard == [("alerts", ["alerts:1"], NOW), ("job", "wake", NOW)]


def test_a_job_for_which_there_is_no_time_is_woken_in_a_turn_of_its_own(heard, monkeypatch):
    sent = []
    monkeypatch.setattr(job_stage.dispatch, "send_all", lambda *call: sent.append(call))
    monkeypatch.setattr(job_stage, "BEGIN_JOBS_FOR_S", 0.0)
    wake = encode(Wake("send alerts"))
    assert stage.settle([wake, body("alerts:1")], now=NOW) == {}
    assert heard == [("alerts", ["alerts:1"], NOW)]
    assert sent == [("receipts", [Parcel(wake)])]


def test_results_are_no_receipts(heard):
    assert stage.settle([encode(Results([]))], now=NOW) == {
        0: "A message of the type results.v1 does not belong in this queue."
    }
    assert heard == []


def test_a_database_that_is_away_is_for_the_engine_to_handle(heard, monkeypatch):
    def away(receipts, *, now):
        raise OperationalError("gone away")

    monkeypatch.setattr(sys.modules["outboxes_of_a_test"], "settle_alerts", away)
    with pytest.raises(OperationalError):
        stage.settle([body("alerts:1")], now=NOW)


# Jobs that may wait


def settle_wakes(*names, owner, now=NOW):
    assert stage.settle([encode(Wake(name)) for name in names], now=now, owner=owner) == {}


@pytest.fixture
def leisure(heard, monkeypatch):
    """Ten jobs that may wait, beside the one that may not; ``hold(while_running)`` makes each call that while
    it is at work. And the wakes that were sent: job and delay."""
    module, woken, held = sys.modules["outboxes_of_a_test"], [], []
    jobs = tuple(Job(f"long {n}", 60, f"{module.__name__}:long_{n}") for n in range(10))
    for number in range(10):

        def run(*, owner, now, name=f"long {number}"):
            heard.append(("job", name))
            if held:
                held.pop()()
            return name == "long 9"

        setattr(module, f"long_{number}", run)
    monkeypatch.setattr("pipeline.timetable.TIMETABLE", (*jobs, *timetable.TIMETABLE))
    monkeypatch.setattr(
        job_stage.dispatch,
        "send_all",
        lambda queue, parcels: woken.extend((decode(one.body).job, one.delay_s) for one in parcels),
    )
    return SimpleNamespace(woken=woken, hold=held.append)


@pytest.mark.django_db
def test_who_is_waited_for_comes_first(heard, leisure):
    settle_wakes("long 1", "long 2", "send alerts", owner="a")
    assert heard == [("job", "a", NOW), ("job", "long 1"), ("job", "long 2")]
    assert leisure.woken == []


@pytest.mark.django_db
def test_two_functions_are_at_leisure_and_a_third_is_free_for_alerts(heard, leisure):
    """Each at work in the middle of the other."""

    def third():
        settle_wakes(*(f"long {n}" for n in range(10)), owner="c")
        settle_wakes("send alerts", "long 4", owner="c")

    leisure.hold(third)
    leisure.hold(lambda: settle_wakes("long 2", owner="b"))
    settle_wakes("long 1", owner="a")
    assert heard == [("job", "long 1"), ("job", "long 2"), ("job", "c", NOW)]
    assert leisure.woken == [(f"long {n}", job_stage.ASK_AGAIN_S) for n in (*range(10), 4)]
    settle_wakes("long 5", owner="d")  # the places are free again
    assert heard[3:] == [("job", "long 5")]


@pytest.mark.django_db
def test_a_job_that_goes_on_lets_one_that_waits_come_first(leisure):
    settle_wakes("long 9", owner="a")
    assert leisure.woken == [("long 9", job_stage.PAUSE_S)]
    assert job_stage.ASK_AGAIN_S < job_stage.PAUSE_S


@pytest.mark.django_db
def test_the_place_of_who_was_killed_is_free_after_two_minutes(heard, leisure):
    for place in PLACES:
        Cursor.objects.create(
            pk=place, sent_until=NOW, lease_owner="a", lease_until=NOW + LEASE, moved_at=NOW
        )
    settle_wakes("long 2", owner="c", now=NOW + LEASE - timedelta(seconds=1))
    assert (heard, leisure.woken) == ([], [("long 2", job_stage.ASK_AGAIN_S)])
    settle_wakes("long 2", owner="c", now=NOW + LEASE)
    assert heard == [("job", "long 2")]
