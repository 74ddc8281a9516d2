import pytest

from delivery.config import ConfigError, check_config
from delivery.message import Outcome
from tests.delivery.examples import CONFIGS, only, send
from tests.delivery.receivers import Say, make_delivery


def test_the_channel_gets_an_attachment_in_the_colour_of_the_tone(services, courier):
    link = "https://status.example/incidents/7"
    request = only(services, "rocketchat", courier, markdown=f"**Shop** is @all down\n\n[Details]({link})")
    assert services.asked == ["rocket.chat.example"]
    assert request.path == "/hooks/5f1c0ffee0a1b2c3d4e5f601/r0ck3ts3cretToken"
    text = f"```\nShop is down\nShop is @all down\n\nDetails\n```\n[Details]({link})"
    assert request.json == {
        "alias": "SentryPulse",
        "parseUrls": False,
        "channel": "#ops",
        "attachments": [{"color": "#b91c1c", "text": text}],
    }


def test_without_a_channel_it_is_the_one_of_the_webhook(services, courier):
    config = {"webhook_url": CONFIGS["rocketchat"]["webhook_url"]}
    assert courier.send_one(make_delivery("rocketchat", config)).outcome is Outcome.SENT
    assert "channel" not in services.requests[0].json


def test_a_channel_that_is_gone_is_a_refusal(services, courier):
    services.answers = [Say(400, b'{"success": false, "error": "invalid-channel"}')]
    receipt = send(courier, "rocketchat")
    assert (receipt.outcome, receipt.status) == (Outcome.REFUSED, 400)
    assert "invalid-channel" in receipt.answer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("webhook_url", "https://rocket.chat.example/hooks/5f1c0ffee0a1b2c3d4e5f601"),
        ("webhook_url", "https://rocket.chat.example/api/v1/chat.postMessage"),
        ("webhook_url", "ftp://rocket.chat.example/hooks/5f1c0ffee0a1b2c3d4e5f601/r0ck3ts3cretToken"),
        ("channel", "ops"),
    ],
)
def test_a_mistake_is_told_at_its_field(field, value):
    with pytest.raises(ConfigError) as caught:
        check_config("rocketchat", CONFIGS["rocketchat"] | {field: value})
    assert set(caught.value.errors) == {field}
