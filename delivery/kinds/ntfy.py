"""A push message by ntfy (https://docs.ntfy.sh/publish/), through Apprise."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from delivery.attempt import Attempt, Verdict
from delivery.forms import Form, ShortText, Token, Url, field, secret_field
from delivery.message import DeliveryMessage, Tone
from delivery.registry import ChannelKind
from delivery.shortening import count_json
from delivery.validation import check_server, match

_PRIORITIES = {Tone.BAD: "high", Tone.WARNING: "default", Tone.GOOD: "default", Tone.INFO: "low"}


class NtfyForm(Form, frozen=True, kw_only=True):
    """A push message to those who subscribed to a topic."""

    topic: Annotated[
        Token,
        field(
            "Topic",
            "1 to 64 letters, digits, _ and -",
            "On ntfy.sh, who knows the topic reads it: choose one that cannot be guessed.",
            example="acme-alerts-8f3k",
        ),
    ]
    server: Annotated[
        Url, field("Server", "an address such as https://ntfy.sh", "Yours, or ntfy.sh.", input="url")
    ] = "https://ntfy.sh"
    token: Annotated[
        ShortText,
        secret_field("Access token", "empty, or a token such as tk_…", "For a topic that is protected."),
    ] = ""


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(config, errors, "topic", r"[A-Za-z0-9_-]{1,64}", "Must be 1 to 64 letters, digits, _ and -.")
    match(config, errors, "token", r"(tk_[A-Za-z0-9]{10,60})?", "Must look like tk_…, or be empty.")
    check_server(config, errors)


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    from delivery.apprise_sending import Service, send_by_apprise  # Apprise takes a second to import

    config, server = delivery.config, urlsplit(delivery.config["server"])
    plugin = {
        "schema": "ntfys" if server.scheme == "https" else "ntfy",
        "secure": server.scheme == "https",
        "host": server.hostname, "port": server.port, "mode": "private", "targets": [config["topic"]],
        "token": config["token"] or None, "auth": "token" if config["token"] else None,
        "click": delivery.content.link or None, "priority": _PRIORITIES[delivery.content.tone],
        "include_image": False,
    }  # fmt: skip
    # https://docs.ntfy.sh/publish/#limitations
    service = Service(text_max=4_000, length=count_json, shows_link=True)
    return send_by_apprise(delivery, plugin=plugin, service=service, attempt=attempt)


KIND = ChannelKind(label="ntfy", form=NtfyForm, check=check, send=send, imports=("delivery.apprise_sending",))
