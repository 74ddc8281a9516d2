"""Which kinds of channel there are, and what the file of each offers. Importing this imports no kind."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from delivery.attempt import SendOnce
from delivery.forms import Form

EMAIL = "email"
"""The kind whose addresses are people: they agree to get alerts, and acknowledge by links of their own."""

KINDS = (
    EMAIL,
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
"""The file of each kind is `delivery/kinds/<kind>.py`, and has a ``KIND``. Forms are shown in this order."""

OUR_OWN = {"watchdog": "delivery.watchdog"}
"""Kinds that we use ourselves and no user can configure."""


def accept(config: dict[str, Any], errors: dict[str, str]) -> None:
    """The ``check`` of a form that has no rules besides its fields' types."""


@dataclass(frozen=True, kw_only=True)
class ChannelKind:
    """A kind of channel. Its file is also imported for its form alone, so it imports no library that sends at
    its top.

    ``check`` gets the fields that could be read; it may normalise them, and adds faults to ``errors``.
    ``send`` makes one attempt. ``pager``: see ``is_pager``. ``imports`` are modules that ``send`` imports;
    they are loaded before the ten seconds of a delivery begin.
    """

    label: str
    form: type[Form]
    send: SendOnce
    check: Callable[[dict[str, Any], dict[str, str]], None] = accept
    pager: bool = False
    imports: tuple[str, ...] = ()


def load_kind(name: str) -> ChannelKind:
    """The ``KIND`` of the kind's file. Raises ``KeyError`` for an unknown kind."""
    if name not in KINDS:
        raise KeyError(name)
    return cast("ChannelKind", import_module(f"delivery.kinds.{name}").KIND)


def is_pager(name: str) -> bool:
    """Whether the kind keeps an alert open until it hears that the trouble is over. False for a kind that no
    longer exists."""
    return name in KINDS and load_kind(name).pager


def load_sender(name: str) -> SendOnce:
    """The kind's ``send``, with all it imports loaded. Raises ``KeyError`` for an unknown kind."""
    if name in OUR_OWN:
        return cast("SendOnce", import_module(OUR_OWN[name]).send)
    kind = load_kind(name)
    for module in kind.imports:
        import_module(module)
    return kind.send
