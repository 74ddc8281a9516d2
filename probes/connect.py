"""From a host name to a connected socket, for the kinds that do not go through libcurl."""

import asyncio
import errno
import ipaddress
import socket
from contextlib import suppress
from typing import Any

from core.descriptors import is_shortage
from core.hosts import split_host_port
from probes.check import Check, Judgement, ProbeError
from probes.errors import SHORT, ErrorCode
from probes.result import Status
from probes.routes import NO_ROUTE, explain_no_route, is_out_of_ports

FAMILIES = {"any": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}

# As getaddrinfo returns it: family, type, protocol, canonical name, socket address.
Found = tuple[Any, Any, int, str, Any]


def read_address(check: Check, *, default_port: int | None = None) -> tuple[str, int]:
    """Split the spec's target into host and port. A malformed target is not the target's fault, so its
    ``ProbeError`` is ``unknown``."""
    try:
        return split_host_port(check.spec.target, default_port=default_port)
    except ValueError as mistake:
        raise ProbeError(ErrorCode.CONFIG_INVALID, str(mistake), status=Status.UNKNOWN) from None


async def look_up(host: str, port: int, *, family: str, kind: socket.SocketKind) -> list[Found]:
    """Look ``host`` up with the system's resolver. Raises ``ProbeError`` with the reason.

    An address needs no lookup. While the resolver does not answer, lookups may hold all threads. A check that
    waits for a thread until its time is up has learnt nothing about its target, so it is ``unknown``.
    """
    began = False

    def look_up(host: str, flags: int = 0) -> list[Found]:
        nonlocal began
        began = True
        return socket.getaddrinfo(host, port, FAMILIES[family], kind, 0, flags)

    try:
        if is_address(host):
            return look_up(host, socket.AI_NUMERICHOST)
        asked = "localhost" if _is_loopback_name(host) else host
        return await asyncio.get_running_loop().run_in_executor(None, look_up, asked)
    except asyncio.CancelledError:
        if began:
            raise
        raise ProbeError(
            ErrorCode.INTERNAL,
            "This prober had no thread free to look the name up: its own resolver is slow.",
            status=Status.UNKNOWN,
        ) from None
    except socket.gaierror as trouble:
        raise _name_trouble(trouble, host) from None
    except UnicodeError:
        raise ProbeError(ErrorCode.DNS_NXDOMAIN, f"{host[:100]} is not a valid host name.") from None


def _is_loopback_name(host: str) -> bool:
    """Whether ``host`` is a name below ``localhost``, which means this machine (RFC 6761, 6.3). libcurl knows
    that; not every resolver does."""
    return host.lower().removesuffix(".").endswith(".localhost")


def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address, perhaps with a zone (RFC 4007), and not a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _name_trouble(trouble: socket.gaierror, host: str) -> ProbeError:
    shown = host[:100]
    if trouble.errno == socket.EAI_NONAME:
        return ProbeError(ErrorCode.DNS_NXDOMAIN, f"The name {shown} does not exist.")
    if trouble.errno in (socket.EAI_NODATA, socket.EAI_ADDRFAMILY):
        return ProbeError(ErrorCode.DNS_NO_ANSWER, f"The name {shown} exists, but has no such address.")
    if trouble.errno in (socket.EAI_MEMORY, socket.EAI_SYSTEM):
        return ProbeError(ErrorCode.INTERNAL, "This prober could not look names up.", status=Status.UNKNOWN)
    return ProbeError(ErrorCode.DNS_FAILURE, f"The name servers did not answer usefully for {shown}.")


async def explain_resolve_failure(host: str, *, family: str, limit_s: float) -> Judgement:
    """Say why ``host`` could not be resolved a moment ago: look it up once more, for at most ``limit_s``
    seconds. (Where the system has no IPv6, libcurl does not look for IPv6 addresses. This lookup does, and
    the judgement is then that there is no route.)"""
    try:
        async with asyncio.timeout(limit_s):
            found = await look_up(host, 0, family=family, kind=socket.SOCK_STREAM)
    except ProbeError as reason:
        return reason.judgement
    except TimeoutError:
        return Judgement(
            Status.DOWN, ErrorCode.DNS_TIMEOUT, f"No name server answered for {host[:100]} in time."
        )
    if no_route := explain_no_route([each[4][0] for each in found]):
        return Judgement(Status.UNKNOWN, *no_route)
    return Judgement(
        Status.DOWN,
        ErrorCode.DNS_FAILURE,
        f"{host[:100]} could not be resolved, though a second attempt could.",
    )


async def open_stream(check: Check, host: str, port: int, *, family: str) -> socket.socket:
    """Resolve, then connect to the first address that answers. Raises ``ProbeError`` with the last reason.

    Every address passes the guard right before its connect. Each gets an equal share of the time that is
    left, so that an IPv6 address that does not answer leaves time for IPv4.
    """
    with check.timing("dns_ms"):
        found = await look_up(host, port, family=family, kind=socket.SOCK_STREAM)
    check.port = port
    told: tuple[OSError, str] | None = None
    with check.timing("connect_ms"):
        for position, (af, kind, protocol, _, where) in enumerate(found):
            last = position == len(found) - 1
            share_s = None if last else check.remaining_s() / (len(found) - position)
            try:
                async with asyncio.timeout(share_s):
                    return await _connect(check, af, kind, protocol, where)
            except TimeoutError:
                if last:
                    raise
            except OSError as trouble:
                if is_shortage(trouble) or is_out_of_ports(trouble.errno, [where[0]]):
                    raise ProbeError(*SHORT, status=Status.UNKNOWN) from None
                if told is None or trouble.errno not in NO_ROUTE:  # the last address that there was
                    told = trouble, where[0]
                if last:
                    raise _connect_trouble(*told) from None
    raise ProbeError(ErrorCode.DNS_NO_ANSWER, f"The name {host[:100]} has no address.")


async def _connect(check: Check, af: Any, kind: Any, protocol: int, where: Any) -> socket.socket:
    check.address = where[0]
    check.tried.append(where[0])
    check.guard.check(where[0])
    opened = socket.socket(af, kind, protocol)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, where)
    except BaseException:
        opened.close()
        raise
    return opened


def _connect_trouble(trouble: OSError, address: str) -> ProbeError:
    if trouble.errno == errno.ECONNREFUSED:
        return ProbeError(
            ErrorCode.CONNECT_REFUSED, f"{address} refused the connection; nothing listens on the port."
        )
    why = {
        errno.ENETUNREACH: "there is no route to its network",
        errno.EHOSTUNREACH: "there is no route to the host",
        errno.ECONNRESET: "the connection was reset",
        errno.ETIMEDOUT: "nothing answered",
    }.get(trouble.errno or 0, "the network reported an error")
    return ProbeError(ErrorCode.CONNECT_FAILED, f"Could not connect to {address}: {why}.")


def drop(stream: socket.socket | None) -> None:
    """Close the connection at once, without waiting for the peer. Otherwise a hostile peer could hold us."""
    if stream is not None:
        with suppress(OSError):
            stream.close()
