"""A message from a Telegram bot (https://core.telegram.org/bots/api#sendmessage)."""

import contextlib
from typing import Annotated, Any

import msgspec

from core import structs
from delivery.attempt import Attempt, HttpAnswer, Verdict
from delivery.chat import ask_to_wait, fit_lines, post_json, read_text_lines, write_html
from delivery.forms import Form, ShortText, Token, field, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import count_utf16, shorten_line
from delivery.validation import match


class TelegramForm(Form, frozen=True, kw_only=True):
    """A message from your bot to a person, group or channel."""

    bot_token: Annotated[
        Token,
        secret_field("Bot token", "a token such as 123456789:AAE…", "@BotFather gives it to you."),
    ]
    chat_id: Annotated[
        Token,
        field(
            "Chat",
            "a number such as -1001234567890, or a name such as @mychannel",
            "Write to the bot first; @userinfobot tells the number of a chat.",
            example="-1001234567890",
        ),
    ]
    topic_id: Annotated[
        ShortText, field("Topic", "empty, or the topic's number", "Of a group with topics.")
    ] = ""


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(config, errors, "bot_token", r"\d{5,15}:[A-Za-z0-9_-]{20,60}", "Must look like 123456789:AAE….")
    match(
        config, errors, "chat_id", r"-?\d{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31}",
        "Must be a number such as -1001234567890, or a name such as @mychannel.",
    )  # fmt: skip
    match(config, errors, "topic_id", r"\d{0,15}", "Must be the topic's number, or empty.")


TEXT_MAX = 4_096
"""UTF-16 units that Telegram allows once it has read the markup. We count the markup as well, so that nothing
is refused. The markup: https://core.telegram.org/bots/api#html-style."""
TITLE_MAX = 300


class _Parameters(msgspec.Struct):
    retry_after: float | None = None


class _Refusal(msgspec.Struct):
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    config = delivery.config
    url = f"https://api.telegram.org/bot{config['bot_token']}/sendMessage"
    answer = post_json(url, write_message(config, delivery.content), delivery=delivery, attempt=attempt)
    return judge_answer(_read_wait(answer), attempt=attempt)


def _read_wait(answer: HttpAnswer) -> HttpAnswer:
    """Telegram says in the body how long to wait (``parameters.retry_after``, seconds)."""
    with contextlib.suppress(msgspec.MsgspecError):
        return ask_to_wait(answer, structs.read_struct(answer.text, _Refusal).parameters.retry_after)
    return answer


def write_message(config: dict[str, Any], content: Content) -> dict[str, Any]:
    title = TextLine((TextSpan(shorten_line(content.subject, TITLE_MAX), bold=True),))
    head = write_html(title)
    room = TEXT_MAX - count_utf16(head) - 2
    lines = fit_lines(read_text_lines(content), room, write=write_html, length=count_utf16)
    chat = config["chat_id"]
    message = {
        "chat_id": chat if chat.startswith("@") else int(chat),
        "text": "\n".join([head, *(write_html(line) for line in lines)]),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return {**message, "message_thread_id": int(config["topic_id"])} if config["topic_id"] else message


KIND = ChannelKind(label="Telegram", form=TelegramForm, check=check, send=send)
