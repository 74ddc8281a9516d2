"""Which kinds of channel there are, and where the code of each is. Importing this imports none of them."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from delivery.attempt import Sender

# The module of a kind has ``send(delivery, *, attempt)``: it sends once and returns a ``Verdict``. What
# Apprise sends has one module, and a table of its own in ``delivery.services``.
KINDS: dict[str, str] = {
    "email": "delivery.email",
    "webhook": "delivery.webhook",
    "slack": "delivery.apprised",
    "discord": "delivery.apprised",
    "telegram": "delivery.apprised",
    "pagerduty": "delivery.pagerduty",
    "opsgenie": "delivery.opsgenie",
    "msteams": "delivery.apprised",
    "ntfy": "delivery.apprised",
    "twilio": "delivery.apprised",
    "pushover": "delivery.apprised",
    "whatsapp": "delivery.apprised",
    "apprise": "delivery.apprised",
}


def load_kind(kind: str) -> "Sender":
    """Import the kind's module (once) and return its ``send``; ``KeyError`` for an unknown kind."""
    return cast("Sender", import_module(KINDS[kind]).send)
