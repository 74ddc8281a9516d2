"""From each kind's form to the request that arrives at the service: real TLS to the service's own name, which
leads to a receiver on loopback."""

import json
import re
from urllib.parse import unquote_plus

import pytest

from delivery.config import check_config, join_secrets, list_kept_secrets, split_secrets
from delivery.message import Outcome, Tone
from delivery.registry import KINDS
from tests.delivery.chat_readers import read_discord, read_slack
from tests.delivery.examples import CONFIGS, only, send
from tests.delivery.receivers import Say, make_delivery


def test_there_is_a_request_here_for_every_kind():
    assert set(CONFIGS) | {"email", "webhook"} == set(KINDS)


def test_slack_gets_rich_text_at_its_incoming_webhook(services, courier):
    services.answers = [Say(body=b"ok")]
    request = only(services, "slack", courier, markdown="**Shop** is <down>")
    assert request.path == "/services/T00000001/B00000002/sLackS3cretT0ken"
    assert read_slack(request.json) == ("Shop is down\nShop is <down>\n\nhttps://status.example/incidents/7")
    assert request.json["attachments"][0]["color"] == "#b91c1c"


def test_discord_gets_the_message_in_the_thread(services, courier):
    request = only(services, "discord", courier, markdown="**Shop** got 503")
    assert request.path == "/api/webhooks/123456789/dIsc0rdS3cretT0ken?thread_id=42"
    (embed,) = request.json["embeds"]
    assert (embed["title"], embed["url"]) == ("Shop is down", "https://status.example/incidents/7")
    link = "[https\\:\\/\\/status\\.example\\/incidents\\/7](<https://status.example/incidents/7>)"
    assert embed["description"] == f"**Shop** got 503\n\n{link}"
    assert embed["color"] == 0xB91C1C


def test_telegram_says_in_its_answer_how_long_to_wait(services, courier):
    said = b'{"ok": false, "error_code": 429, "parameters": {"retry_after": 35}}'
    services.answers = [Say(429, said)]
    receipt = send(courier, "telegram")
    assert (receipt.outcome, receipt.retry_after_s) == (Outcome.RETRY, 35.0)


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


@pytest.mark.parametrize("schema", ["mmosts://gotify.example/3ccdd113474722377935511fc85d3dd4"])
def test_what_a_target_said_calls_nobody_and_makes_no_link_through_apprise(services, courier, schema):
    loud = f"{LOUD} [Acknowledge](https://evil.example/) <https://evil.example/|here>"
    delivery = make_delivery("apprise", {"url": schema}, text=loud, subject=f"Shop {LOUD}")
    assert courier.send_one(delivery).outcome is Outcome.SENT
    (request,) = services.requests
    text = json.dumps(request.json, ensure_ascii=False)
    for loud in ("@everyone", "<@U123", "<!channel", "<at>", "](https", "<https"):
        assert loud not in text
    assert "[Acknowledge" in request.json["text"].replace("\\", "")


@pytest.mark.parametrize(
    "said", ["__init__", "*a*b*c", "`rm -rf`", "~~gone~~", "## Resolved", "> quote", "\\*", "[x]: y", "a|b|c"]
)
def test_markup_that_a_target_said_is_text_where_apprise_hands_on_all_it_gets(services, courier, said):
    """Mattermost's Markdown takes a backslash before a sign for the sign itself; our own link stays one."""
    link = "https://status.example/incidents/7_8_9"
    text = f"Shop is down\n\n{said}\nExpected {said} there.\n\nDetails: {link}"
    url = "mmosts://gotify.example/3ccdd113474722377935511fc85d3dd4"
    delivery = make_delivery("apprise", {"url": url}, text=text, subject=f"Shop {said}", link=link)
    assert courier.send_one(delivery).outcome is Outcome.SENT
    sent = services.requests[0].json["text"]
    assert link in sent
    lines = sent.replace(link, "").splitlines()
    assert not any(re.search(r"(?<!\\)(?:\\\\)*[`*_~|\[\]]|^\s*[#>]", line) for line in lines[1:])
    shown = [re.sub(r"\\(.)", r"\1", line).replace("\u2060", "") for line in lines]
    assert said in shown
    assert f"Expected {said} there." in shown


def test_discord_is_told_to_call_nobody(services, courier):
    request = only(services, "discord", courier, text=LOUD, subject=f"Shop {LOUD}")
    assert request.json["allowed_mentions"] == {"parse": []}
    assert LOUD in read_discord(request.json)


@pytest.mark.parametrize("kind", ["twilio", "whatsapp", "ntfy", "pushover"])
def test_where_nobody_can_be_called_the_text_stays_as_it_is(services, courier, kind):
    send(courier, kind, text=LOUD)
    body = services.requests[0].body
    said = services.requests[0].json if body.startswith(b"{") else services.requests[0].form
    assert LOUD in json.dumps(said)


def test_a_text_that_begins_with_its_subject_says_it_once(services, courier):
    services.answers = [Say(body=b"ok")]
    text = "Shop is down\n\nExpected 200-299, got 503."
    for kind in ("twilio", "telegram", "pushover", "discord", "msteams"):
        send(courier, kind, text=text, markdown=f"**{text.replace(chr(10), '**' + chr(10), 1)}")
    said = [unquote_plus(request.body.decode()).replace("\\", "") for request in services.requests]
    assert [text.count("Shop is down") for text in said] == [1] * 6  # twilio sends two
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
    assert receipt.answer == "It leads to a loopback address, and messages must not be sent there."
    assert services.requests == []


@pytest.mark.parametrize("kind", [kind for kind, config in CONFIGS.items() if "server" in config])
def test_secrets_do_not_follow_to_another_server(kind):
    before = check_config(kind, CONFIGS[kind])
    public, secrets = split_secrets(kind, before)
    moved = public | {"server": "https://elsewhere.example"}
    whole = join_secrets(kind, moved, secrets)
    assert secrets
    assert list_kept_secrets(kind, moved, whole, secrets, before=before) == list(secrets)
    assert list_kept_secrets(kind, public, before, secrets, before=before) == []


def long_digest():
    items = "\n".join(f"- Shop {number} is down: expected 200-299, got 503." for number in range(900))
    return f"900 changes at once\n\n{items}\n\nDetails: https://status.example/incidents/7\n\nThe end."


@pytest.mark.parametrize("kind", sorted(CONFIGS))
def test_a_long_digest_keeps_its_end_and_its_link_in_every_kind(services, courier, kind):
    services.answers = [Say(body=b"ok")]
    send(courier, kind, subject="900 changes at once", text=long_digest())
    body = services.requests[0].body.decode()
    said = re.sub(r"\\+", "", unquote_plus(body)).replace("u2026", "…")
    for part in ("900 changes at once", "Shop 0 is down", "https://status.example/incidents/7", "The end."):
        assert part in said
    assert "more lines …" in said or kind == "apprise"


def test_a_message_within_the_services_limits_is_what_arrives(services, courier):
    limits = {"ntfy": ("message", 4_096), "pushover": ("message", 1_024), "twilio": ("Body", 1_600)}
    for kind, (name, limit) in limits.items():
        services.requests.clear()
        send(courier, kind, subject="ä" * 900, text="ü" * 9_000)
        request = services.requests[0]
        said = (request.json if request.body.startswith(b"{") else request.form)[name]
        assert 0 < (len(said.encode()) if kind == "ntfy" else len(said)) <= limit
