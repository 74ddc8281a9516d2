"""What a Celery worker does with a message that fails; tests/stories has workers on real brokers."""

import signal
from contextlib import suppress
from importlib import import_module

import pytest
from celery.apps.beat import Beat
from celery.exceptions import SoftTimeLimitExceeded

from delivery.message import Outcome, Receipt
from pipeline.messages import Receipts, encode
from tests.pipeline.factories import T0

STRANGER = encode(Receipts([Receipt(id="ghosts:2", attempt=1, outcome=Outcome.SENT, at=T0)])).decode()


class FakeSender:
    def __init__(self):
        self.failed = []

    def fail(self, queue, body, **given):
        self.failed.append((queue, body, given))


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setenv("ENGINE", "celery")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1")
    module = import_module("pipeline.celery.worker")
    monkeypatch.setattr(module, "_sender", FakeSender())
    return module


def failing(bug):
    def handle(bodies):
        raise bug

    return handle


@pytest.mark.parametrize(
    ("queue", "body", "error"),
    [
        ("results", "nonsense", "It is no JSON."),
        (
            "results",
            '{"type":"wake.v1"}',
            "It is no message of this version: Object missing required field `job`.",
        ),
        ("results", STRANGER, "A message of the type receipts.v1 does not belong in this queue."),
        ("receipts", '{"type":"wake.v1","job":"dance"}', "There is no job 'dance'."),
        ("receipts", STRANGER, "The receipt 'ghosts:2' is of no outbox that exists."),
    ],
)
@pytest.mark.django_db
def test_a_message_that_failed_says_what_failed(worker, queue, body, error):
    worker.handle(queue, body, failures=1)
    assert worker._sender.failed == [(queue, body, {"failures": 1, "error": error, "share": ""})]


@pytest.mark.parametrize(
    ("bug", "error"),
    [(KeyError("name"), "KeyError: 'name'"), (SoftTimeLimitExceeded(), "It took too long.")],
)
def test_a_stage_that_raises_fails_its_message_with_the_error(worker, monkeypatch, bug, error):
    monkeypatch.setattr(worker, "_load", lambda queue: failing(bug))
    worker.handle("results", "{}")
    assert [given["error"] for _, _, given in worker._sender.failed] == [error]


def test_a_message_that_was_handled_does_not_fail(worker, monkeypatch):
    monkeypatch.setattr(worker, "_load", lambda queue: lambda bodies: {})
    worker.handle("results", "{}")
    assert worker._sender.failed == []


@pytest.fixture
def handlers():
    """What the clock does at signals stays in the test."""
    stops = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in stops}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_comes_while_the_clock_sends_stops_it_all_the_same(worker):
    """Before: what failed at the closed connection took the place of the exit, and the clock went on."""
    rounds = []

    class Sending(worker.Clock):
        def tick(self, *args, **kwargs):
            rounds.append(1)
            if len(rounds) == 3:
                raise SystemExit
            with suppress(SystemExit):
                signal.raise_signal(signal.SIGTERM)
            return 0.0

    clock = Beat(app=worker.app, quiet=True, scheduler_cls=Sending)
    service = clock.Service(app=worker.app, scheduler_cls=Sending)
    clock.install_sync_handler(service)  # Celery's own, as `celery beat` does
    service.start()
    assert rounds == [1]
