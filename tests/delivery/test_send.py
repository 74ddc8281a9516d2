"""Many at once, and what a courier promises whatever happens."""

import socket
import subprocess
import threading
import time

import pytest

from delivery import send as send_module
from delivery.attempt import Attempt, Mailer
from delivery.egress_guard import watch
from delivery.message import Outcome
from probes.guard import Guard
from tests.delivery.receivers import make_delivery, receive
from tests.hostile.servers import serve, stay_silent


def to(url, number=1, **fields):
    return make_delivery("webhook", {"url": url}, id=f"alerts:{number}", key=f"key-{number}", **fields)


def test_receipts_come_while_a_slow_receiver_is_still_waited_for(make_courier):
    courier = make_courier(deadline_s=2.0)
    with serve(stay_silent) as slow, receive() as quick:
        courier.send_one(to(quick.url))  # libraries are imported
        deliveries = [to(slow.url, 0), *(to(quick.url, number) for number in range(1, 30))]
        batches = list(courier.send(deliveries))
    assert [receipt.id for receipt in batches[-1]] == ["alerts:0"]
    assert batches[-1][0].outcome is Outcome.RETRY
    assert sorted(r.id for batch in batches[:-1] for r in batch) == sorted(d.id for d in deliveries[1:])


def test_no_more_than_so_many_are_sent_at_once(make_courier):
    courier = make_courier(deadline_s=0.3, concurrency=2)
    with serve(stay_silent) as slow:
        started = time.monotonic()
        receipts = [r for batch in courier.send([to(slow.url, n) for n in range(4)]) for r in batch]
        took_s = time.monotonic() - started
    assert len(receipts) == 4
    assert took_s > 0.55


def test_the_same_delivery_twice_in_a_batch_gets_two_receipts(courier):
    with receive() as receiver:
        batches = list(courier.send([to(receiver.url), to(receiver.url)]))
    assert [r.id for batch in batches for r in batch] == ["alerts:1", "alerts:1"]


def test_a_thread_that_does_not_come_back_is_not_waited_for_and_can_send_nothing_later(
    make_courier, monkeypatch
):
    """As when the system's resolver hangs, which nothing can interrupt."""
    resolve, let_go = socket.getaddrinfo, threading.Event()

    def hang(host, *args, **kwargs):
        if host == "hangs.example":
            let_go.wait(10)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(send_module, "GRACE_S", 0.1)
    courier = make_courier(deadline_s=0.3)
    with receive() as receiver:
        receipt = courier.send_one(to("http://hangs.example/"))
        let_go.set()
        courier._pool.shutdown(wait=True)
    assert (receipt.outcome, receipt.took_ms < 2_000) == (Outcome.RETRY, True)
    assert receiver.requests == []


def test_threads_that_do_not_come_back_keep_no_other_delivery_from_being_sent(make_courier, monkeypatch):
    """Two of two places are taken for good; the third delivery waited behind them."""
    resolve, let_go = socket.getaddrinfo, threading.Event()

    def hang(host, *args, **kwargs):
        if host == "hangs.example":
            let_go.wait(60)
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(send_module, "GRACE_S", 0.1)
    courier = make_courier(deadline_s=0.5, concurrency=2)
    with receive() as receiver:
        asked = [to("http://hangs.example/", 1), to("http://hangs.example/", 2), to(receiver.url, 3)]
        receipts = {receipt.id: receipt for batch in courier.send(asked) for receipt in batch}
        again = courier.send_one(to(receiver.url, 4))
    let_go.set()
    assert [receipts[f"alerts:{n}"].outcome for n in (1, 2, 3)] == [
        Outcome.RETRY,
        Outcome.RETRY,
        Outcome.SENT,
    ]
    assert again.outcome is Outcome.SENT
    assert len(receiver.requests) == 2


def test_a_closed_courier_ends_what_runs_and_begins_nothing(make_courier):
    courier = make_courier(deadline_s=0.5, concurrency=1)
    with serve(stay_silent) as slow:
        batches = courier.send([to(slow.url, number) for number in range(3)])
        threading.Timer(0.2, courier.close).start()
        receipts = [receipt for batch in batches for receipt in batch]
    assert [receipt.id for receipt in receipts] == ["alerts:0"]


@pytest.mark.parametrize(
    ("kind", "config", "sentence"),
    [
        ("fax", {}, "There is no kind 'fax'."),
        ("webhook", {}, "not configured rightly"),
        ("apprise", {"url": "syslog://"}, "not spoken over HTTP"),
        ("slack", {"webhook_url": "https://hooks.slack.com/"}, "not configured rightly"),
    ],
)
def test_a_configuration_that_is_none_is_refused(courier, kind, config, sentence):
    receipt = courier.send_one(make_delivery(kind, config))
    assert receipt.outcome is Outcome.REFUSED
    assert sentence in receipt.answer


def test_a_bug_is_a_receipt_too_and_its_text_stays_out_of_the_log(courier, monkeypatch, caplog):
    def break_down(delivery, *, attempt):
        raise KeyError("t0ps3cret")

    monkeypatch.setattr(send_module, "load_sender", lambda kind: break_down)
    receipt = courier.send_one(make_delivery("webhook", {"url": "https://example.com/"}))
    assert (receipt.outcome, receipt.answer) == (Outcome.RETRY, "SentryPulse itself failed to send it.")
    assert "KeyError at " in caplog.text
    assert "t0ps3cret" not in caplog.text


# ---- the guard of every connection (delivery.egress_guard) ----


@pytest.fixture
def attempt():
    return Attempt(guard=Guard(allow_private=True), mailer=Mailer(), deadline_s=0.3)


def test_only_the_network_is_reached_within_a_delivery(attempt, tmp_path):
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        with watch(attempt), pytest.raises(OSError, match="over the network only"):
            client.connect(path)
        client.connect(path)  # outside of a delivery nothing is judged


def test_nothing_is_sent_without_a_connection_and_no_program_is_started(attempt):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, watch(attempt):
        with pytest.raises(OSError, match="over connections only"):
            out.sendto(b"x", ("127.0.0.1", 9))
        with pytest.raises(OSError, match="over connections only"):
            out.sendmsg([b"x"], [], 0, ("127.0.0.1", 9))
        with pytest.raises(OSError, match="starts no program"):
            subprocess.run(["true"], check=True)


def test_another_thread_is_not_judged(attempt):
    with receive() as receiver:
        strict = Attempt(guard=Guard(allow_private=False), mailer=Mailer())
        with watch(strict):
            with pytest.raises(OSError, match="loopback"):
                socket.create_connection(("127.0.0.1", receiver.port), 1)
            connected = []
            thread = threading.Thread(
                target=lambda: connected.append(socket.create_connection(("127.0.0.1", receiver.port), 1))
            )
            thread.start()
            thread.join()
        connected[0].close()


def test_a_connection_that_never_comes_about_is_cut_off_at_the_deadline(attempt):
    """A full backlog lets a SYN go unanswered; the socket waits without a timeout of its own."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        started = time.monotonic()
        with socket.socket() as client, watch(attempt), pytest.raises(OSError):  # noqa: PT012
            client.connect(full.getsockname())
            client.recv(1)
        assert time.monotonic() - started < 20  # the kernel would try for two minutes
        for filler in fillers:
            filler.close()


def test_a_descriptor_is_given_back_after_each_delivery(courier):
    import os

    with receive() as receiver:
        courier.send_one(to(receiver.url))
        before = len(os.listdir("/proc/self/fd"))
        for number in range(20):
            courier.send_one(to(receiver.url, number))
        assert len(os.listdir("/proc/self/fd")) <= before + 2
