"""A message to a topic of Zulip, from a bot (https://zulip.com/api/send-message).

Its text is a code block: Zulip's Markdown has no backslash, so nothing else shows a sign as itself.
"""

import base64
import json
from typing import Annotated, Any
from urllib.parse import urlencode

from delivery.attempt import Attempt, Verdict
from delivery.chat import fit_lines, read_text_lines, write_code_block, write_code_line
from delivery.forms import Form, ShortText, Token, Url, field, secret_field
from delivery.http import send_request
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten_line
from delivery.validation import check_server, match

TITLE_MAX, TEXT_MAX = 250, 8_000
"""Characters of the title and of the text. A message has 10,000 at most, and links follow the text."""


class ZulipForm(Form, frozen=True, kw_only=True):
    """A message to a topic of a channel, from a bot of yours."""

    server: Annotated[
        Url,
        field(
            "Server",
            "an address such as https://acme.zulipchat.com",
            input="url",
            example="https://acme.zulipchat.com",
        ),
    ]
    bot_email: Annotated[
        Token,
        field(
            "Bot's address",
            "an address such as alerts-bot@acme.zulipchat.com",
            "Zulip: Personal settings, Bots, Add a new bot.",
            example="alerts-bot@acme.zulipchat.com",
        ),
    ]
    api_key: Annotated[
        Token, secret_field("Bot's API key", "32 letters and digits", "It stands beside the address.")
    ]
    channel: Annotated[
        Token,
        field("Channel", "the name of a channel", "The bot must be allowed to post there.", example="ops"),
    ]
    topic: Annotated[
        ShortText,
        field("Topic", "1 to 60 characters", "All messages of this channel stand in one topic."),
    ] = "SentryPulse"


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_server(config, errors)
    match(
        config, errors, "bot_email", r"[!-9;-?A-~]{1,120}@[!-9;-?A-~]{1,120}",
        "Must be an address such as alerts-bot@acme.zulipchat.com.",
    )  # fmt: skip
    match(config, errors, "api_key", r"[A-Za-z0-9]{32}", "Must be 32 letters and digits.")
    match(config, errors, "channel", r"[^\x00-\x1f\x7f]{1,60}", "Must be a name of at most 60 characters.")
    match(config, errors, "topic", r"[^\x00-\x1f\x7f]{1,60}", "Must have 1 to 60 characters.")


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Send the message. The channel's name is sent as JSON, so that Zulip does not take a name of digits for
    an ID."""
    config = delivery.config
    login = base64.b64encode(f"{config['bot_email']}:{config['api_key']}".encode()).decode()
    attempt.secrets.add(login)
    form = {
        "type": "stream",
        "to": json.dumps(config["channel"]),
        "topic": config["topic"],
        "content": write_message(delivery.content),
    }
    answer = send_request(
        "POST",
        f"{config['server']}/api/v1/messages",
        content=urlencode(form).encode(),
        headers={
            "Authorization": f"Basic {login}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Idempotency-Key": delivery.key,
        },
        attempt=attempt,
    )
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> str:
    head = TextLine((TextSpan(shorten_line(content.subject, TITLE_MAX), link=content.link),))
    lines = [head, *fit_lines(read_text_lines(content), TEXT_MAX, write=write_code_line)]
    return write_code_block(lines, language="text")


KIND = ChannelKind(label="Zulip", form=ZulipForm, check=check, send=send)
