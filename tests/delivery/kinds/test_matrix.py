import pytest

from delivery.config import ConfigError, check_config
from delivery.message import Outcome
from tests.delivery.examples import CONFIGS, only, send
from tests.delivery.receivers import Say


def test_the_room_gets_html_and_text_once_for_each_key(services, courier):
    request = only(services, "matrix", courier, markdown="**Shop** is <down> `now`")
    assert services.asked == ["matrix.chat.example"]
    assert (request.method, request.path) == (
        "PUT",
        "/_matrix/client/v3/rooms/%21AbCdEf%3Achat.example/send/m.room.message/alert-17-down-3",
    )
    assert request.headers["authorization"] == "Bearer syt_m4tr1xS3cret"
    link = "https://status.example/incidents/7"
    assert request.json == {
        "msgtype": "m.text",
        "format": "org.matrix.custom.html",
        "body": f"Shop is down\nShop is <down> now\n\n{link}",
        "formatted_body": "<b>Shop is down</b><br><b>Shop</b> is &lt;down&gt; <code>now</code><br><br>"
        f'<a href="{link}">{link}</a>',
        "m.mentions": {},
    }


def test_an_older_server_says_in_its_answer_how_long_to_wait(services, courier):
    services.answers = [Say(429, b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1200}')]
    receipt = send(courier, "matrix")
    assert (receipt.outcome, receipt.retry_after_s) == (Outcome.RETRY, 2.0)


def test_who_is_not_in_the_room_is_refused(services, courier):
    services.answers = [Say(403, b'{"errcode": "M_FORBIDDEN", "error": "User is not in room"}')]
    receipt = send(courier, "matrix")
    assert (receipt.outcome, receipt.status) == (Outcome.REFUSED, 403)
    assert "User is not in room" in receipt.answer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("server", "matrix.org"),
        ("access_token", "s\u00e9cret token"),
        ("room_id", "#ops:matrix.org"),
        ("room_id", "!a b:matrix.org"),
    ],
)
def test_a_mistake_is_told_at_its_field(field, value):
    with pytest.raises(ConfigError) as caught:
        check_config("matrix", CONFIGS["matrix"] | {field: value})
    assert set(caught.value.errors) == {field}


def test_rooms_of_newer_versions_have_no_server_in_their_name():
    room = "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"
    assert check_config("matrix", CONFIGS["matrix"] | {"room_id": room})["room_id"] == room
