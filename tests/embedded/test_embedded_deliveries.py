"""The embedded engine's deliveries and their receipts, with its real threads."""

import threading
import time

import pytest
from django.utils import timezone

from alerts.models import Delivery
from pipeline.edge import COURIER
from pipeline.entrypoints.embedded import EmbeddedEngine
from pipeline.messages import Deliveries, decode, encode
from pipeline.queues import memory
from pipeline.stages import settle as settle_stage
from tests.alerts.factories import make_channel
from tests.alerts.factories import make_delivery as make_ledger_row
from tests.delivery.receivers import make_delivery, receive
from tests.e2e.harness import wait_for
from tests.embedded.engine import (
    WITHIN_S,
    Gate,
    away,
    run_engine,
)
from tests.factories import make_team
from tests.hostile.servers import read_request, serve, stay_silent

pytestmark = pytest.mark.usefixtures("shared_database", "quick")


@pytest.fixture
def settling(monkeypatch):
    """The receipts that were settled, behind a gate."""
    settled = []
    gate = Gate(lambda bodies, *, now: settled.extend(bodies) or {})
    gate.settled = settled
    monkeypatch.setattr(settle_stage, "settle", gate)
    return gate


def receipts_in(bodies):
    return sorted((r.id, r.outcome) for body in bodies for r in decode(body).receipts)


def deliveries_to(url, *ids):
    return encode(Deliveries([make_delivery("webhook", {"url": url}, id=id) for id in ids]))


def test_a_delivery_goes_out_and_its_receipt_comes_in(settling):
    with receive() as receiver, run_engine() as engine:
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1", "alerts:2"))
        settling.wait_for(lambda gate: len(receipts_in(gate.settled)) == 2)
        assert engine.figures()["deliveries"] == {"waiting": 0, "dead_letters": 0}
    assert receipts_in(settling.settled) == [("alerts:1", "sent"), ("alerts:2", "sent")]
    assert len(receiver.requests) == 2


def test_receipts_wait_while_the_database_is_away(settling):
    settling.refuse = away
    with receive() as receiver, run_engine() as engine:
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1"))
        settling.wait_for(lambda gate: gate.refused >= 2)
        assert settling.settled == []
        settling.refuse = lambda *args, **kwargs: None
        settling.wait_for(lambda gate: gate.settled)
        assert engine.figures()["receipts"]["dead_letters"] == 0
    assert receipts_in(settling.settled) == [("alerts:1", "sent")]
    assert len(receiver.requests) == 1


def test_a_delivery_message_that_is_none_ends_as_a_dead_letter_and_the_others_go_out(settling, monkeypatch):
    monkeypatch.setattr(memory, "MESSAGE_FAILED_S", ())
    with receive() as receiver, run_engine() as engine:
        engine.send("deliveries", b"nonsense")
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1"))
        settling.wait_for(lambda gate: gate.settled)
        until = time.monotonic() + WITHIN_S
        while engine.figures()["deliveries"]["dead_letters"] == 0 and time.monotonic() < until:
            time.sleep(0.01)
    assert [letter.body for letter in engine.queues["deliveries"].dead] == [b"nonsense"]


def test_stop_settles_what_is_being_sent_and_leaves_the_rest_to_its_outbox(settling, settings):
    settings.DELIVERY_CONCURRENCY = 1
    begun, let_go = threading.Event(), threading.Event()

    def answer_late(connection, stop):
        read_request(connection)
        begun.set()
        let_go.wait(WITHIN_S)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    engine = EmbeddedEngine()
    with serve(answer_late) as receiver:
        engine.start()
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:1", "alerts:2", "alerts:3"))
        assert begun.wait(WITHIN_S)
        engine.send("deliveries", deliveries_to(receiver.url, "alerts:4"), delay_s=60)
        stopping = threading.Thread(target=engine.stop, daemon=True)
        stopping.start()
        until = time.monotonic() + WITHIN_S
        while not courier_is_closed() and time.monotonic() < until:
            time.sleep(0.01)
        let_go.set()
        stopping.join(WITHIN_S)
        assert not stopping.is_alive()
        assert receiver.served == 1
    assert receipts_in(settling.settled) == [("alerts:1", "sent")]


def courier_is_closed():
    return COURIER.made is None


def test_a_team_whose_receivers_hang_holds_up_no_other_teams_alerts(settings):
    settings.DELIVERY_CONCURRENCY, settings.DELIVERIES_A_TEAM = 3, 30
    COURIER.close()
    now = timezone.now()
    with serve(stay_silent) as silent, receive() as receiver:
        greedy = make_channel(make_team("Greedy"), url=silent.url)
        other = make_channel(make_team("Other"), url=receiver.url)
        for _ in range(40):
            make_ledger_row(greedy, at=now, event="test")
        with run_engine():
            wait_for(lambda: Delivery.objects.filter(channel=greedy, status="sending").count() == 30)
            rows = [make_ledger_row(other, at=timezone.now(), event="test") for _ in range(12)]
            began = time.monotonic()
            wait_for(lambda: Delivery.objects.filter(channel=other, status="sent").count() == 12)
            assert time.monotonic() - began < 8  # one receiver that hangs takes ten seconds
    assert len(receiver.requests) == len(rows)
    assert Delivery.objects.filter(channel=greedy, attempts__gt=1).count() == 0
