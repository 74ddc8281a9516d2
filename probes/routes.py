"""Does this machine know a route to an address at all? If not, the target is not to blame."""

import errno
import socket
from collections.abc import Sequence
from pathlib import Path

from probes.errors import ErrorCode

NO_ROUTE = frozenset(
    (
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
    )
)
RESOLV_CONF = "/etc/resolv.conf"
_ANY_PORT = 9
_SOMEWHERE_IPV6 = "2001:db8::1"
"""Stands for all of IPv6: only a default route leads there."""


def has_route(address: str) -> bool:
    """Whether this machine has a route to ``address``. Connecting a UDP socket looks the route up and sends
    nothing."""
    try:
        ((family, kind, protocol, _, where),) = socket.getaddrinfo(
            address, _ANY_PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )
        with socket.socket(family, kind, protocol) as lookup:
            lookup.connect(where)
    except OSError as trouble:
        return trouble.errno not in NO_ROUTE
    return True


def is_out_of_ports(os_errno: int | None, addresses: Sequence[str]) -> bool:
    """Whether a connection failed because no port was free on our side, although there is a route."""
    return os_errno == errno.EADDRNOTAVAIL and all(has_route(address) for address in addresses)


def read_name_servers() -> list[str]:
    """The addresses of the system's name servers; empty when it names none."""
    try:
        lines = Path(RESOLV_CONF).read_text(errors="replace").splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    return [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]


def explain_no_name_server() -> tuple[ErrorCode, str] | None:
    """Why no name can be looked up from here; None where a route leads to one of the name servers."""
    servers = read_name_servers()
    if not servers or any(has_route(server) for server in servers):
        return None
    return (
        ErrorCode.OWN_NETWORK,
        f"No route leads to the name servers ({', '.join(servers[:3])}) from where it is checked: the network"
        " there is away.",
    )


def explain_no_route(addresses: Sequence[str]) -> tuple[ErrorCode, str] | None:
    """Why none of ``addresses`` can be reached from here; None where a route leads to one of them."""
    if not addresses or any(has_route(address) for address in addresses):
        return None
    if all(":" in address for address in addresses):
        return (
            ErrorCode.NO_IPV6_HERE,
            f"The target has IPv6 addresses only ({addresses[-1]}), and there is no IPv6 where it is checked"
            " from.",
        )
    if has_route(_SOMEWHERE_IPV6):
        return (
            ErrorCode.NO_IPV4_HERE,
            f"The target has IPv4 addresses only ({addresses[-1]}), and there is no IPv4 where it is checked"
            " from.",
        )
    return (
        ErrorCode.OWN_NETWORK,
        f"No route leads to {addresses[-1]} from where it is checked: the network there is away.",
    )
