"""A message to a channel of Rocket.Chat, by incoming webhook (https://docs.rocket.chat/docs/integrations).

Its text is a code block, because versions of Rocket.Chat differ in what a backslash escapes.
"""

from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.chat import COLOURS, fit_lines, post_json, read_text_lines, write_code_block, write_code_line
from delivery.forms import Form, ShortText, Url, field, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten_line
from delivery.validation import check_address, match

TITLE_MAX, TEXT_MAX = 250, 4_000
"""Characters of the title and of the text. A message has 5,000 at most, unless its server says otherwise
(Message_MaxAllowedSize)."""


class RocketChatForm(Form, frozen=True, kw_only=True):
    """A message to the channel of an incoming webhook."""

    webhook_url: Annotated[
        Url,
        secret_field(
            "Incoming webhook",
            "an address such as https://rocket.example.com/hooks/xxxx/yyyy",
            "Rocket.Chat: Workspace, Integrations, New, Incoming.",
        ),
    ]
    channel: Annotated[
        ShortText,
        field(
            "Channel",
            "empty, # and the name of a channel, or @ and the name of a person",
            "Empty: the channel of the webhook.",
            example="#ops",
        ),
    ] = ""


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_address(config, errors, "webhook_url")
    match(
        config, errors, "webhook_url", r"https?://[^?#]+/hooks/[A-Za-z0-9]{8,64}/[A-Za-z0-9]{8,128}/?",
        "Must be the address of an incoming webhook, https://rocket.example.com/hooks/xxxx/yyyy.",
    )  # fmt: skip
    match(
        config, errors, "channel", r"([#@][\w.-]{1,100})?", "Must be a name such as #ops or @ann, or empty."
    )


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    config, message = delivery.config, write_message(delivery.content)
    if config["channel"]:
        message["channel"] = config["channel"]
    answer = post_json(config["webhook_url"], message, delivery=delivery, attempt=attempt)
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> dict[str, Any]:
    """One attachment, because only an attachment has a colour, and text outside of one could call people."""
    head = TextLine((TextSpan(shorten_line(content.subject, TITLE_MAX), link=content.link),))
    lines = [head, *fit_lines(read_text_lines(content), TEXT_MAX, write=write_code_line)]
    attachment = {"color": f"#{COLOURS[content.tone]:06x}", "text": write_code_block(lines)}
    return {"alias": "SentryPulse", "parseUrls": False, "attachments": [attachment]}


KIND = ChannelKind(label="Rocket.Chat", form=RocketChatForm, check=check, send=send)
