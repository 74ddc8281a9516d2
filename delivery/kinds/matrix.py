"""A message to a room of Matrix
(https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid).

The delivery's key is the transaction ID, so the server accepts the same message only once, however often it
is sent.
"""

import contextlib
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from core import structs
from delivery.attempt import Attempt, HttpAnswer, Verdict
from delivery.chat import ask_to_wait, fit_lines, post_json, read_text_lines, write_html
from delivery.forms import Form, Token, Url, field, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import count_json, shorten_line
from delivery.validation import check_server, match

TITLE_MAX, HTML_MAX = 250, 20_000
"""Characters of the title, and of the HTML as JSON. An event has 64 KiB at most, and holds the text a second
time without tags (https://spec.matrix.org/latest/client-server-api/#size-limits)."""


class MatrixForm(Form, frozen=True, kw_only=True):
    """A message to a room, from an account of yours."""

    server: Annotated[
        Url,
        field(
            "Homeserver",
            "an address such as https://matrix.org",
            "The one of the account that writes.",
            input="url",
            example="https://matrix.org",
        ),
    ]
    access_token: Annotated[
        Token,
        secret_field(
            "Access token",
            "a token such as syt_…",
            "Element: Settings, Help & About, Advanced. Best of an account that does nothing else.",
        ),
    ]
    room_id: Annotated[
        Token,
        field(
            "Room",
            "the ID of a room, such as !AbCdEf:matrix.org",
            "Element: the room's settings, Advanced. Invite the account first; in an encrypted room, "
            "the message is not encrypted.",
            example="!AbCdEf:matrix.org",
        ),
    ]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_server(config, errors)
    match(config, errors, "access_token", r"[\x21-\x7e]{8,500}", "Must be a token such as syt_…")
    match(
        config, errors, "room_id", r"![^\s\x00-\x1f\x7f]{1,254}",
        "Must be the ID of a room, such as !AbCdEf:matrix.org; not its name.",
    )  # fmt: skip


class _Refusal(msgspec.Struct):
    retry_after_ms: int | None = None


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    config = delivery.config
    room, transaction = quote(config["room_id"], safe=""), quote(delivery.key, safe="")
    answer = post_json(
        f"{config['server']}/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}",
        write_message(delivery.content),
        method="PUT",
        headers={"Authorization": f"Bearer {config['access_token']}"},
        delivery=delivery,
        attempt=attempt,
    )
    return judge_answer(_read_wait(answer), attempt=attempt)


def _read_wait(answer: HttpAnswer) -> HttpAnswer:
    """Servers before Matrix 1.10 say in the body how long to wait."""
    with contextlib.suppress(msgspec.MsgspecError):
        wait_ms = structs.read_struct(answer.text, _Refusal).retry_after_ms
        return ask_to_wait(answer, None if wait_ms is None else wait_ms / 1_000)
    return answer


def write_message(content: Content) -> dict[str, Any]:
    """The message as HTML, and as text for clients that show no HTML. The empty ``m.mentions`` makes it call
    nobody."""
    head = TextLine((TextSpan(shorten_line(content.subject, TITLE_MAX), bold=True),))
    lines = [head, *fit_lines(read_text_lines(content), HTML_MAX, write=write_html, length=count_json)]
    return {
        "msgtype": "m.text",
        "body": "\n".join(line.text for line in lines),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(write_html(line) for line in lines),
        "m.mentions": {},
    }


KIND = ChannelKind(label="Matrix", form=MatrixForm, check=check, send=send)
