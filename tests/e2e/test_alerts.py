"""Alerts by the real process: told within seconds, and told after `kill -9` at the two worst moments."""

import threading
import time
from contextlib import suppress
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller

from tests.e2e.harness import free_port, wait_for
from tests.e2e.test_kill import rows
from tests.e2e.test_new_user import sign_up


class Receiver:
    """A webhook's receiver. ``before_answer`` runs when a request is there and nothing was answered yet."""

    def __init__(self):
        self.came, self.before_answer = [], lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append((time.time(), self.headers["Idempotency-Key"], body.decode()))
                receiver.before_answer()
                with suppress(OSError):  # who asked may have been killed
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def keys(self, word):
        return [key for _, key, body in self.came if word in body]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Mailbox:
    def __init__(self):
        self.came = []

    async def handle_DATA(self, server, session, envelope):
        letter = message_from_bytes(envelope.content, policy=policy.default)
        if letter["Idempotency-Key"]:  # an alert's; others are about the account
            self.came.append((time.time(), envelope.rcpt_tos, letter))
        return "250 OK"


@pytest.fixture
def mailbox():
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


def watch(api, target, receiver):
    """A channel to the receiver, told of everything, and a monitor of the target."""
    channel = api.post("channels/", json={"name": "Hook", "kind": "webhook", "config": {"url": receiver.url}})
    assert channel.status_code == 201, channel.text
    rule = {"name": "All", "steps": [{"channels": [channel.json()["id"]]}]}
    assert api.post("alert-rules/", json=rule).status_code == 201
    asked = {
        "name": "Shop",
        "kind": "http",
        "url": target.url,
        "interval_s": 1,
        "recheck_s": 1,
        "timeout_s": 1,
    }
    assert api.post("monitors/", json=asked).status_code == 201
    wait_for(lambda: api.get("monitors/").json()["results"][0]["status"] == "up")


def test_a_target_dies_and_webhook_and_letter_tell_it_in_seconds(sentrypulse, target, receiver, mailbox):
    sentrypulse.environment["EMAIL_URL"] = mailbox.url
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        watch(api, target, receiver)
        died_at = time.time()
        target.stop()
        wait_for(lambda: receiver.keys("Shop is down") and mailbox.came)
        target.start()
        wait_for(lambda: receiver.keys("Shop has recovered") and len(mailbox.came) == 2)
        wait_for(lambda: {row["status"] for row in api.get("deliveries/").json()["results"]} == {"sent"})
        ledger = api.get("deliveries/").json()["results"]
    down, recovered = (letter for _, _, letter in mailbox.came)
    assert down["Subject"] == "Shop is down"
    assert recovered["Subject"].startswith("Shop has recovered after")
    assert {row["key"] for row in ledger} == {
        *(letter["Idempotency-Key"] for _, _, letter in mailbox.came),
        *(key for _, key, _ in receiver.came),
    }
    assert sorted(row["event"] for row in ledger) == ["down", "down", "recovered", "recovered"]
    for at, what in [(receiver.came[0][0], "webhook"), (mailbox.came[0][0], "letter")]:
        print(f"\n{what}: {at - died_at:.1f} s after the target died", end="")  # noqa: T201  # how long it took is the point


def test_killed_between_commit_and_send_the_alert_is_sent_by_the_next_process(sentrypulse, target, receiver):
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        watch(api, target, receiver)
    target.stop()
    wait_for(
        lambda: rows(sentrypulse, "SELECT COUNT(*) FROM alerts_delivery WHERE event = 'down'")[0][0],
        every_s=0.02,
    )
    sentrypulse.kill()  # it is held for two seconds: written, and not sent
    assert receiver.came == []
    assert rows(sentrypulse, "SELECT DISTINCT attempts FROM alerts_delivery") == [(0,)]
    sentrypulse.start()
    wait_for(lambda: receiver.keys("Shop is down"))
    settled = [("webhook", "sent", ""), ("email", "withheld", "email_console")]  # no mail server is set
    asked = (
        "SELECT kind, status, reason FROM alerts_delivery JOIN alerts_channel"
        " ON alerts_channel.id = channel_id ORDER BY kind DESC"
    )
    wait_for(lambda: rows(sentrypulse, asked) == settled)
    assert len(receiver.keys("Shop is down")) == 1


def test_killed_between_send_and_receipt_it_is_sent_again_with_the_same_key(sentrypulse, target, receiver):
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        watch(api, target, receiver)
    receiver.before_answer = sentrypulse.kill  # the receiver has it, and the sender will never know
    target.stop()
    wait_for(lambda: receiver.keys("Shop is down") and sentrypulse.process.poll() is not None)
    receiver.before_answer = lambda: None
    hook = "channel_name = 'Hook'"
    assert rows(sentrypulse, f"SELECT status FROM alerts_delivery WHERE {hook}") == [("sending",)]
    sentrypulse.start()
    wait_for(lambda: len(receiver.keys("Shop is down")) == 2)
    assert len(set(receiver.keys("Shop is down"))) == 1
    wait_for(lambda: rows(sentrypulse, f"SELECT status FROM alerts_delivery WHERE {hook}") == [("sent",)])
