"""A message to a Discord channel, by webhook
(https://discord.com/developers/docs/resources/webhook#execute-webhook)."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

from delivery.attempt import Attempt, Verdict
from delivery.chat import COLOURS, fit_lines, post_json, read_text_lines
from delivery.forms import Form, ShortText, Url, field, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten_line
from delivery.validation import match

TITLE_MAX, TEXT_MAX = 256, 4_096
"""Characters of an embed's title and description
(https://discord.com/developers/docs/resources/message#embed-object-embed-limits)."""


class DiscordForm(Form, frozen=True, kw_only=True):
    """A message to the channel of a webhook."""

    webhook_url: Annotated[
        Url,
        secret_field(
            "Webhook",
            "an address such as https://discord.com/api/webhooks/000/XXXX",
            "Discord: the channel's settings, Integrations, Webhooks.",
        ),
    ]
    thread_id: Annotated[
        ShortText, field("Thread", "empty, or the thread's number", "Empty: the channel itself.")
    ] = ""


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(
        config, errors, "webhook_url",
        r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[A-Za-z0-9_-]+/?",
        "Must be the address of a webhook, https://discord.com/api/webhooks/000/XXXX.",
    )  # fmt: skip
    match(config, errors, "thread_id", r"\d{0,25}", "Must be the thread's number, or empty.")


_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def escape_discord(text: str) -> str:
    """The text as Discord's Markdown: a backslash before each sign makes Discord show the sign itself."""
    return _PUNCTUATION.sub(r"\\\1", text)


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Post the message as an embed, in the tone's colour."""
    url, thread = delivery.config["webhook_url"], delivery.config["thread_id"]
    if thread:
        url = f"{url}?{urlencode({'thread_id': thread})}"
    answer = post_json(url, write_message(delivery.content), delivery=delivery, attempt=attempt)
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> dict[str, Any]:
    """One embed. The empty ``allowed_mentions`` makes it call nobody."""
    lines = fit_lines(read_text_lines(content), TEXT_MAX, write=write_line)
    embed: dict[str, Any] = {
        "title": escape_discord(shorten_line(content.subject, TITLE_MAX, length=_count_escaped)),
        "description": "\n".join(write_line(line) for line in lines),
        "color": COLOURS[content.tone],
    }
    if content.link:
        embed["url"] = content.link
    return {"username": "SentryPulse", "allowed_mentions": {"parse": []}, "embeds": [embed]}


def _count_escaped(text: str) -> int:
    return len(escape_discord(text))


def write_line(line: TextLine) -> str:
    marker = "- " if line.marker == "•" else f"{line.marker} " if line.marker else ""
    return marker + "".join(_write_span(span) for span in line.spans)


def _write_span(span: TextSpan) -> str:
    text = escape_discord(span.text)
    if span.code and "`" not in span.text:
        text = f"`{span.text}`"
    for marked, mark in ((span.italic, "*"), (span.bold, "**")):
        if marked and span.text.strip() == span.text:
            text = f"{mark}{text}{mark}"
    return f"[{text}](<{_write_address(span.link)}>)" if span.link else text


def _write_address(link: str) -> str:
    """An address that may stand between ``<`` and ``>``; these also stop Discord from showing a preview of
    the page."""
    return link.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20").replace("\\", "%5C")


KIND = ChannelKind(label="Discord", form=DiscordForm, check=check, send=send)
