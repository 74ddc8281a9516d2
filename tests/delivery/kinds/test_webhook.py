"""Webhooks against real servers on loopback that behave well and badly."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from delivery.config import check_config
from delivery.message import Outcome
from delivery.signing import make_secret, sign
from probes.guard import Guard
from tests.delivery.receivers import Say, lead_to, make_certificate, make_delivery, receive
from tests.hostile.servers import answer, drip, drip_header, flood, hang_up, reset, serve, stay_silent

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def to(url, **config):
    return make_delivery("webhook", {"url": url, **config})


def read_example():
    """The receiver's code in the documentation, as it stands there."""
    page = (Path(__file__).parents[3] / "docs/alerting.md").read_text()
    names: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)  # noqa: S102
    return names["is_ours"]


verify = read_example()


def test_the_document_says_all_there_is_in_data_and_in_words(courier):
    with receive() as receiver:
        receipt = courier.send_one(to(receiver.url))
    (request,) = receiver.requests
    assert (receipt.outcome, receipt.status, receipt.attempt) == (Outcome.SENT, 200, 1)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "alert-17-down-3"
    assert "webhook-signature" not in request.headers
    document = request.json
    assert datetime.fromisoformat(document.pop("sent_at")) <= receipt.at
    assert document == {
        "event": "down",
        "incident": {"id": 7},
        "monitor": {"id": 3, "name": "Shop"},
        "key": "alert-17-down-3",
        "subject": "Shop is down",
        "text": "Shop is down: expected 200-299, got 503.",
        "link": "https://status.example/incidents/7",
        "tone": "bad",
    }


@pytest.mark.parametrize("secret", [SECRET, "a text of the user's own"])
def test_a_receiver_can_verify_the_signature_and_sees_when_it_is_another_body(courier, secret):
    with receive() as receiver:
        courier.send_one(to(receiver.url, secret=secret))
    (request,) = receiver.requests
    assert request.headers["webhook-id"] == "alert-17-down-3"
    assert verify(secret, request.headers, request.body)
    assert not verify(secret, request.headers, request.body + b" ")
    assert not verify(make_secret(), request.headers, request.body)


def test_a_secret_that_is_made_is_one_that_is_taken_and_never_the_same():
    made = {make_secret() for _ in range(10)}
    assert len(made) == 10
    for secret in made:
        assert check_config("webhook", {"url": "https://example.com/", "secret": secret})["secret"] == secret


def test_a_message_of_yesterday_is_not_believed(courier, monkeypatch):
    with receive() as receiver:
        courier.send_one(to(receiver.url, secret=SECRET))
    (request,) = receiver.requests
    yesterday = str(int(request.headers["webhook-timestamp"]) - 86_400)
    assert not verify(SECRET, request.headers | {"webhook-timestamp": yesterday}, request.body)


def test_the_signature_is_the_one_of_the_standards_example():
    """From the specification of Standard Webhooks, "Signature scheme"; made with their library."""
    signed = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_second_attempt_has_the_same_key(courier):
    with receive(Say(500), Say(200)) as receiver:
        courier.send_one(to(receiver.url, secret=SECRET))
        courier.send_one(make_delivery("webhook", {"url": receiver.url, "secret": SECRET}, attempt=2))
    assert {request.headers["idempotency-key"] for request in receiver.requests} == {"alert-17-down-3"}
    assert {request.headers["webhook-id"] for request in receiver.requests} == {"alert-17-down-3"}


def test_method_and_headers_are_the_users(courier):
    headers = {
        "X-Plain": "1",
        "Authorization": "Bearer t0ps3cret",
        "X-Hidden": {"value": "v", "secret": True},
    }
    with receive() as receiver:
        courier.send_one(to(receiver.url, method="PUT", headers=headers))
    (request,) = receiver.requests
    assert request.method == "PUT"
    assert request.headers["x-plain"] == "1"
    assert request.headers["authorization"] == "Bearer t0ps3cret"
    assert request.headers["x-hidden"] == "v"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.SENT), (202, Outcome.SENT), (204, Outcome.SENT),
        (408, Outcome.RETRY), (425, Outcome.RETRY), (429, Outcome.RETRY),
        (500, Outcome.RETRY), (502, Outcome.RETRY), (503, Outcome.RETRY), (599, Outcome.RETRY),
        (303, Outcome.REFUSED), (400, Outcome.REFUSED), (401, Outcome.REFUSED), (403, Outcome.REFUSED),
        (404, Outcome.REFUSED), (410, Outcome.REFUSED), (422, Outcome.REFUSED),
    ],
)  # fmt: skip
def test_the_status_says_whether_it_is_tried_again(courier, status, outcome):
    with receive(Say(status, b"")) as receiver:
        receipt = courier.send_one(to(receiver.url))
    assert (receipt.outcome, receipt.status, receipt.retry_after_s) == (outcome, status, None)


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_ask_for_a_pause_in_seconds_or_until_a_moment(courier, status):
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    answers = [
        Say(status, headers={"Retry-After": each})
        for each in ("30", until, "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5")
    ]
    with receive(*answers) as receiver:
        waits = [courier.send_one(to(receiver.url)).retry_after_s for _ in answers]
    assert waits[0] == 30.0
    assert 110 < waits[1] <= 120
    assert waits[2:] == [0.0, None, None]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_with_the_body_and_the_method(courier, status):
    with receive(Say(status, headers={"Location": "/moved"}), Say()) as receiver:
        receipt = courier.send_one(to(receiver.url, secret=SECRET, headers={"X-A": "1"}))
    assert receipt.outcome is Outcome.SENT
    first, second = receiver.requests
    assert (second.method, second.path, second.body) == ("POST", "/moved", first.body)
    assert second.headers["x-a"] == "1"
    assert verify(SECRET, second.headers, second.body)


