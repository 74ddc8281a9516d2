"""A dead man's switch hears once a minute that we are well, and nothing while we are not."""

from datetime import timedelta

import pytest

from core.env import Env, SettingsError
from delivery.message import Outcome, Receipt
from delivery.send import Courier
from pipeline import dispatch
from pipeline.health import signs, watchdog
from pipeline.health.report import examine
from pipeline.health.watchdog import watch_ourselves
from pipeline.messages import Deliveries, Receipts, decode, encode
from pipeline.models import Cursor, Sign
from pipeline.queues.base import Sender
from pipeline.stages.settle import settle
from tests.delivery.receivers import receive
from tests.pipeline.factories import T0

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
URL = "https://hc.test/ping/728b3763-fb83-44f0-bb03-b2f0f8d1f1cd"


class Queues(Sender):
    """Keeps what is sent; ``answering`` are the workers that can be asked."""

    answering = None

    def __init__(self):
        self.sent = []

    def send(self, queue, body, *, delay_s=0.0):
        self.sent.append((queue, decode(body)))

    def free(self, queue):
        return 1_000

    def figures(self):
        return {}

    def workers(self):
        return self.answering


@pytest.fixture
def queues():
    kept = Queues()
    dispatch.use_sender(kept)
    yield kept
    dispatch.use_sender(None)


@pytest.fixture(autouse=True)
def _watched(settings, monkeypatch):
    settings.WATCHDOG_URL = URL
    monkeypatch.setattr(watchdog, "_ill_before", False)


def go_round(seconds, *, schedule_moves=True):
    now = T0 + seconds * SECOND
    if schedule_moves:
        Cursor.objects.update_or_create(
            pk="checks", defaults={"sent_until": now, "moved_at": now, "lease_until": now}
        )
    watch_ourselves(owner="me", now=now)


def test_it_is_called_once_a_minute_while_all_is_well(queues):
    for seconds in range(0, 180, 15):
        go_round(seconds)
    assert [queue for queue, _ in queues.sent] == ["deliveries"] * 3
    (first,) = queues.sent[0][1].deliveries
    assert isinstance(queues.sent[0][1], Deliveries)
    assert (first.kind, first.config, first.id) == ("watchdog", {"url": URL}, first.key)
    assert URL not in repr(first)
    assert len({message.deliveries[0].key for _, message in queues.sent}) == 3


def test_it_is_not_called_while_we_are_ill_and_operators_read_why(queues, caplog):
    go_round(0)
    queues.sent.clear()
    for seconds in range(60, 240, 15):
        go_round(seconds, schedule_moves=False)
    assert len(queues.sent) == 0
    assert "not well: " in caplog.text
    go_round(300)
    assert len(queues.sent) == 1


def test_without_an_address_nobody_is_called(queues, settings):
    settings.WATCHDOG_URL = ""
    go_round(0)
    assert queues.sent == []
    assert examine(now=T0)["watchdog"] is None


@pytest.mark.parametrize(
    ("outcome", "status", "ok", "error"),
    [
        (Outcome.SENT, 200, True, None),
        (Outcome.REFUSED, 404, False, "It answers 404."),
        (Outcome.RETRY, None, False, "It could not be reached."),
    ],
)
def test_what_it_answers_is_shown_without_its_address(queues, outcome, status, ok, error):
    go_round(0)
    assert examine(now=T0)["watchdog"] == {"ok": True, "told_at": None}
    receipt = Receipt(
        id=queues.sent[0][1].deliveries[0].id, attempt=1, outcome=outcome, at=T0, status=status, answer=URL
    )
    assert settle([encode(Receipts([receipt]))], now=T0) == {}
    report = examine(now=T0)
    assert (report["watchdog"]["ok"], report["watchdog"].get("error")) == (ok, error)
    assert report["ok"]  # it is the watchdog's trouble
    assert "hc.test" not in str(report)


def send(url, *, allow_private=True):
    courier = Courier(allow_private=allow_private)
    try:
        return courier.send_one(watchdog._make_call(url, now=T0))
    finally:
        courier.close()


def test_the_edge_fetches_it_by_get():
    with receive() as receiver:
        receipt = send(receiver.url)
    (request,) = receiver.requests
    assert (request.method, request.path, request.body) == ("GET", "/hook", b"")
    assert receipt.outcome is Outcome.SENT


def test_the_guard_judges_its_address_as_any_other():
    with receive() as receiver:
        receipt = send(receiver.url, allow_private=False)
    assert receipt.outcome is not Outcome.SENT
    assert receiver.requests == []


@pytest.mark.parametrize("address", ["hc.test/ping", "ftp://hc.test/", "https://u:p@hc.test/"])
def test_an_address_that_cannot_be_called_stops_the_start_and_is_not_quoted(address):
    with pytest.raises(SettingsError, match="WATCHDOG_URL is no address that can be called") as refused:
        Env({"WATCHDOG_URL": address}).web_address("WATCHDOG_URL")
    assert address not in str(refused.value)


# Celery's workers


def test_workers_that_answer_are_noted_once_a_minute_and_forgotten_when_they_are_gone_for_long(queues):
    queues.answering = {"core@a": ["core"], "both@b": ["edge", "core"]}
    go_round(0)
    seen = {name: (sign.detail, sign.seen_at) for name, sign in signs.read(prefix=signs.WORKER).items()}
    assert seen == {"worker: core@a": ("core", T0), "worker: both@b": ("core,edge", T0)}
    queues.answering = {"core@a": ["core"]}
    go_round(15)
    assert Sign.objects.get(pk="worker: core@a").seen_at == T0  # not asked again yet
    for minutes in range(1, 13):
        go_round(minutes * 60)
    assert set(signs.read(prefix=signs.WORKER)) == {"worker: core@a"}
