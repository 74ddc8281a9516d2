"""Which kinds of channel there are, and what the file of each offers. Importing this imports none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from delivery.attempt import SendOnce
from delivery.forms import Form

KINDS = (
    "email",
    "webhook",
    "slack",
    "discord",
    "telegram",
    "pagerduty",
    "opsgenie",
    "msteams",
    "googlechat",
    "mattermost",
    "rocketchat",
    "zulip",
    "matrix",
    "ntfy",
    "twilio",
    "pushover",
    "whatsapp",
    "gotify",
    "apprise",
)
"""The file of each is `delivery/kinds/<kind>.py`, and has a ``KIND``. Forms are shown in this order."""

OUR_OWN = {"watchdog": "delivery.watchdog"}
"""What no user configures: no kind of channel."""


def accept(config: dict[str, Any], errors: dict[str, str]) -> None:
    """For a form that asks for no more than its fields' types."""


@dataclass(frozen=True, kw_only=True)
class ChannelKind:
    """A kind of channel. Its file is read for its form alone, too, so it imports no library that sends.

    ``check`` takes the fields that could be read, may bring them into their one spelling, and adds to
    ``errors``. ``send`` sends once. ``pager``: see ``is_pager``.
    ``imports`` are modules that ``send`` imports; they are loaded before the ten seconds of a delivery begin.
    """

    label: str
    form: type[Form]
    send: SendOnce
    check: Callable[[dict[str, Any], dict[str, str]], None] = accept
    pager: bool = False
    imports: tuple[str, ...] = ()


def load_kind(name: str) -> ChannelKind:
    """What the kind's file offers; ``KeyError`` for an unknown kind."""
    if name not in KINDS:
        raise KeyError(name)
    return cast("ChannelKind", import_module(f"delivery.kinds.{name}").KIND)


def is_pager(name: str) -> bool:
    """Does it keep an alert open until it is told that it is over? A kind that is gone does not."""
    return name in KINDS and load_kind(name).pager


def load_sender(name: str) -> SendOnce:
    """The kind's ``send``, ready to begin at once; ``KeyError`` for an unknown kind."""
    if name in OUR_OWN:
        return cast("SendOnce", import_module(OUR_OWN[name]).send)
    kind = load_kind(name)
    for module in kind.imports:
        import_module(module)
    return kind.send