def test_secrets_and_signature_do_not_go_to_another_origin(courier):
    headers = {"Authorization": "Bearer t0ps3cret", "X-A": "1"}
    with receive() as other, receive(Say(307, headers={"Location": other.url})) as receiver:
        receipt = courier.send_one(to(receiver.url, secret=SECRET, headers=headers))
    assert receipt.outcome is Outcome.SENT
    (request,) = other.requests
    assert {"authorization", "x-a", "webhook-signature", "webhook-id"} & set(request.headers) == set()
    assert request.headers["idempotency-key"] == "alert-17-down-3"
    assert request.body == receiver.requests[0].body


def test_redirects_end_after_three(courier):
    with receive(Say(308, headers={"Location": "/again"})) as receiver:
        receipt = courier.send_one(to(receiver.url))
    assert (receipt.outcome, len(receiver.requests)) == (Outcome.REFUSED, 4)
    assert receipt.answer == "It redirects more than 3 times; enter the address where that ends."


@pytest.mark.parametrize("onward", ["ftp://127.0.0.1/", "http://u:p@127.0.0.1/"])
def test_a_redirect_to_no_web_address_is_refused(courier, onward):
    with receive(Say(308, headers={"Location": onward})) as receiver:
        receipt = courier.send_one(to(receiver.url))
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.answer == "It redirects to something that is no web address."


def test_a_redirect_inward_meets_the_guard(make_courier, monkeypatch):
    """127.0.0.2 stands for a public address; the redirect leads to the loopback that is none."""
    check = Guard.check
    monkeypatch.setattr(
        Guard, "check", lambda self, address: None if address == "127.0.0.2" else check(self, address)
    )
    with receive() as inner, receive(Say(308, headers={"Location": inner.url}), host="127.0.0.2") as public:
        receipt = make_courier(allow_private=False).send_one(to(public.url))
        assert len(public.requests) == 1
        assert inner.requests == []
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.answer == "It leads to a loopback address, and messages must not be sent there."


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://[::1]:9/", "http://10.0.0.1/", "http://0x7f.1/"]
)
def test_a_private_address_is_refused_before_a_connection_is_made(make_courier, url):
    receipt = make_courier(allow_private=False).send_one(to(url))
    assert receipt.outcome is Outcome.REFUSED
    assert "must not be sent there" in receipt.answer


def test_a_name_that_leads_inward_is_refused(make_courier, monkeypatch):
    with receive() as receiver:
        lead_to(receiver.port, monkeypatch=monkeypatch)
        receipt = make_courier(allow_private=False).send_one(to("https://hooks.example/x"))
    assert (receipt.outcome, receiver.requests) == (Outcome.REFUSED, [])


@pytest.mark.parametrize(
    ("behave", "sentence"),
    [
        (stay_silent, "No complete answer came in time (10 seconds)."),
        (drip_header, "No complete answer came in time (10 seconds)."),
        (reset, "It broke the connection off before it answered."),
        (hang_up, "It broke the connection off before it answered."),
    ],
)
@pytest.mark.parametrize("kind", ["webhook", "apprise"])
def test_a_receiver_that_does_not_answer_is_tried_again_and_holds_no_thread(
    make_courier, behave, sentence, kind
):
    courier = make_courier(deadline_s=0.5, concurrency=1)
    with serve(behave) as server, receive() as receiver:
        url = server.url if kind == "webhook" else f"json://{server.address}"
        receipt = courier.send_one(make_delivery(kind, {"url": url}))
        assert courier.send_one(to(receiver.url)).outcome is Outcome.SENT  # its one thread is free again
    assert (receipt.outcome, receipt.status, receipt.answer) == (Outcome.RETRY, None, sentence)
    assert receipt.took_ms < 1_500


@pytest.mark.parametrize("kind", ["webhook", "apprise"])
@pytest.mark.parametrize("behave", [drip, flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536)])
def test_a_body_without_end_changes_nothing_about_the_status(make_courier, behave, kind):
    with serve(behave) as server:
        url = server.url if kind == "webhook" else f"json://{server.address}"
        receipt = make_courier(deadline_s=0.5).send_one(make_delivery(kind, {"url": url}))
    assert (receipt.outcome, receipt.status) == (Outcome.SENT, 200)
    assert len(receipt.answer) <= 500
    assert receipt.took_ms < 1_500


