"""The message that asks for one check."""

from datetime import datetime
from typing import Any

import msgspec


class CheckSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a probe needs to know; it looks nothing up.

    ``target`` is what its kind watches: a URL, ``host:port``, a host or a domain name. ``scheduled_at``
    (aware UTC) is the slot; with ``monitor_id`` and ``region`` it is the identity of the result to come.
    ``revision`` counts the edits of the monitor, so that an answer to an older question can be told.
    ``config`` is the kind's complete, validated configuration, with its secrets unencrypted. ``team_id`` is
    the monitor's team, for fair shares; 0 in messages of older versions. ``slow``: it is expected to take
    long.
    """

    monitor_id: int
    revision: int
    kind: str
    target: str
    region: str
    scheduled_at: datetime
    timeout_s: float
    config: dict[str, Any]
    team_id: int = 0
    slow: bool = False

    def __repr__(self) -> str:
        """Leave ``config`` out: it can hold secrets, and a repr ends in a log."""
        return f"CheckSpec({self.kind} monitor={self.monitor_id} region={self.region} at={self.scheduled_at})"
