import json
from typing import Any

import pytest

from delivery.config import ConfigError, check_config, describe_kinds, join_secrets, split_secrets
from delivery.registry import KINDS, load_kind
from tests.delivery.examples import CONFIGS

EVERY: dict[str, Any] = CONFIGS | {
    "email": {"to": ["ann@example.com"]},
    "webhook": {
        "url": "https://example.com/hook",
        "headers": {"X-A": "1", "Authorization": "Bearer abcdef", "X-B": {"value": "hidden", "secret": True}},
        "secret": "sixteen or more characters",
    },
}


def errors_of(kind, config):
    with pytest.raises(ConfigError) as caught:
        check_config(kind, config)
    return caught.value.errors


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_complete_is_accepted_again_unchanged(kind):
    complete = check_config(kind, EVERY[kind])
    assert check_config(kind, complete) == complete


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_are_split_off_and_joined_again(kind):
    complete = check_config(kind, EVERY[kind])
    public, secrets = split_secrets(kind, complete)
    shown = json.dumps(public)
    for secret in secrets.values():
        assert secret not in shown
    assert check_config(kind, join_secrets(kind, public, secrets)) == complete


def test_an_edit_keeps_replaces_and_takes_away_secrets():
    _, secrets = split_secrets("webhook", check_config("webhook", EVERY["webhook"]))
    url = {"url": "https://example.com/hook"}
    kept = join_secrets("webhook", {**url, "headers": {"X-B": {"secret": True}}}, secrets)
    assert kept == {
        **url,
        "headers": {"X-B": {"value": "hidden", "secret": True}},
        "secret": "sixteen or more characters",
    }
    assert join_secrets("webhook", {**url, "secret": None}, secrets)["secret"] == "sixteen or more characters"
    assert join_secrets("webhook", {**url, "secret": ""}, secrets)["secret"] == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_that_is_missing_is_named(kind):
    required = {
        field["name"]
        for form in describe_kinds()
        if form["kind"] == kind
        for field in form["fields"]
        if field["required"]
    }
    errors = errors_of(kind, {})
    assert set(errors) == required
    assert all(sentence.startswith("Required: ") for sentence in errors.values())


