"""Guards every connection that a delivery opens, whatever library opens it.

Python calls an audit hook before each connect (PEP 578), with the address itself. So a redirect, or a name
that resolves to another address, is judged like the first one. The hook cannot be removed, so outside of a
delivery it does nothing: it looks at a thread-local first. A connection that a library opens in a thread of
its own would escape it. ``delivery.apprise_plugins`` refuses the services that do so, and a test looks for
new ones.
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
    """The connection was not made. An ``OSError``, so that libraries clean up after it."""


class _Here(threading.local):
    attempt: Attempt | None = None


_here = _Here()


def current() -> Attempt | None:
    """The attempt that this thread works on; None outside of a delivery."""
    return _here.attempt


@contextlib.contextmanager
def watch(attempt: Attempt) -> Iterator[None]:
    """Guard what this thread sends within the block, and cut it off at the attempt's deadline."""
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
    """The audit hook. ``here`` is a default argument, because Python still calls the hook after it has
    emptied this module, at its end."""
    attempt = here.attempt
    if attempt is None:
        return
    if event == "socket.connect":
        _refuse_blocked(attempt, args[0], args[1])
    elif event in _SENDS_UNCONNECTED and args[1] is not None:  # None: over a connection
        raise Refused("A delivery sends over connections only.")
    elif event in _STARTS_PROGRAMS:
        raise Refused("A delivery starts no program.")


def _refuse_blocked(attempt: Attempt, connecting: socket.socket, address: Any) -> None:
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
