import sys
from datetime import UTC, datetime
from types import ModuleType

import pytest
from django.db import OperationalError

from delivery.message import Outcome, Receipt
from pipeline.messages import Receipts, Results, Wake, encode
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
        "pipeline.timetable.TIMETABLE", (Job("send alerts", 1, f"{module.__name__}:run_job"),)
    )
    return calls


def test_receipts_go_to_the_app_that_their_id_names_each_app_once(heard):
    assert stage.settle([body("alerts:1", "statuspages:4"), body("alerts:2")], now=NOW) == []
    assert heard == [("alerts", ["alerts:1", "alerts:2"], NOW), ("pages", ["statuspages:4"], NOW)]


def test_a_receipt_from_nowhere_fails_its_message_and_no_other(heard):
    assert stage.settle([body("alerts:1", "ghosts:2"), body("alerts:3"), b"junk"], now=NOW) == [0, 2]
    assert heard == [("alerts", ["alerts:3"], NOW)]


def test_a_job_that_is_asked_for_runs_once_however_often_it_is_asked_for(heard):
    wake = encode(Wake("send alerts"))
    assert stage.settle([wake, body("alerts:1"), wake, encode(Wake("dance"))], now=NOW) == [3]
    assert heard == [("alerts", ["alerts:1"], NOW), ("job", "wake", NOW)]


def test_a_job_for_which_there_is_no_time_is_woken_in_a_turn_of_its_own(heard, monkeypatch):
    sent = []
    monkeypatch.setattr(stage.dispatch, "send", lambda queue, body: sent.append((queue, body)))
    monkeypatch.setattr(stage, "BEGIN_JOBS_FOR_S", 0.0)
    wake = encode(Wake("send alerts"))
    assert stage.settle([wake, body("alerts:1")], now=NOW) == []
    assert heard == [("alerts", ["alerts:1"], NOW)]
    assert sent == [("receipts", wake)]


def test_results_are_no_receipts(heard):
    assert stage.settle([encode(Results([]))], now=NOW) == [0]
    assert heard == []


def test_a_database_that_is_away_is_for_the_engine_to_handle(heard, monkeypatch):
    def away(receipts, *, now):
        raise OperationalError("gone away")

    monkeypatch.setattr(sys.modules["outboxes_of_a_test"], "settle_alerts", away)
    with pytest.raises(OperationalError):
        stage.settle([body("alerts:1")], now=NOW)
