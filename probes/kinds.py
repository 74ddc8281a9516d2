"""Which kinds of check there are, and where the code of each is. Importing this imports none of them."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from probes.check import Starter

# The module of a kind has ``start(check, *, engines)``: it begins the check and sees to it that
# ``check.finish`` is called exactly once. Heartbeats are not here: nobody goes out, the core waits for them.
KINDS: dict[str, str] = {
    "http": "probes.http",
    "tcp": "probes.tcp",
    "dns": "probes.dns",
    "tls": "probes.tls",
    "ping": "probes.ping",
    "domain": "probes.domain",
}


def load_kind(kind: str) -> "Starter":
    """Import the kind's module (once) and return its ``start``; ``KeyError`` for an unknown kind."""
    return cast("Starter", import_module(KINDS[kind]).start)
