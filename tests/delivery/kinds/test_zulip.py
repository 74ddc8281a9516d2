import base64

import pytest

from delivery.config import ConfigError, check_config
from delivery.message import Outcome
from tests.delivery.examples import CONFIGS, only, send
from tests.delivery.receivers import Say, make_delivery

LOGIN = base64.b64encode(b"alerts-bot@zulip.chat.example:zul1pS3cretKey000000000000000000").decode()


def test_the_topic_gets_the_text_in_a_code_block_and_our_link(services, courier):
    link = "https://status.example/incidents/7"
    request = only(services, "zulip", courier, markdown=f"**Shop** is @**all** down\n\n[Details]({link})")
    assert (services.asked, request.path) == (["zulip.chat.example"], "/api/v1/messages")
    assert request.headers["authorization"] == f"Basic {LOGIN}"
    assert request.form == {
        "type": "stream",
        "to": '"ops"',
        "topic": "SentryPulse",
        "content": f"```text\nShop is down\nShop is @all down\n\nDetails\n```\n[Details]({link})",
    }


def test_a_channel_whose_name_is_a_number_is_no_id(services, courier):
    delivery = make_delivery("zulip", CONFIGS["zulip"] | {"channel": "42", "topic": "Größe & Last"})
    assert courier.send_one(delivery).outcome is Outcome.SENT
    form = services.requests[0].form
    assert (form["to"], form["topic"]) == ('"42"', "Größe & Last")


def test_a_channel_that_is_gone_is_a_refusal(services, courier):
    services.answers = [Say(400, b'{"result": "error", "code": "STREAM_DOES_NOT_EXIST"}')]
    receipt = send(courier, "zulip")
    assert (receipt.outcome, receipt.status) == (Outcome.REFUSED, 400)
    assert "STREAM_DOES_NOT_EXIST" in receipt.answer


def test_the_login_that_the_server_repeats_is_hidden(services, courier):
    services.answers = [Say(401, f"no such login {LOGIN}".encode())]
    assert send(courier, "zulip").answer == "401 Unauthorized: no such login •••"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("server", "zulip.chat.example"),
        ("bot_email", "alerts-bot"),
        ("bot_email", "a:b@zulip.chat.example"),
        ("api_key", "short"),
        ("channel", "x" * 61),
        ("topic", ""),
    ],
)
def test_a_mistake_is_told_at_its_field(field, value):
    with pytest.raises(ConfigError) as caught:
        check_config("zulip", CONFIGS["zulip"] | {field: value})
    assert set(caught.value.errors) == {field}
