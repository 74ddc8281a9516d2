"""From each kind's form to the request that arrives at the service: real TLS to the service's own name, which
leads to a receiver on loopback."""

import html
import inspect
import json
import pkgutil
import re
from importlib import import_module
from urllib.parse import unquote_plus

import apprise.plugins
import pytest

from delivery.config import check_config, split_secrets
from delivery.http import trusted
from delivery.kinds import KINDS
from delivery.message import Outcome, Tone
from delivery.services import _REFUSED, check_service
from tests.delivery.receivers import Say, lead_to, make_certificate, make_delivery, receive

CONFIGS = {
    "slack": {"webhook_url": "https://hooks.slack.com/services/T00000001/B00000002/sLackS3cretT0ken"},
    "discord": {
        "webhook_url": "https://discord.com/api/webhooks/123456789/dIsc0rdS3cretT0ken", "thread_id": "42"
    },
    "telegram": {
        "bot_token": "123456789:AAEhBOweik6ad6PsVMRxjeQKXkq8rLrXyZ", "chat_id": "-1001234", "topic_id": "9"
    },
    "pagerduty": {"routing_key": "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6", "region": "eu"},
    "opsgenie": {"api_key": "12345678-1234-1234-1234-123456789abc", "responders": ["ops"]},
    "msteams": {
        "webhook_url": "https://prod-01.westeurope.logic.azure.com:443/workflows/a1b2c3d4/triggers/manual/paths/"
        "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=t3amsS3cretSignature"
    },
    "ntfy": {"server": "https://ntfy.example", "topic": "acme-8f3k", "token": "tk_s3cretTokenOfNtfy"},
    "twilio": {
        "account_sid": "AC" + "0a" * 16, "auth_token": "7w1l10s3cretT0ken0000000000000ab",
        "from_phone": "+15550001111", "to": ["+1 555 222 3333", "0049 151 23456789"],
    },
    "pushover": {"user_key": "u" * 29 + "1", "api_token": "a" * 29 + "2", "devices": ["phone"]},
    "whatsapp": {
        "access_token": "EAAG0123456789abcdefXYZ", "phone_number_id": "109876543210",
        "to": ["+4915123456789"], "template": "alert",
    },
    "apprise": {"url": "gotifys://gotify.example/AbCdEfGhIjKlMnO"},
}  # fmt: skip
NAMES = (
    "hooks.slack.com", "discord.com", "api.telegram.org", "events.eu.pagerduty.com", "events.pagerduty.com",
    "api.opsgenie.com", "prod-01.westeurope.logic.azure.com", "ntfy.example", "api.twilio.com",
    "api.pushover.net", "graph.facebook.com", "gotify.example",
)  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    authority, context = make_certificate(*NAMES)
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file, context


@pytest.fixture
def services(authority, monkeypatch):
    """Every service's name leads here; ``asked`` are the names looked up."""
    file, context = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    trusted.cache_clear()
    with receive(context=context) as receiver:
        receiver.asked = lead_to(receiver.port, monkeypatch=monkeypatch)
        yield receiver
    trusted.cache_clear()


def send(courier, kind, **content):
    receipt = courier.send_one(make_delivery(kind, CONFIGS[kind], **content))
    for secret in secrets_of(kind):
        assert secret not in repr(receipt)
    return receipt


def secrets_of(kind):
    return re.findall(r"[\w-]*(?:s3cret|S3cret)[\w-]*", json.dumps(CONFIGS[kind]))


def only(services, kind, courier, **content):
    receipt = send(courier, kind, **content)
    assert receipt.outcome is Outcome.SENT, receipt
    (request,) = services.requests
    assert request.headers["idempotency-key"] == "alert-17-down-3"
    return request


def test_there_is_a_request_here_for_every_kind():
    assert set(CONFIGS) | {"email", "webhook"} == set(KINDS)


def test_slack_gets_mrkdwn_at_its_incoming_webhook(services, courier):
    services.answers = [Say(body=b"ok")]
    request = only(services, "slack", courier, markdown="**Shop** is <down>")
    assert request.path == "/services/T00000001/B00000002/sLackS3cretT0ken"
    text = request.body.decode()
    assert "*Shop*" in text
    assert "Shop is down" in text
    assert "https://status.example/incidents/7" in text
    assert "#A32037" in text


