"""Any service that Apprise reaches over HTTP, by an address of Apprise's
(https://appriseit.com/services/)."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.forms import Form, Url, secret_field
from delivery.message import Content, DeliveryMessage
from delivery.registry import ChannelKind
from delivery.shortening import shorten

_MEANS_MORE = re.compile(
    r"@(?=everyone|here|channel|all)|<(?=[@!#]|at>)|<(?=https?:)|\](?=\()", re.IGNORECASE
)
"""Texts that a chat may read as a call to everybody, or as a link with a text of its own."""
_READ_MARKDOWN = frozenset({"mmost", "mmosts", "zulip", "ryver", "guilded"})
"""Services that read every message as Markdown, and to which Apprise sends it unchanged."""
_MARKUP = re.compile(r"[\\`*_~|\[\]]|^[ \t]*[#>]", re.MULTILINE)


class AppriseForm(Form, frozen=True, kw_only=True):
    """Any of the services that Apprise knows (appriseit.com/services)."""

    url: Annotated[
        Url,
        secret_field(
            "Apprise address",
            "an address such as gotify://host/token",
            "It may hold passwords, so it is never shown again.",
        ),
    ]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    if "url" in config:
        from delivery.apprise_plugins import check_service  # here, since Apprise takes a second to import

        if problem := check_service(config["url"]):
            errors.setdefault("url", problem)


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    from delivery.apprise_sending import Service, send_by_apprise  # Apprise takes a second to import

    url = delivery.config["url"]

    def adapt(parts: tuple[str, str], plugin: Any) -> tuple[str, str]:
        return _fit_to_service(*parts, delivery.content, url=url, limit=plugin.body_maxlen)

    return send_by_apprise(delivery, plugin=url, service=Service(), attempt=attempt, adapt=adapt)


def _fit_to_service(title: str, body: str, content: Content, *, url: str, limit: int) -> tuple[str, str]:
    """Title and body within the service's limit, written so that the service shows them as they are."""
    if url.partition(":")[0].lower() not in _READ_MARKDOWN:
        return _disarm(title), _disarm(shorten(body, max(1, limit - len(title) - 2)))
    ours = [link for link in (content.link, content.data.get("acknowledge_link")) if link]

    def write(text: str) -> str:
        return escape_chat_markdown(_disarm(text), links=ours)

    title = write(title)
    body = shorten(body, max(1, limit - len(title) - 2), length=lambda text: len(write(text)))
    return title, write(body)


def escape_chat_markdown(text: str, *, links: Sequence[str] = ()) -> str:
    """The text with backslashes, for chats whose Markdown is like Mattermost's; ``links`` stay links."""
    parts = re.split(f"({'|'.join(map(re.escape, links))})", text) if links else [text]
    return "".join(part if part in links else _MARKUP.sub(_put_backslash, part) for part in parts)


def _put_backslash(found: re.Match[str]) -> str:
    return f"{found.group()[:-1]}\\{found.group()[-1]}"


def _disarm(text: str) -> str:
    """The text with an invisible character in it wherever it would call people or become a link. It reads as
    before."""
    return _MEANS_MORE.sub(lambda found: f"{found.group()}\u2060", text)


KIND = ChannelKind(
    label="Any other service (Apprise)",
    form=AppriseForm,
    check=check,
    send=send,
    imports=("delivery.apprise_sending",),
)
