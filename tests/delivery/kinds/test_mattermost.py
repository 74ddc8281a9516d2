import pytest

from delivery.config import ConfigError, check_config
from delivery.kinds.mattermost import write_message
from delivery.message import Content, Outcome
from tests.delivery.examples import CONFIGS, only
from tests.delivery.receivers import Say, make_delivery


def test_the_channel_gets_an_attachment_in_the_colour_of_the_tone(services, courier):
    services.answers = [Say(body=b"ok")]
    link = "https://status.example/incidents/7"
    request = only(services, "mattermost", courier, markdown=f"**Shop** is @all down\n\n[Details]({link})")
    assert services.asked == ["mattermost.chat.example"]
    assert request.path == "/hooks/m4tt3rm0sts3cret"
    assert request.json == {
        "username": "SentryPulse",
        "channel": "town-square",
        "attachments": [
            {
                "fallback": "Shop is down",
                "color": "#b91c1c",
                "title": "Shop is down",
                "title_link": link,
                "text": f"```\nShop is @all down\n\nDetails\n```\n[Details]({link})",
            }
        ],
    }


def test_a_title_without_a_link_would_be_read_as_markdown_so_it_stands_in_the_block():
    (attachment,) = write_message(Content(subject="*Test* @all", text="It works."))["attachments"]
    assert "title" not in attachment
    assert attachment["text"] == "```\n*Test* @all\nIt works.\n```"


def test_without_a_channel_it_is_the_one_of_the_webhook(services, courier):
    config = {"webhook_url": CONFIGS["mattermost"]["webhook_url"]}
    assert courier.send_one(make_delivery("mattermost", config)).outcome is Outcome.SENT
    assert "channel" not in services.requests[0].json


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("webhook_url", "https://mattermost.chat.example/hooks/"),
        ("webhook_url", "https://mattermost.chat.example/hooks/m4tt3rm0sts3cret?x=1"),
        ("webhook_url", "mattermost.chat.example/hooks/m4tt3rm0sts3cret"),
        ("channel", "Town Square"),
    ],
)
def test_a_mistake_is_told_at_its_field(field, value):
    with pytest.raises(ConfigError) as caught:
        check_config("mattermost", CONFIGS["mattermost"] | {field: value})
    assert set(caught.value.errors) == {field}