def test_discord_gets_the_message_in_the_thread(services, courier):
    request = only(services, "discord", courier, markdown="**Shop** got 503")
    assert request.path.startswith("/api/webhooks/123456789/dIsc0rdS3cretT0ken")
    assert "thread_id=42" in request.path
    (embed,) = request.json["embeds"]
    assert (embed["title"], embed["url"]) == ("Shop is down", "https://status.example/incidents/7")
    assert embed["description"] == "**Shop** got 503\n\nhttps://status.example/incidents/7"
    assert embed["color"] == 0xA32037


def test_a_login_that_works_is_not_the_message(services, courier):
    login = Say(body=b'{"status": "success", "data": {"userId": "u", "authToken": "t"}}')
    services.answers = [login, Say(403, b'{"error": "not in this room"}'), login]
    url = "rockets://user:passw0rd@gotify.example/%23ops"
    receipt = courier.send_one(make_delivery("apprise", {"url": url}))
    assert [request.path for request in services.requests][:2] == [
        "/api/v1/login",
        "/api/v1/chat.postMessage",
    ]
    assert (receipt.outcome, receipt.status) == (Outcome.REFUSED, 403)
    assert "not in this room" in receipt.answer


def test_a_2xx_whose_body_says_no_is_refused(services, courier):
    services.answers = [Say(200, b"invalid_token")]
    receipt = send(courier, "slack")
    assert (receipt.outcome, receipt.answer) == (Outcome.REFUSED, "200 OK: invalid_token")


LOUD = "got @everyone <!channel> <@U123> <at>all</at> from ann@example.com"


@pytest.mark.parametrize("kind", ["slack", "discord", "telegram", "msteams"])
def test_what_a_target_said_calls_nobody(services, courier, kind):
    services.answers = [Say(body=b"ok")]
    request = only(services, kind, courier, text=LOUD, markdown=LOUD, subject=f"Shop {LOUD}")
    text = html.unescape(json.dumps(request.json, ensure_ascii=False))
    for mention in ("@everyone", "<@U123", *(() if kind == "discord" else ("<!channel", "<at>"))):
        assert mention not in text
    assert "allow_mentions" not in request.json


@pytest.mark.parametrize("kind", ["twilio", "whatsapp", "ntfy", "pushover"])
def test_where_nobody_can_be_called_the_text_stays_as_it_is(services, courier, kind):
    send(courier, kind, text=LOUD)
    body = services.requests[0].body
    said = services.requests[0].json if body.startswith(b"{") else services.requests[0].form
    assert LOUD in json.dumps(said)


def test_a_text_that_begins_with_its_subject_says_it_once(services, courier):
    services.answers = [Say(body=b"ok")]
    text = "Shop is down\n\nExpected 200-299, got 503."
    for kind in ("twilio", "telegram", "pushover", "slack"):
        send(courier, kind, text=text, markdown=f"**{text.replace(chr(10), '**' + chr(10), 1)}")
    said = [unquote_plus(request.body.decode()) for request in services.requests]
    assert [text.count("Shop is down") for text in said] == [1] * 5  # twilio sends two
    assert all("Expected 200-299, got 503." in text for text in said)


def test_telegram_gets_the_chat_and_the_topic(services, courier):
    request = only(services, "telegram", courier)
    assert request.path == "/bot123456789:AAEhBOweik6ad6PsVMRxjeQKXkq8rLrXyZ/sendMessage"
    assert request.json["chat_id"] == -1001234
    assert request.json["message_thread_id"] == 9
    assert "Shop is down" in request.json["text"]