def test_all_faults_are_told_at_once():
    assert errors_of(
        "webhook", {"url": "ftp://x", "metod": "GET", "secret": "short", "headers": {"Host": "x"}}
    ) == {
        "metod": "There is no field 'metod'. Did you mean method?",
        "url": "Must start with https:// or http:// and name a host.",
        "secret": 'Must be "whsec_" and base64 of 24 to 64 bytes, or a text of 16 to 200 characters.',
        "headers.Host": "This header is set by us; leave it out.",
    }


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        ("email", {"to": []}, "to"),
        ("email", {"to": "ann@example.com"}, "to"),
        ("email", {"to": ["ann@example.com\r\nBcc: eve@example.com"]}, "to"),
        ("email", {"to": ["ann@example.com, eve@example.com"]}, "to"),
        ("email", {"to": ["jörg@example.com"]}, "to"),
        ("email", {"to": [f"{n}@example.com" for n in range(21)]}, "to"),
        ("webhook", {"url": "https://user:pw@example.com/"}, "url"),
        ("webhook", {"url": "https://example.com/#x"}, "url"),
        ("webhook", {"url": "https://exa mple.com/"}, "url"),
        ("webhook", {"url": f"https://{'a' * 64}.com/"}, "url"),
        ("webhook", {"url": "https://example.com/", "method": "DELETE"}, "method"),
        ("webhook", {"url": "https://example.com/", "headers": {"X": "a\r\nb"}}, "headers.X"),
        ("webhook", {"url": "https://example.com/", "headers": {"x-a": "1", "X-A": "2"}}, "headers"),
        ("webhook", {"url": "https://example.com/", "secret": "whsec_short"}, "secret"),
        ("slack", {"webhook_url": "https://hooks.slack.com.evil.example/services/T/B/C"}, "webhook_url"),
        ("discord", {"webhook_url": "https://evil.example/api/webhooks/1/x"}, "webhook_url"),
        ("msteams", {"webhook_url": "https://acme.webhook.office.com/webhookb2/x"}, "webhook_url"),
        ("telegram", EVERY["telegram"] | {"chat_id": "my channel"}, "chat_id"),
        ("ntfy", {"topic": "a/b"}, "topic"),
        ("ntfy", {"topic": "a", "server": "ntfy.sh"}, "server"),
        ("twilio", EVERY["twilio"] | {"to": ["12345"]}, "to"),
        ("pushover", EVERY["pushover"] | {"user_key": "short"}, "user_key"),
        ("whatsapp", EVERY["whatsapp"] | {"language": "english"}, "language"),
        ("pagerduty", {"routing_key": "x", "region": "us"}, "routing_key"),
        ("opsgenie", {"api_key": EVERY["opsgenie"]["api_key"], "region": "moon"}, "region"),
        ("apprise", {"url": "syslog://"}, "url"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_field(kind, config, field):
    assert set(errors_of(kind, config)) == {field}


def test_a_kind_that_is_none_and_a_config_that_is_no_object_are_mistakes():
    assert set(errors_of("fax", {})) == {"kind"}
    assert errors_of("email", ["ann@example.com"]) == {"config": "Must be an object."}


def test_what_people_paste_is_brought_into_one_spelling():
    assert check_config("email", {"to": [" Ann@EXAMPLE.com ", "Ann@example.com", "b@exämple.de"]}) == {
        "to": ["Ann@example.com", "b@xn--exmple-cua.de"]
    }
    assert check_config("email", {"to": ["ann@straße.de", "b@نامه\u200cای.ir"]}) == {
        "to": ["ann@xn--strae-oqa.de", "b@xn--mgba3gch31f060k.ir"]
    }
    assert check_config("webhook", {"url": "https://straße.de/ä"})["url"] == "https://xn--strae-oqa.de/ä"
    assert check_config("twilio", EVERY["twilio"])["to"] == ["+15552223333", "+4915123456789"]
    assert (
        check_config("ntfy", {"topic": "a", "server": "https://ntfy.example/"})["server"]
        == "https://ntfy.example"
    )


def test_forms_are_described_for_an_app_and_their_secrets_are_marked():
    described = {form["kind"]: form for form in json.loads(json.dumps(describe_kinds()))}
    assert set(described) == set(KINDS)
    fields = {field["name"]: field for field in described["webhook"]["fields"]}
    assert (fields["url"]["required"], fields["url"]["secret"], fields["url"]["input"]) == (
        True,
        False,
        "url",
    )
    assert (fields["method"]["choices"], fields["method"]["default"]) == (["POST", "PUT"], "POST")
    assert (fields["secret"]["secret"], fields["secret"]["default"]) == (True, "")
    secret = {
        (kind, field["name"])
        for kind, form in described.items()
        for field in form["fields"]
        if field["secret"]
    }
    assert secret == {
        ("webhook", "secret"), ("slack", "webhook_url"), ("discord", "webhook_url"),
        ("telegram", "bot_token"),
        ("pagerduty", "routing_key"), ("opsgenie", "api_key"), ("msteams", "webhook_url"), ("ntfy", "token"),
        ("twilio", "auth_token"), ("pushover", "user_key"), ("pushover", "api_token"),
        ("googlechat", "webhook_url"), ("mattermost", "webhook_url"), ("rocketchat", "webhook_url"),
        ("zulip", "api_key"), ("matrix", "access_token"),
        ("whatsapp", "access_token"), ("gotify", "token"), ("apprise", "url"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_never_shows_its_values_in_a_repr(kind):
    form = load_kind(kind).form
    assert repr(form(**EVERY[kind])) == f"{form.__name__}(…)"