@pytest.mark.parametrize("kind", ["webhook", "apprise"])
@pytest.mark.parametrize(
    "content_type",
    [
        *(
            f"text/plain; charset={label}"
            for label in ("foo", "undefined", "idna", "punycode", "rot13", "hex")
        ),
        "text/plain; charset*=no'such'%ff",
        "text/plain; charset=",
        "; charset=\xff",
    ],
)
def test_a_charset_that_is_none_is_no_reason_to_send_again(courier, kind, content_type):
    with serve(answer(b"taken", headers=(f"Content-Type: {content_type}",))) as server:
        url = server.url if kind == "webhook" else f"json://{server.address}"
        receipt = courier.send_one(make_delivery(kind, {"url": url}))
        assert server.served == 1
    assert (receipt.outcome, receipt.answer) == (Outcome.SENT, "200 OK: taken")


@pytest.mark.parametrize("kind", ["webhook", "apprise"])
def test_what_a_receiver_says_is_read_in_its_own_charset(courier, kind):
    behave = answer("übernommen".encode("utf-16"), headers=("Content-Type: text/plain; charset=utf-16",))
    with serve(behave) as server:
        url = server.url if kind == "webhook" else f"json://{server.address}"
        receipt = courier.send_one(make_delivery(kind, {"url": url}))
    assert receipt.answer == "200 OK: übernommen"


@pytest.mark.parametrize("kind", ["webhook", "apprise"])
def test_a_packed_body_is_unpacked_in_bounds_and_a_broken_one_is_left(courier, kind):
    behave = answer(gzip.compress(b"taken " * 1_000_000), headers=("Content-Encoding: gzip",))
    with serve(behave) as server:
        url = server.url if kind == "webhook" else f"json://{server.address}"
        assert courier.send_one(make_delivery(kind, {"url": url})).answer.startswith("200 OK: taken taken")
    behave = answer(b"\x1f\x8b\x08junk", headers=("Content-Encoding: gzip",))
    with serve(behave) as server:
        url = server.url if kind == "webhook" else f"json://{server.address}"
        receipt = courier.send_one(make_delivery(kind, {"url": url}))
    assert (receipt.outcome, receipt.answer) == (Outcome.SENT, "200 OK.")


def test_a_port_where_nobody_listens_is_tried_again(courier):
    with receive() as receiver:
        pass
    receipt = courier.send_one(to(receiver.url))
    assert (receipt.outcome, receipt.answer) == (Outcome.RETRY, "It refuses connections.")


def test_a_name_that_does_not_exist_is_tried_again(courier):
    receipt = courier.send_one(to("http://nowhere.invalid/"))
    assert (receipt.outcome, receipt.answer) == (Outcome.RETRY, "Its name cannot be found (DNS).")


def test_a_certificate_that_is_not_to_be_trusted_is_not(courier):
    _, context = make_certificate("127.0.0.1")
    with receive(context=context) as receiver:
        receipt = courier.send_one(to(receiver.url))
    assert (receipt.outcome, receiver.requests) == (Outcome.RETRY, [])
    assert receipt.answer.startswith("Its certificate is not to be trusted: ")


def test_what_is_said_is_read_as_a_person_would(courier):
    page = (
        b"<html><style>b{color:red}</style><h1>Gone</h1>\r\n<script>alert(1)</script><p>No \x1b[31mhook</p>"
    )
    with receive(Say(410, page)) as receiver:
        receipt = courier.send_one(to(receiver.url))
    assert receipt.answer == "410 Gone: Gone No [31mhook"


def test_secrets_that_come_back_are_not_kept(courier, caplog):
    url_secret, header_secret = "t0kenInTheQuery", "t0ps3cretHeader"
    headers = {"Authorization": f"Bearer {header_secret}", "X-B": {"value": "an0ther%s3cret"}}
    echo = json.dumps({"q": url_secret, "a": header_secret, "b": "an0ther%s3cret", "s": SECRET}).encode()
    caplog.set_level("DEBUG")
    with receive(Say(400, echo)) as receiver:
        config = check_config(
            "webhook", {"url": f"{receiver.url}?token={url_secret}", "headers": headers, "secret": SECRET}
        )
        delivery = make_delivery("webhook", config)
        receipt = courier.send_one(delivery)
    seen = f"{receipt!r} {delivery!r} {courier!r} {caplog.text}"
    for secret in (url_secret, header_secret, "an0ther%s3cret", SECRET):
        assert secret not in seen
    assert receipt.answer.count("•••") >= 4


def test_what_a_stranger_entered_leads_to_no_private_address_whatever_the_operator_allows(make_courier):
    with receive() as receiver:
        delivery = msgspec.structs.replace(to(receiver.url), from_stranger=True)
        receipt = make_courier(allow_private=True).send_one(delivery)
        assert receiver.requests == []
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.answer == "It leads to a loopback address, and messages must not be sent there."