def test_teams_gets_an_adaptive_card(services, courier):
    request = only(services, "msteams", courier)
    assert request.path.startswith("/workflows/a1b2c3d4/triggers/manual/paths/invoke?")
    assert "sig=t3amsS3cretSignature" in request.path
    assert request.json["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert "Shop is down" in request.body.decode()


@pytest.mark.parametrize(
    ("tone", "priority"), [(Tone.BAD, "high"), (Tone.GOOD, "default"), (Tone.INFO, "low")]
)
def test_ntfy_gets_a_priority_by_tone_and_the_link_to_click(services, courier, tone, priority):
    request = only(services, "ntfy", courier, tone=tone)
    assert services.asked == ["ntfy.example"]
    assert request.headers["authorization"] == "Bearer tk_s3cretTokenOfNtfy"
    assert (request.json["topic"], request.json["title"]) == ("acme-8f3k", "Shop is down")
    assert request.headers.get("x-priority", "default") == priority
    assert request.headers["x-click"] == "https://status.example/incidents/7"


def test_twilio_gets_one_message_for_each_number(services, courier):
    assert send(courier, "twilio").outcome is Outcome.SENT
    assert [request.form["To"] for request in services.requests] == ["+15552223333", "+4915123456789"]
    request = services.requests[0]
    assert request.path == f"/2010-04-01/Accounts/AC{'0a' * 16}/Messages.json"
    assert request.form["From"] == "+15550001111"
    assert "expected 200-299, got 503" in request.form["Body"]


def test_one_number_that_is_wrong_does_not_make_the_other_get_it_again(services, courier):
    services.answers = [Say(201), Say(400, b'{"message": "not a mobile number"}')]
    receipt = send(courier, "twilio")
    assert receipt.outcome is Outcome.SENT
    assert receipt.answer == '1 of 2 took it. Refused: 400 Bad Request: {"message": "not a mobile number"}'


@pytest.mark.parametrize(("tone", "priority"), [(Tone.BAD, "1"), (Tone.GOOD, "0"), (Tone.INFO, "-1")])
def test_pushover_gets_a_priority_by_tone(services, courier, tone, priority):
    form = only(services, "pushover", courier, tone=tone).form
    assert (form["token"], form["user"], form["device"]) == ("a" * 29 + "2", "u" * 29 + "1", "phone")
    assert (form["title"], form["priority"]) == ("Shop is down", priority)
    assert form["url"] == "https://status.example/incidents/7"


def test_whatsapp_gets_the_text_as_the_templates_parameter(services, courier):
    request = only(services, "whatsapp", courier)
    assert request.path.endswith("/109876543210/messages")
    assert request.headers["authorization"] == "Bearer EAAG0123456789abcdefXYZ"
    template = request.json["template"]
    assert (template["name"], template["language"]["code"]) == ("alert", "en_US")
    (parameter,) = template["components"][0]["parameters"]
    assert parameter["text"] == (
        "Shop is down Shop is down: expected 200-299, got 503. https://status.example/incidents/7"
    )


def test_an_address_of_apprise_is_sent_as_it_says(services, courier):
    request = only(services, "apprise", courier)
    assert services.asked == ["gotify.example"]
    assert request.path == "/message"
    assert request.headers["x-gotify-key"] == "AbCdEfGhIjKlMnO"
    assert request.json["title"] == "Shop is down"


def test_pagerduty_resolves_what_it_triggered(services, courier):
    for event in ("down", "reminder", "acknowledged", "recovered"):
        data = {"event": event, "incident": {"id": 7}}
        assert send(courier, "pagerduty", data=data).outcome is Outcome.SENT
    assert services.asked == ["events.eu.pagerduty.com"] * 4
    said = [request.json for request in services.requests]
    assert [each["event_action"] for each in said] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {each["dedup_key"] for each in said} == {"sentrypulse-incident-7"}
    assert said[0]["payload"] == {
        "summary": "Shop is down",
        "source": "status.example",
        "severity": "critical",
        "custom_details": {"text": "Shop is down: expected 200-299, got 503."},
    }


def test_what_belongs_to_no_incident_is_an_alert_of_its_own(services, courier):
    assert only(services, "pagerduty", courier, data={"event": "test"}).json["dedup_key"] == "alert-17-down-3"


def test_trouble_that_is_no_incident_is_resolved_as_well(services, courier):
    for event in ("tls_expiring", "recovered"):
        send(courier, "pagerduty", data={"event": event, "incident": None, "trouble": {"id": 5}})
    said = [(request.json["event_action"], request.json["dedup_key"]) for request in services.requests]
    assert said == [("trigger", "sentrypulse-trouble-5"), ("resolve", "sentrypulse-trouble-5")]


def test_opsgenie_closes_what_it_created(services, courier):
    for event in ("down", "acknowledged", "recovered"):
        send(courier, "opsgenie", data={"event": event, "incident": {"id": 7}})
    assert [request.path for request in services.requests] == [
        "/v2/alerts",
        "/v2/alerts/sentrypulse-incident-7/acknowledge?identifierType=alias",
        "/v2/alerts/sentrypulse-incident-7/close?identifierType=alias",
    ]
    created = services.requests[0]
    assert created.headers["authorization"] == "GenieKey 12345678-1234-1234-1234-123456789abc"
    assert (created.json["alias"], created.json["priority"]) == ("sentrypulse-incident-7", "P1")
    assert created.json["responders"] == [{"type": "team", "name": "ops"}]


@pytest.mark.parametrize("kind", [kind for kind in CONFIGS if kind != "twilio"])
@pytest.mark.parametrize(
    ("say", "outcome", "wait_s"),
    [
        (Say(429, b"slow down", {"Retry-After": "17"}), Outcome.RETRY, 17.0),
        (Say(503, b"", {"Retry-After": "90"}), Outcome.RETRY, 90.0),
        (Say(500), Outcome.RETRY, None),
        (Say(404, b"no such hook"), Outcome.REFUSED, None),
        (Say(401), Outcome.REFUSED, None),
    ],
)
def test_every_kind_tells_what_its_service_answered_and_asks_once(
    services, courier, kind, say, outcome, wait_s
):
    services.answers = [say]
    receipt = send(courier, kind)
    assert (receipt.outcome, receipt.status, receipt.retry_after_s) == (outcome, say.status, wait_s)
    assert len(services.requests) == 1


@pytest.mark.parametrize("kind", CONFIGS)
def test_no_kind_shows_its_secrets_though_the_receiver_repeats_them(services, courier, kind):
    text = json.dumps(CONFIGS[kind])
    services.answers = [Say(400, text.encode())]
    answer = send(courier, kind).answer
    assert "•••" in answer
    for value in split_secrets(kind, CONFIGS[kind])[1].values():
        assert value not in answer
        for part in re.findall(r"\w{10,}", value.partition("://")[2]):
            assert part not in answer or part in {"2Ftriggers", "2Fmanual"}


@pytest.mark.parametrize("kind", sorted(set(CONFIGS) - {"apprise"}))
def test_no_kind_reaches_a_private_address_when_it_must_not(services, make_courier, kind):
    receipt = send(make_courier(allow_private=False), kind)
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.answer == "127.0.0.1 is a loopback address, and messages must not be sent there."
    assert services.requests == []


# ---- which of Apprise's addresses are taken ----


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("syslog://", "is not spoken over HTTP"),
        ("dbus://", "is not spoken over HTTP"),
        ("windows://", "is not spoken over HTTP"),
        ("macosx://", "is not spoken over HTTP"),
        ("rsyslog://127.0.0.1", "is not spoken over HTTP"),
        ("xmpp://user:secret@example.com", "is not spoken over HTTP"),
        ("mailto://user:secret@example.com", "kind email"),
        ("file:///etc/passwd", "knows no file://"),
        ("include://x", "knows no include://"),
        ("gotify://", "of this form"),
        ("nonsense", "Must look like"),
        ("slack://T1/B1/C1/?template=/etc/passwd", "names a file"),
        ("tgram://123456789:AAEhBOweik6ad6PsVMRxjeQKXkq8rLrXyZ/1?template=/etc/passwd", "names a file"),
        ("fcm://project@secretkey/device?keyfile=/etc/passwd", "names a file"),
        ("ntfy://topic?attach=/etc/passwd", "names a file"),
        ("jsons://user:secret@example.com/?verify=no", "verify=no"),
    ],
)
def test_an_address_that_reaches_this_machine_or_weakens_us_is_refused(url, sentence):
    problem = check_service(url)
    assert sentence in problem
    assert "secret" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "gotify://host/token",
        "json://user:pw@host/path?+X-Key=1",
        "matrixs://user:pw@matrix.example/#room",
        "https://discord.com/api/webhooks/123456789/dIsc0rdS3cretT0ken",
    ],
)
def test_an_address_of_a_service_over_http_is_taken(url):
    assert check_config("apprise", {"url": url}) == {"url": url}


def test_every_plugin_that_is_not_refused_speaks_http_alone_and_in_our_thread():
    """An upgrade of Apprise may bring services that open sockets, files or threads of their own."""
    suspicious = re.compile(
        r"^\s*(?:import|from) (?:socket|smtplib|subprocess|ctypes|asyncio|concurrent"
        r"|multiprocessing|paho|slixmpp|websocket|urllib\.request|http\.client|httpx|aiohttp|telnetlib|ftplib)\b"
        r"|Thread\(|Executor\(|start_new_thread",
        re.MULTILINE,
    )
    found = set()
    for schema in apprise.plugins.N_MGR.schemas():
        if schema in _REFUSED or schema.startswith("mailto"):
            continue
        for module in modules_of(apprise.plugins.N_MGR[schema]):
            if suspicious.search(inspect.getsource(module)):
                found.add(schema)
    assert found == set()


def modules_of(plugin):
    """The module of the class; where that is a package, all of its modules."""
    name = plugin.__module__.rpartition(".base")[0] or plugin.__module__
    module = import_module(name)
    return [module] + [
        import_module(f"{name}.{each.name}") for each in pkgutil.iter_modules(getattr(module, "__path__", []))
    ]
