"""Any service that Apprise speaks to over HTTP, by an address of Apprise's (https://appriseit.com/services/)."""

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
"""What a chat that Apprise speaks to may read as a call to everybody, or as a link with a text of its own."""
_READ_MARKDOWN = frozenset({"mmost", "mmosts", "zulip", "ryver", "guilded"})
"""Services that read whatever they get as Markdown, and that Apprise hands it to as it is."""
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
    """Title and body as the service shows them as they are, within its limit."""
    if url.partition(":")[0].lower() not in _READ_MARKDOWN:
        return _disarm(title), _disarm(shorten(body, max(1, limit - len(title) - 2)))
    ours = [link for link in (content.link, content.data.get("acknowledge_link")) if link]

    def write(text: str) -> str:
        return escape_chat_markdown(_disarm(text), links=ours)

    title = write(title)
    body = shorten(body, max(1, limit - len(title) - 2), length=lambda text: len(write(text)))
    return title, write(body)


def escape_chat_markdown(text: str, *, links: Sequence[str] = ()) -> str:
    """The text as the Markdown of chats such as Mattermost, with backslashes; ``links`` stay links."""
    parts = re.split(f"({'|'.join(map(re.escape, links))})", text) if links else [text]
    return "".join(part if part in links else _MARKUP.sub(_put_backslash, part) for part in parts)


def _put_backslash(found: re.Match[str]) -> str:
    return f"{found.group()[:-1]}\\{found.group()[-1]}"


def _disarm(text: str) -> str:
    """It reads as before, but calls nobody and leads nowhere: an invisible character stands within."""
    return _MEANS_MORE.sub(lambda found: f"{found.group()}\u2060", text)


KIND = ChannelKind(
    label="Any other service (Apprise)",
    form=AppriseForm,
    check=check,
    send=send,
    imports=("delivery.apprise_sending",),
)
