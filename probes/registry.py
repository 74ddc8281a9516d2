"""Which kinds of check there are, and where the code of each is. Importing this imports none of them."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from probes.kind import CheckKind

HEARTBEAT = "heartbeat"
"""The one kind that no prober checks: the core waits to be called."""

# The module of a kind has a ``KIND``: see ``probes.kind``.
KINDS: dict[str, str] = {
    "http": "probes.kinds.http",
    "tcp": "probes.kinds.tcp",
    "dns": "probes.kinds.dns",
    "tls": "probes.kinds.tls",
    "ping": "probes.kinds.ping",
    "domain": "probes.kinds.domain",
    "websocket": "probes.kinds.websocket",
    "smtp": "probes.kinds.smtp",
    HEARTBEAT: "probes.kinds.heartbeat",
}

CHECKED = [kind for kind in KINDS if kind != HEARTBEAT]
"""The kinds that a prober checks."""


@cache
def load_kind(kind: str) -> "CheckKind":
    """Import the kind's module (once) and return its ``KIND``; ``KeyError`` for an unknown kind."""
    return cast("CheckKind", import_module(KINDS[kind]).KIND)
