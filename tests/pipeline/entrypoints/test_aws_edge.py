"""What the edge's function does beside its stages."""

from types import SimpleNamespace

import pytest

from pipeline.entrypoints import aws_edge
from pipeline.messages import Checks, Wake, encode
from pipeline.queues.base import QueuesAway, Route

URLS = {
    "checks": {"eu": "https://sqs.eu-west-1.amazonaws.com/1/prod-checks"},
    "deliveries": {"": "https://sqs.eu-west-1.amazonaws.com/1/prod-deliveries"},
}


class Sender:
    def __init__(self):
        self.shown, self.away = [], False

    def show_again(self, queue, receipt_handles, *, pause_s):
        if self.away:
            raise QueuesAway("SQS does not serve the queue deliveries.")
        self.shown.append((queue, *receipt_handles, pause_s))


@pytest.fixture
def sender(monkeypatch):
    """Of an edge whose stages hand every second message back."""
    kept = Sender()
    edge = SimpleNamespace(sender=kept, addresses=URLS, courier=None, prober=None)
    monkeypatch.setattr(aws_edge, "get_edge", lambda: edge)
    monkeypatch.setattr(Route, "load", lambda route: lambda bodies, **tools: list(range(1, len(bodies), 2)))
    return kept


def take(queue, *received, body=b'{"type":"deliveries.v1","deliveries":[]}'):
    """An event of messages that were received so many times; those that are handed back."""
    records = [
        {
            "messageId": f"m{n}",
            "receiptHandle": f"handle-{n}",
            "body": body.decode(),
            "eventSourceARN": f"arn:aws:sqs:eu-west-1:1:prod-{queue}",
            "attributes": {"ApproximateReceiveCount": str(times)},
        }
        for n, times in enumerate(received)
    ]
    answer = aws_edge.take_batch({"Records": records}, deadline_at=0.0)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_letter_that_is_handed_back_comes_again_in_a_minute_and_then_later_and_later(sender):
    assert take("deliveries", 1, 1, 1, 2, 1, 3, 1, 4) == ["m1", "m3", "m5", "m7"]
    assert sender.shown == [
        ("deliveries", "handle-1", 60),
        ("deliveries", "handle-3", 180),
        ("deliveries", "handle-5", 540),
        ("deliveries", "handle-7", 1620),
    ]


@pytest.mark.parametrize(
    ("queue", "body"),
    [("checks", encode(Checks([]))), ("deliveries", b"[]"), ("deliveries", encode(Wake("x")))],
)
def test_what_is_no_letter_comes_again_by_the_queues_own_time(sender, queue, body):
    assert take(queue, 1, 1, body=body) == ["m1"]
    assert sender.shown == []


def test_a_letter_is_handed_back_although_its_time_cannot_be_changed(sender, caplog):
    sender.away = True
    assert take("deliveries", 1, 1) == ["m1"]
    assert "an e-mail comes again by itself: SQS does not serve" in caplog.text
