import pytest
from django.core.mail import EmailMultiAlternatives, get_connection, send_mail

from delivery.message import Outcome, Receipt
from pipeline import dispatch, observing
from pipeline.messages import Receipts, decode, encode
from pipeline.stages.settle import settle
from tests.pipeline.factories import T0

BACKEND = "pipeline.letters.EmailBackend"


class Queue:
    def __init__(self, fault=None):
        self.sent, self.fault = [], fault

    def send(self, queue, body, *, delay_s=0.0, region=""):
        if self.fault:
            raise self.fault
        self.sent.append((queue, decode(body)))


@pytest.fixture
def queue(monkeypatch):
    made = Queue()
    monkeypatch.setattr(dispatch, "_sender", made)
    return made


def test_a_letter_of_djangos_goes_to_the_edge(queue):
    letter = EmailMultiAlternatives("Reset", "Follow the link.", to=["Ada <ada@example.com>"])
    letter.attach_alternative("<p>Follow the link.</p>", "text/html")
    assert get_connection(BACKEND).send_messages([letter]) == 1
    ((name, message),) = queue.sent
    (delivery,) = message.deliveries
    assert (name, delivery.kind, delivery.config) == ("deliveries", "email", {"to": ["ada@example.com"]})
    assert (delivery.content.subject, delivery.content.text) == ("Reset", "Follow the link.")
    assert delivery.content.html == "<p>Follow the link.</p>"


def test_each_letter_is_a_message_of_its_own_for_it_may_come_again(queue):
    letters = [EmailMultiAlternatives("Hello", "x", to=[f"{name}@example.com"]) for name in ("ada", "bob")]
    assert get_connection(BACKEND).send_messages(letters) == 2
    assert [len(message.deliveries) for _, message in queue.sent] == [1, 1]


def test_queues_that_are_away_are_an_error_unless_silence_is_asked_for(queue):
    queue.fault = dispatch.QueuesAway("SQS does not answer.")
    with pytest.raises(dispatch.QueuesAway):
        send_mail("Reset", "x", None, ["ada@example.com"], connection=get_connection(BACKEND))
    silent = get_connection(BACKEND, fail_silently=True)
    assert send_mail("Reset", "x", None, ["ada@example.com"], connection=silent) == 0


def test_what_became_of_it_is_logged_without_its_address(caplog):
    receipts = [
        Receipt(id="letters:abc", attempt=1, outcome=Outcome.SENT, at=T0),
        Receipt(id="letters:def", attempt=1, outcome=Outcome.REFUSED, at=T0, answer="550 No such user"),
    ]
    with observing.collecting() as notes:
        assert settle([encode(Receipts(receipts))], now=T0) == []
    assert (notes.figures["LettersSent"], notes.figures["LettersRefused"]) == (1, 1)
    assert [m for m in caplog.messages if "letters:" in m] == [
        "letter not sent id=letters:def outcome=refused: 550 No such user"
    ]
