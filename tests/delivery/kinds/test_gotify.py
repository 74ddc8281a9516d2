import pytest
from hypothesis import given

from delivery.config import ConfigError, check_config
from delivery.kinds.gotify import write_message
from delivery.message import Content, Tone
from tests.delivery.examples import CONFIGS, only
from tests.delivery.receivers import make_content
from tests.delivery.test_markup import LINK, same, typed


def test_the_application_gets_plain_text_and_the_link_to_open(services, courier):
    request = only(services, "gotify", courier, markdown="**Shop** is *down*")
    assert (services.asked, request.path) == (["gotify.chat.example"], "/message")
    assert request.headers["x-gotify-key"] == "A.g0t1fyS3cret"
    assert request.json == {
        "title": "Shop is down",
        "message": "Shop is down: expected 200-299, got 503.\n\nhttps://status.example/incidents/7",
        "priority": 8,
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": "https://status.example/incidents/7"}},
        },
    }


def test_what_is_worse_has_a_higher_priority():
    tones = (Tone.BAD, Tone.WARNING, Tone.GOOD, Tone.INFO)
    assert [write_message(make_content(tone=tone))["priority"] for tone in tones] == [8, 6, 5, 3]


@given(value=typed.filter(lambda text: text.strip()))
def test_any_text_comes_out_as_typed(value):
    content = Content(subject=f"Shop {value} is down"[:200], text=f"Expected {value} there.", link=LINK)
    message = write_message(content)
    assert same(f"Expected {value} there.") in same(message["message"])
    assert same(message["title"]) == same(content.subject)


@pytest.mark.parametrize("text", ["x" * 50_000, "\n" * 9_000 + "x", "🎉" * 20_000])
def test_a_long_text_is_cut_and_its_link_stays(text):
    message = write_message(Content(subject="S" * 900, text=text, link=LINK))
    assert len(message["title"]) <= 250
    assert len(message["message"]) <= 10_000
    assert message["message"].endswith(LINK)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("server", "gotify.chat.example"),
        ("server", "https://gotify.chat.example/?token=x"),
        ("token", "a b c d e f"),
        ("token", "short"),
    ],
)
def test_a_mistake_is_told_at_its_field(field, value):
    with pytest.raises(ConfigError) as caught:
        check_config("gotify", CONFIGS["gotify"] | {field: value})
    assert set(caught.value.errors) == {field}
