"""How many files and connections this process may have open (``ulimit -n``), and whether they run out.

What fails while no descriptor is free says nothing of any target. That is true for what gets no descriptor
itself, and for what fails inside of a library for want of one, often with another error.
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
"""Descriptors that are kept for database, queue, deliveries and log; and the part (one in four) that is kept
for the web server's connections."""
FEWEST = 64
"""With fewer descriptors the database cannot always be opened, so neither checks nor answers would work."""
A_CHECK = 2
"""Descriptors that one check may have open: its connections to two addresses, or one and a lookup."""
SPARE_PIPES = 3
EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_short_at = float("-inf")


def raise_limit() -> int:
    """Raise the limit to ``WANTED``, as far as the system lets us. Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return WANTED if soft == resource.RLIM_INFINITY else soft


def explain_low_limit() -> str:
    """Why this process cannot work with the limit that the system gives it; empty: it can."""
    limit = raise_limit()
    if limit >= FEWEST:
        return ""
    return (
        f"SentryPulse needs at least {FEWEST} file descriptors, and the system gives it {limit}: "
        "raise the limit (ulimit -n; systemd: LimitNOFILE)."
    )


def bound_checks(asked: int) -> int:
    """How many checks may run at once: ``asked``, or fewer when there are not enough descriptors. Then a
    warning is logged."""
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
    """Whether ``fault`` was raised because this machine has no descriptor or memory left. If so, it is noted
    (``was_short``)."""
    short = isinstance(fault, OSError) and fault.errno in EXHAUSTED
    if short:
        note_shortage()
    return short


def note_shortage() -> None:
    """Note that something failed now for want of descriptors or memory."""
    global _short_at
    _short_at = perf_counter()


def was_short(*, since: float) -> bool:
    """Whether descriptors or memory ran out at some moment since then (``time.perf_counter()``), or have run
    out now."""
    with suppress(OSError):
        try_for_spare()
    return _short_at >= since


def try_for_spare() -> None:
    """Open a few descriptors and close them again. Raises ``OSError`` when there are none. For use before
    something that would be left half made when they run out."""
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
