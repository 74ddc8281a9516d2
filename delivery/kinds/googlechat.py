"""A card to a space of Google Chat, by webhook
(https://developers.google.com/workspace/chat/quickstart/webhooks).

The text of a card is HTML with a few tags
(https://developers.google.com/workspace/chat/format-messages#card-formatting). Unlike the Markdown of a text
message, it can be escaped, and it calls nobody.
"""

from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.chat import COLOURS, escape_html, fit_lines, post_json, read_text_lines, write_html
from delivery.forms import Form, Url, secret_field
from delivery.markup import TextLine
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import count_json, shorten_line
from delivery.validation import match

TITLE_MAX, HTML_MAX = 250, 20_000
"""Characters of the title, and of the HTML as JSON. A message has 32,000 bytes at most
(https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages)."""


class GoogleChatForm(Form, frozen=True, kw_only=True):
    """A card to the space of a webhook."""

    webhook_url: Annotated[
        Url,
        secret_field(
            "Webhook",
            "an address such as https://chat.googleapis.com/v1/spaces/AAAA/messages?key=…&token=…",
            "Google Chat: the space's menu, Apps & integrations, Webhooks.",
        ),
    ]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(
        config, errors, "webhook_url",
        r"https://chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]+/messages\?(?=.*\bkey=)(?=.*\btoken=)[!-~]+",
        "Must be the address of a webhook, https://chat.googleapis.com/v1/spaces/AAAA/messages?key=…&token=….",
    )  # fmt: skip


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    url = delivery.config["webhook_url"]
    answer = post_json(url, write_message(delivery.content), delivery=delivery, attempt=attempt)
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> dict[str, Any]:
    """One card. ``fallbackText`` is what a notification shows."""
    title = shorten_line(content.subject, TITLE_MAX)
    head = f'<b><font color="#{COLOURS[content.tone]:06x}">{escape_html(title)}</font></b>'
    lines = fit_lines(read_text_lines(content), HTML_MAX, write=_write_line, length=count_json)
    text = "<br>".join([head, *(_write_line(line) for line in lines)])
    card = {"sections": [{"widgets": [{"textParagraph": {"text": text}}]}]}
    return {"fallbackText": title, "cardsV2": [{"cardId": "alert", "card": card}]}


def _write_line(line: TextLine) -> str:
    return write_html(line, code="")


KIND = ChannelKind(label="Google Chat", form=GoogleChatForm, check=check, send=send)
