"""The web server's connections: bounded in number, each bounded in time, so that none shuts out the others.

Waitress reads a whole request before a thread gets it, so a slow client holds a connection and no more. What
it lacks is added here: a bound for half-sent requests, and room for who comes next when all places are taken
by connections that only wait.
"""

import fcntl
import logging
import math
import socket
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

logger = logging.getLogger(__name__)

IDLE_S = 15.0
"""How long a connection may be open without a request."""
REQUEST_S = 10.0
"""How long a request may take to come, if it is short."""
SLOWEST_BYTES_S = 8_192
"""A longer one has a second more for so many bytes."""
STALLED_S = 20.0
"""How long nothing of an answer may be taken."""
LOOK_EVERY_S = 1.0
REST_S = 0.5
"""How long nobody is let in after the system had no descriptor for one."""
FIRST_DESCRIPTOR = 1_024
"""Ours lie above: libcurl can only wait for descriptors below (``probes.curl``)."""


class TimedChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection, and since when it waits for what."""

    waits_since = 0.0
    """When it was opened, or its last answer was made."""
    began_at = 0.0
    """When the request began that is coming now."""
    got_bytes = 0
    """How much came since it waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waits_since = self.creation_time

    def received(self, data: bytes) -> bool:
        before = self.request
        found: bool = super().received(data)
        if self.request is not None and self.request is not before:
            self.began_at = time.time()
        self.got_bytes += len(data)
        return found

    def service(self) -> None:
        """Called by a thread. While it ends, the loop must not take the answer for one that nobody takes."""
        self.waits_since = math.inf
        super().service()
        self.waits_since, self.got_bytes = time.time(), 0

    def is_waiting(self) -> bool:
        """Whether we wait for the client and owe it no answer."""
        return not (self.requests or self.will_close)

    def readable(self) -> bool:
        return bool(self.connected and super().readable())

    def writable(self) -> bool:
        return bool(self.connected and super().writable())

    def is_overdue(self, now: float) -> bool:
        if not self.is_waiting():
            return False
        if self.total_outbufs_len:
            return bool(now - max(self.last_activity, self.waits_since) > STALLED_S)
        request_s = REQUEST_S + self.got_bytes / SLOWEST_BYTES_S
        if self.request is not None and now - self.began_at > request_s:
            return True
        # Empty lines are half a request at one moment, and none at the next.
        return now - self.waits_since > IDLE_S + (
            0 if self.request is None and not self.got_bytes else request_s
        )


class PatientServer(TcpWSGIServer):  # type: ignore[misc]
    """Waitress' server with those bounds."""

    channel_class = TimedChannel
    next_look = 0.0
    rests_until = 0.0

    def readable(self) -> bool:
        """May somebody be let in? Called at each turn of the loop, once a second at least."""
        now = time.time()
        if now >= self.next_look:
            self.next_look = now + LOOK_EVERY_S
            self.maintenance(now)
        if not self.accepting or now < self.rests_until:
            return False
        self._make_room(self.adj.connection_limit - 1)
        return bool(len(self.active_channels) < self.adj.connection_limit)

    def maintenance(self, now: float) -> None:
        """Closed at once: ``will_close`` waits until the client takes something, which this one may never."""
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.handle_close()

    def _make_room(self, most: int) -> None:
        """Let the longest waiting go until ``most`` are left, or nobody waits."""
        if (excess := len(self.active_channels) - most) > 0:
            waiting = [channel for channel in self.active_channels.values() if channel.is_waiting()]
            for channel in sorted(waiting, key=lambda channel: channel.waits_since)[:excess]:
                channel.handle_close()

    def handle_accept(self) -> None:
        try:
            accepted = self.accept()
            if accepted is None:
                return
            connection, address = accepted
        except OSError as error:
            self._rest(error)
            return
        try:
            connection = _move_up(connection)
            self.set_socket_options(connection)
            self.channel_class(self, connection, self.fix_addr(address), self.adj, map=self._map)
        except OSError:  # the client has gone already
            connection.close()

    def _rest(self, error: OSError) -> None:
        """Out of descriptors, the loop would turn without end: the connection stays where it is. So it waits,
        and lets half of those that wait go."""
        self.rests_until = time.time() + REST_S
        self._make_room(len(self.active_channels) // 2)
        logger.warning("web connection not accepted open=%d: %s", len(self.active_channels), error.strerror)


def _move_up(connection: socket.socket) -> socket.socket:
    """The same connection under a higher number, where there is one."""
    try:
        number = fcntl.fcntl(connection.fileno(), fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR)
    except OSError:
        return connection
    moved = socket.socket(connection.family, connection.type, connection.proto, fileno=number)
    connection.close()
    return moved
