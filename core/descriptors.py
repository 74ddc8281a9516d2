"""How many files and connections this process may have open (``ulimit -n``), and whether it is short of them.

What fails while there are none left says nothing of any target: neither what is refused a descriptor of its
own, nor what fails for want of one within a library, which often calls that something else.
"""

import errno
import logging
import os
import resource
from contextlib import suppress
from time import perf_counter

logger = logging.getLogger(__name__)

WANTED = 8_192
RESERVED, WEB_SHARE = 64, 4
"""For database, queue, deliveries and log so many, and a quarter for the web server's connections."""
FEWEST = 64
"""With fewer the database cannot be opened at every moment: neither checks nor answers."""
A_CHECK = 2
"""What one check may have open: its connections to two addresses, or one and a look-up."""
SPARE_PIPES = 3
EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_short_at = float("-inf")


def raise_limit() -> int:
    """Ask for enough of them, as far as the system lets us; how many there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return WANTED if soft == resource.RLIM_INFINITY else soft


def find_fault() -> str:
    """Why this process cannot work with as few as the system gives it; empty: it can."""
    limit = raise_limit()
    if limit >= FEWEST:
        return ""
    return (
        f"SentryPulse needs at least {FEWEST} file descriptors, and the system gives it {limit}: "
        "raise the limit (ulimit -n; systemd: LimitNOFILE)."
    )


def bound_checks(asked: int) -> int:
    """How many checks may run at once: as many as ``asked`` for, or as there are descriptors for. The
    difference is logged."""
    limit = raise_limit()
    most = max(1, (limit - RESERVED - limit // WEB_SHARE) // A_CHECK)
    if most < asked:
        logger.warning(
            "at most %d checks at once instead of %d: the system gives descriptors=%d (ulimit -n)",
            most,
            asked,
            limit,
        )
    return min(asked, most)


def is_shortage(fault: BaseException) -> bool:
    """Is it ``fault``'s cause that this machine has no more to give? It is noted."""
    short = isinstance(fault, OSError) and fault.errno in EXHAUSTED
    if short:
        note_shortage()
    return short


def note_shortage() -> None:
    """Something did not get what it needs to be done."""
    global _short_at
    _short_at = perf_counter()


def was_short(*, since: float) -> bool:
    """Were there no descriptors left at any moment since then (``time.perf_counter()``), or are there none
    now?"""
    with suppress(OSError):
        try_for_spare()
    return _short_at >= since


def try_for_spare() -> None:
    """Ask for a few descriptors and give them back; raises ``OSError`` where there are none. For what is
    half made, and says so at length, when they run out."""
    opened: list[int] = []
    try:
        for _ in range(SPARE_PIPES):
            opened += os.pipe()
    except OSError as fault:
        is_shortage(fault)
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)
