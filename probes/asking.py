"""Does anybody answer from here? Several hosts are asked at once, within a limit of time."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver

from core.descriptors import is_shortage, try_for_spare
from probes.evidence import Address


def count_connected(
    where: Sequence[Address], *, enough: int, within_s: float, or_refused: bool = False
) -> int:
    """Returns how many hosts of ``where`` accept a TCP connection within ``within_s`` seconds. Stops as soon
    as ``enough`` of them have answered. With ``or_refused``, a host that refuses the connection counts,
    too."""
    try_for_spare()
    questions = [_connect(*each, or_refused=or_refused) for each in where]
    return _run(questions, enough=enough, within_s=within_s)


def count_looked_up(names: Sequence[str], *, enough: int, within_s: float) -> int:
    """Returns for how many of ``names`` a name server answers within ``within_s`` seconds. That a name does
    not exist is an answer, too."""
    try_for_spare()
    return _run([_look_up(name, within_s) for name in names], enough=enough, within_s=within_s)


def _run(questions: "Sequence[Coroutine[Any, Any, bool]]", *, enough: int, within_s: float) -> int:
    """Run the questions in a new event loop. It does not wait for lookups that hang: their threads end by
    themselves."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_count(questions, enough=enough, within_s=within_s))
    finally:
        loop.close()


async def _count(questions: "Sequence[Coroutine[Any, Any, bool]]", *, enough: int, within_s: float) -> int:
    asked = [asyncio.ensure_future(question) for question in questions]
    answered = 0
    try:
        with suppress(TimeoutError):
            for each in asyncio.as_completed(asked, timeout=within_s):
                answered += await each
                if answered >= enough:
                    break
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    return answered


async def _connect(address: str, port: int, *, or_refused: bool) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except (ConnectionRefusedError, ConnectionResetError):
        return or_refused
    except (OSError, UnicodeError) as fault:
        is_shortage(fault)
        return False
    writer.close()
    return True


async def _look_up(name: str, within_s: float) -> bool:
    try:
        resolver = dns.asyncresolver.Resolver()
        await resolver.resolve(name, "A", search=False, lifetime=within_s, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return True
    except (dns.exception.DNSException, OSError) as fault:
        is_shortage(fault)
        return False
    return True
