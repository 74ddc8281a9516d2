import pytest

from delivery.config import ConfigError, check_config
from delivery.kinds.googlechat import write_message
from delivery.message import Tone
from tests.delivery.examples import only
from tests.delivery.receivers import make_content


def test_the_space_gets_a_card_in_the_colour_of_the_tone(services, courier):
    request = only(services, "googlechat", courier, markdown="**Shop** is <down> `now`")
    assert services.asked == ["chat.googleapis.com"]
    assert request.path == "/v1/spaces/AAAA1234567/messages?key=AIzaS3cretKey&token=ch4tS3cret"
    link = "https://status.example/incidents/7"
    text = (
        '<b><font color="#b91c1c">Shop is down</font></b><br><b>Shop</b> is &lt;down&gt; now<br><br>'
        f'<a href="{link}">{link}</a>'
    )
    card = {"sections": [{"widgets": [{"textParagraph": {"text": text}}]}]}
    assert request.json == {"fallbackText": "Shop is down", "cardsV2": [{"cardId": "alert", "card": card}]}


@pytest.mark.parametrize(("tone", "colour"), [(Tone.GOOD, "#15803d"), (Tone.INFO, "#1d4ed8")])
def test_what_is_over_is_green_and_what_is_news_is_blue(tone, colour):
    (card,) = write_message(make_content(tone=tone))["cardsV2"]
    text = card["card"]["sections"][0]["widgets"][0]["textParagraph"]["text"]
    assert text.startswith(f'<b><font color="{colour}">')


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=x",
        "https://chat.googleapis.com.evil.example/v1/spaces/AAAA/messages?key=x&token=y",
        "http://chat.googleapis.com/v1/spaces/AAAA/messages?key=x&token=y",
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=x&token=y z",
    ],
)
def test_only_the_address_of_a_webhook_is_taken(url):
    with pytest.raises(ConfigError) as caught:
        check_config("googlechat", {"webhook_url": url})
    assert set(caught.value.errors) == {"webhook_url"}
