"""A push message by Pushover (https://pushover.net/api), through Apprise."""

import re
from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.forms import MAX_RECIPIENTS, Form, ShortText, Token, field, secret_field
from delivery.message import DeliveryMessage, Tone
from delivery.registry import ChannelKind
from delivery.validation import match

_PRIORITIES = {Tone.BAD: 1, Tone.WARNING: 0, Tone.GOOD: 0, Tone.INFO: -1}


class PushoverForm(Form, frozen=True, kw_only=True):
    """A push message to your devices; what is bad comes with high priority."""

    user_key: Annotated[
        Token,
        secret_field(
            "User or group key", "30 letters and digits", "On pushover.net, when you are logged in."
        ),
    ]
    api_token: Annotated[
        Token,
        secret_field("Application token", "30 letters and digits", "pushover.net: Create an Application."),
    ]
    devices: Annotated[
        list[ShortText],
        field(
            "Devices",
            f"a list of at most {MAX_RECIPIENTS} names of devices",
            "Empty: all of them.",
            input="texts",
        ),
    ] = []


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    for name in ("user_key", "api_token"):
        match(config, errors, name, r"[A-Za-z0-9]{30}", "Must be 30 letters and digits.")
    if len(config.get("devices", [])) > 20 or any(
        not re.fullmatch(r"[A-Za-z0-9_-]{1,25}", device) for device in config.get("devices", [])
    ):
        errors.setdefault("devices", "At most 20 names, each of 1 to 25 letters, digits, _ and -.")


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    from delivery.apprise_sending import Service, send_by_apprise  # Apprise takes a second to import

    config, link = delivery.config, delivery.content.link
    plugin = {
        "schema": "pover", "secure": True,
        "user_key": config["user_key"], "token": config["api_token"], "targets": config["devices"],
        "priority": _PRIORITIES[delivery.content.tone],
        "supplemental_url": link or None, "supplemental_url_title": "Open" if link else None,
    }  # fmt: skip
    service = Service(text_max=1_024, shows_link=True)  # https://pushover.net/api#limits
    return send_by_apprise(delivery, plugin=plugin, service=service, attempt=attempt)


KIND = ChannelKind(
    label="Pushover", form=PushoverForm, check=check, send=send, imports=("delivery.apprise_sending",)
)
