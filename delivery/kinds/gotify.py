"""A push message by a Gotify server (https://gotify.net/docs/pushmsg).

It is plain text, as Gotify advises for texts that others wrote (https://gotify.net/docs/msgextras). From
priority 4 on it makes a sound, from 8 on it pops up (https://github.com/gotify/android#message-priorities).
"""

from typing import Annotated, Any

import msgspec

from delivery.attempt import Attempt, Verdict
from delivery.chat import post_json, read_text_lines
from delivery.forms import Form, Token, Url, field, secret_field
from delivery.message import Content, DeliveryMessage, Tone
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten, shorten_line
from delivery.validation import check_server, match

TITLE_MAX, TEXT_MAX = 250, 10_000
_PRIORITIES = {Tone.BAD: 8, Tone.WARNING: 6, Tone.GOOD: 5, Tone.INFO: 3}


class GotifyForm(Form, frozen=True, kw_only=True):
    """A push message through your Gotify server."""

    server: Annotated[
        Url,
        field(
            "Server",
            "an address such as https://gotify.example.com",
            input="url",
            example="https://gotify.example.com",
        ),
    ]
    token: Annotated[
        Token,
        secret_field(
            "Application token", "a token such as AbCdEfGhIjKlMnO", "Gotify: Apps, Create Application."
        ),
    ]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_server(config, errors)
    match(config, errors, "token", r"[A-Za-z0-9._-]{8,200}", "Must be letters and digits, such as AbCdEfGh.")


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    url, token = f"{delivery.config['server']}/message", {"X-Gotify-Key": delivery.config["token"]}
    message = write_message(delivery.content)
    answer = post_json(url, message, headers=token, delivery=delivery, attempt=attempt)
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> dict[str, Any]:
    extras: dict[str, Any] = {"client::display": {"contentType": "text/plain"}}
    if content.link:
        extras["client::notification"] = {"click": {"url": content.link}}
    lines = read_text_lines(msgspec.structs.replace(content, markdown=""))
    return {
        "title": shorten_line(content.subject, TITLE_MAX),
        "message": shorten("\n".join(line.text for line in lines), TEXT_MAX),
        "priority": _PRIORITIES[content.tone],
        "extras": extras,
    }


KIND = ChannelKind(label="Gotify", form=GotifyForm, check=check, send=send)
