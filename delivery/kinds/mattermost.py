"""A message to a channel of Mattermost, by incoming webhook
(https://developers.mattermost.com/integrate/webhooks/incoming/).

Its text is a code block, because backslashes do not escape all that Mattermost reads in a text: mentions,
channels, hashtags, emoticons.
"""

from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.chat import COLOURS, fit_lines, post_json, read_text_lines, write_code_block, write_code_line
from delivery.forms import Form, ShortText, Url, field, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import count_json, shorten_line
from delivery.validation import check_address, match

TITLE_MAX, TEXT_MAX = 250, 6_000
"""Characters of the title, and of the text as JSON. Older servers keep 8,000 characters of a post's
attachments (POST_PROPS_MAX_RUNES)."""


class MattermostForm(Form, frozen=True, kw_only=True):
    """A message to the channel of an incoming webhook."""

    webhook_url: Annotated[
        Url,
        secret_field(
            "Incoming webhook",
            "an address such as https://mattermost.example.com/hooks/xxxx",
            "Mattermost: Integrations, Incoming Webhooks, Add Incoming Webhook.",
        ),
    ]
    channel: Annotated[
        ShortText,
        field(
            "Channel",
            "empty, the name of a channel as in its address, or @ and the name of a person",
            "Empty: the channel of the webhook.",
            example="town-square",
        ),
    ] = ""


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_address(config, errors, "webhook_url")
    match(
        config, errors, "webhook_url", r"https?://[^?#]+/hooks/[A-Za-z0-9]{8,64}/?",
        "Must be the address of an incoming webhook, https://mattermost.example.com/hooks/xxxx.",
    )  # fmt: skip
    match(
        config, errors, "channel", r"(@?[A-Za-z0-9._-]{1,64})?",
        "Must be a name such as town-square or @ann, or empty.",
    )  # fmt: skip


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    config, message = delivery.config, write_message(delivery.content)
    if config["channel"]:
        message["channel"] = config["channel"]
    answer = post_json(config["webhook_url"], message, delivery=delivery, attempt=attempt)
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> dict[str, Any]:
    """One attachment, because only an attachment has a colour. Its title is read as plain text only when it
    is a link; else the title stands in the code block."""
    title = shorten_line(content.subject, TITLE_MAX)
    attachment = {"fallback": title, "color": f"#{COLOURS[content.tone]:06x}"}
    lines = fit_lines(read_text_lines(content), TEXT_MAX, write=write_code_line, length=count_json)
    if content.link:
        attachment |= {"title": title, "title_link": content.link}
    else:
        lines = [TextLine((TextSpan(title),)), *lines]
    return {"username": "SentryPulse", "attachments": [{**attachment, "text": write_code_block(lines)}]}


KIND = ChannelKind(label="Mattermost", form=MattermostForm, check=check, send=send)
