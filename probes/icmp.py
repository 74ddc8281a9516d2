"""ICMP echo, by an unprivileged socket if ``net.ipv4.ping_group_range`` allows it, otherwise by a raw
socket."""

import asyncio
import os
import socket
import struct
from time import perf_counter
from typing import Any

from core.descriptors import is_shortage
from probes.check import Check, ProbeError
from probes.errors import SHORT, ErrorCode
from probes.result import Status

_ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}  # RFC 792, RFC 4443
_ECHO_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
NOT_PERMITTED = (
    "This system does not let the prober send ICMP; allow it with "
    "sysctl net.ipv4.ping_group_range='0 2147483647', or the capability CAP_NET_RAW."
)


def open_socket(family: Any) -> tuple[socket.socket, bool]:
    """A socket for ICMP, and whether it is a raw socket. Raises ``ProbeError`` when this process may open
    none."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = socket.socket(family, kind, _PROTOCOL[family])
        except OSError as trouble:
            if is_shortage(trouble):
                raise ProbeError(*SHORT, status=Status.UNKNOWN) from None
            continue
        opened.setblocking(False)
        return opened, kind == socket.SOCK_RAW
    raise ProbeError(ErrorCode.PING_NOT_PERMITTED, NOT_PERMITTED, status=Status.UNKNOWN)


async def exchange(
    check: Check, opened: socket.socket, *, raw: bool, family: Any, where: Any, count: int
) -> list[float]:
    """Send ``count`` echo requests, one after another. Returns the round trip times in ms of those that were
    answered."""
    loop = asyncio.get_running_loop()
    token = os.urandom(16)
    trips_ms: list[float] = []
    try:
        opened.connect((where[0], 0, *where[2:]))  # from now on only this host is heard
        for sequence in range(1, count + 1):
            packet = _build(family, sequence, token)
            # A little less than the rest, so that a lost last packet is counted before the timeout.
            share_s = check.remaining_s() * 0.95 / (count - sequence + 1)
            sent = perf_counter()
            await loop.sock_sendall(opened, packet)
            try:
                async with asyncio.timeout(share_s):
                    while not _answers(await loop.sock_recv(opened, 2_048), family, sequence, token, raw=raw):
                        pass
            except TimeoutError:
                continue
            trips_ms.append((perf_counter() - sent) * 1_000)
    except OSError as trouble:
        if is_shortage(trouble):
            raise ProbeError(*SHORT, status=Status.UNKNOWN) from None
        raise ProbeError(
            ErrorCode.CONNECT_FAILED, f"Could not send to {where[0]}: there is no route to the host."
        ) from None
    return trips_ms


def _build(family: Any, sequence: int, token: bytes) -> bytes:
    """Build an echo request; the kernel fills in identifier and checksum where it owns them."""
    identifier = os.getpid() & 0xFFFF
    header = struct.pack("!BBHHH", _ECHO_REQUEST[family], 0, 0, identifier, sequence)
    checksum = _sum(header + token)
    return struct.pack("!BBHHH", _ECHO_REQUEST[family], 0, checksum, identifier, sequence) + token


def _sum(data: bytes) -> int:
    """The checksum of RFC 1071. ``data`` must have an even length."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def _answers(packet: bytes, family: Any, sequence: int, token: bytes, *, raw: bool) -> bool:
    if raw and family == socket.AF_INET and packet:
        packet = packet[(packet[0] & 0x0F) * 4 :]  # a raw IPv4 socket also hands over the IP header
    if len(packet) < 8 or packet[0] != _ECHO_REPLY[family]:
        return False
    return struct.unpack("!H", packet[6:8])[0] == sequence and packet[8:] == token
