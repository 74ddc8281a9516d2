"""The guard of every connection that a delivery opens, whatever library opens it.

Python tells an audit hook of each connect before it happens (PEP 578), with the address itself: a redirect or
a name that resolves anew is judged like the first one. The hook is for good, so it is quiet outside of a
delivery: it looks at a thread-local first. What a library does in a thread of its own would escape it; the
services that do so are refused by ``delivery.apprise_plugins``, and a test looks for new ones.
"""

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from delivery.attempt import Attempt
from probes.guard import BlockedAddress


class Refused(OSError):
    """The connection was not made; an ``OSError``, so that libraries clean up after it."""


class _Here(threading.local):
    attempt: Attempt | None = None


_here = _Here()


def current() -> Attempt | None:
    """The attempt that this thread is busy with."""
    return _here.attempt


@contextlib.contextmanager
def watch(attempt: Attempt) -> Iterator[None]:
    """Guard and time what this thread sends within: at the attempt's deadline, it is cut off."""
    _install()
    attempt.begin()
    timer = threading.Timer(attempt.deadline_s, attempt.expire)
    timer.daemon = True
    timer.start()
    _here.attempt = attempt
    try:
        yield
    finally:
        _here.attempt = None
        timer.cancel()
        attempt.close()


@cache
def _install() -> None:
    sys.addaudithook(_hear)


_SENDS_UNCONNECTED = {"socket.sendto", "socket.sendmsg"}
_STARTS_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"}


def _hear(event: str, args: tuple[Any, ...], *, here: _Here = _here) -> None:
    """``here`` is its own: Python still tells of events when it has emptied this module, at its end."""
    attempt = here.attempt
    if attempt is None:
        return
    if event == "socket.connect":
        _judge(attempt, args[0], args[1])
    elif event in _SENDS_UNCONNECTED and args[1] is not None:  # None: over its connection
        raise Refused("A delivery sends over connections only.")
    elif event in _STARTS_PROGRAMS:
        raise Refused("A delivery starts no program.")


def _judge(attempt: Attempt, connecting: socket.socket, address: Any) -> None:
    if connecting.family not in {socket.AF_INET, socket.AF_INET6}:
        raise Refused("A delivery goes over the network only.")
    host = str(address[0])
    if len(address) == 4 and address[3]:
        host = f"{host.partition('%')[0]}%{address[3]}"
    try:
        attempt.permit(host)
    except BlockedAddress as blocked:
        raise Refused(str(blocked)) from blocked
    attempt.hold(connecting)
