import threading

from core import telemetry
from delivery.message import Outcome
from delivery.send import Courier
from pipeline.messages import Deliveries, Wake, decode, encode
from pipeline.stages.deliver import deliver
from tests.delivery.receivers import Say, make_delivery, receive


def test_each_delivery_is_sent_and_answered_by_a_receipt():
    sent = []
    courier = Courier(allow_private=True)
    with receive(Say(200)) as good, receive(Say(404)) as bad:
        bodies = [
            encode(Deliveries([make_delivery("webhook", {"url": receiver.url}, id=f"alerts:{number}")]))
            for number, receiver in ((1, good), (2, bad))
        ]
        assert deliver(bodies, courier=courier, send=sent.append) == {}
    courier.close()
    receipts = [receipt for body in sent for receipt in decode(body).receipts]
    assert {receipt.id: receipt.outcome for receipt in receipts} == {
        "alerts:1": Outcome.SENT,
        "alerts:2": Outcome.REFUSED,
    }
    assert len(receipts) == 2


class MeetingPlace(Say):
    """An answer that is given once all who are to come are there."""

    def __init__(self, *, of):
        super().__init__()
        self.barrier = threading.Barrier(of)

    @property
    def status(self):
        self.barrier.wait(timeout=5)
        return 200

    @status.setter
    def status(self, value):
        pass


def test_receivers_of_one_message_do_not_wait_for_those_of_another():
    sent = []
    courier = Courier(allow_private=True)
    with receive(MeetingPlace(of=10)) as receiver:
        bodies = [
            encode(Deliveries([make_delivery("webhook", {"url": receiver.url}, id=f"alerts:{number}")]))
            for number in range(10)
        ]
        assert deliver(bodies, courier=courier, send=sent.append) == {}
    courier.close()
    assert [receipt.outcome for body in sent for receipt in decode(body).receipts] == [Outcome.SENT] * 10


def test_a_letter_that_may_be_taken_later_is_handed_back_and_an_alert_is_not():
    sent = []
    courier = Courier(allow_private=True)
    with receive(Say(503)) as busy, receive(Say(404)) as never:
        bodies = [
            encode(Deliveries([make_delivery("webhook", {"url": receiver.url}, id=id)]))
            for id, receiver in (("alerts:1", busy), ("letters:2", never), ("letters:3", busy))
        ]
        failed = deliver(bodies, courier=courier, send=sent.append)
    courier.close()
    receipts = {receipt.id: receipt for body in sent for receipt in decode(body).receipts}
    assert failed == {2: f"Its e-mail was not accepted: {receipts['letters:3'].answer}"}
    assert len(receipts) == 3


def test_a_message_that_is_none_is_handed_back_and_the_others_are_sent():
    sent = []
    courier = Courier(allow_private=True)
    with receive() as receiver:
        good = encode(Deliveries([make_delivery("webhook", {"url": receiver.url})]))
        assert deliver([b"nonsense", good, encode(Wake("x"))], courier=courier, send=sent.append) == {
            0: "It is no JSON.",
            2: "A message of the type wake.v1 does not belong in this queue.",
        }
    courier.close()
    assert len(sent) == len(receiver.requests) == 1


def test_our_own_trouble_is_counted_for_whoever_runs_this_and_logged(caplog):
    letter = make_delivery("email", {"to": ["ann@example.com"]})
    with receive() as gone:
        pass
    with receive(Say(503)) as receiver, telemetry.collecting() as notes:
        elsewhere = make_delivery("webhook", {"url": receiver.url})
        courier = Courier(allow_private=True, email_url=f"smtp://127.0.0.1:{gone.port}")
        deliver([encode(Deliveries([letter, elsewhere]))], courier=courier, send=lambda body: None)
    courier.close()
    assert notes.figures["DeliveriesHeldUp"] == 1
    assert "held up by our own trouble count=1: It refuses connections." in caplog.text
