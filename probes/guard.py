"""Which addresses a probe may talk to.

The judgement is on the address a socket is about to connect to, never on a host name or on how a URL spells
it: redirects, DNS rebinding and spellings such as ``0x7f.1`` all end in one connected address.
"""

import ipaddress
from functools import lru_cache

_IPv4 = ipaddress.IPv4Address
_IPv6 = ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA special-purpose address registries (RFC 6890 and its updates). Written out because what
# ``ipaddress.is_private`` covers changes between Python's patch releases.
_REFUSED: tuple[tuple[_Network, str], ...] = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared (carrier NAT)"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud platform"),  # Azure: agents, DNS, health probes
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "reserved (AS112)"),
        ("192.52.193.0/24", "reserved (AMT)"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved (AS112)"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard"),
        ("100:0:0:1::/64", "reserved"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2620:4f:8000::/48", "reserved (AS112)"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TEREDO = ipaddress.ip_network("2001::/32")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_COMPATIBLE = ipaddress.ip_network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of an interface identifier before an IPv4 address (RFC 5214, 6.1)."""


class BlockedAddress(Exception):
    """The address must not be reached. ``reason`` is the kind of address as a code, ``kind`` the same in
    words for people."""

    def __init__(self, address: str, reason: str) -> None:
        article = "an" if reason[0] in "aeiou" else "a"
        # The sentence names no address: it may lead into a network that nobody else may see.
        self.kind = (
            "an address of this network" if reason == "this network" else f"{article} {reason} address"
        )
        super().__init__(f"It leads to {self.kind}")
        self.address = address
        self.reason = reason


class Guard:
    """Decides which addresses may be reached. Verdicts are cached, because the same few addresses come again
    with every check.

    ``allow_private`` allows every address that a socket can sensibly connect to: all but multicast, broadcast
    and the unspecified address.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self._reason = lru_cache(maxsize=4096)(_refuse_nonsense if allow_private else _refuse)

    def check(self, address: str | bytes) -> None:
        """Return if ``address`` (text, or packed bytes) may be connected to; raise ``BlockedAddress`` if not.

        Anything that is not a plain IP address is refused as well, since it cannot be judged.
        """
        reason = self._reason(address)
        if reason:
            raise BlockedAddress(_show(address), reason)


def _show(address: str | bytes) -> str:
    return _parse(address).compressed if isinstance(address, bytes) else address


def _parse(address: str | bytes) -> _IPv4 | _IPv6:
    return ipaddress.ip_address(address)


def _refuse(address: str | bytes) -> str:
    try:
        ip = _parse(address)
    except ValueError:
        return "malformed"
    if isinstance(ip, _IPv6):
        if ip.scope_id is not None:
            return "link-scoped"
        embedded = _find_embedded(ip)
        if embedded is not None:
            return _classify(embedded) or ("" if ip.ipv4_mapped or ip in _NAT64 else "tunnelled")
    return _classify(ip)


def _classify(ip: _IPv4 | _IPv6) -> str:
    for network, why in _REFUSED:
        if ip.version == network.version and ip in network:
            return why
    if isinstance(ip, _IPv6) and ip not in _GLOBAL_UNICAST:
        return "reserved"
    return ""


def _find_embedded(ip: _IPv6) -> _IPv4 | None:
    """Find the IPv4 address that a packet to ``ip`` would reach in the end.

    RFC 4291 (mapped, compatible), RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo: the client, inverted),
    RFC 5214 (ISATAP).
    """
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _SIX_TO_FOUR:
        return _IPv4(int(ip) >> 80 & 0xFFFFFFFF)
    if ip in _TEREDO:
        return _IPv4(~int(ip) & 0xFFFFFFFF)
    if int(ip) >> 32 & 0xFFFFFFFF in _ISATAP:
        return _IPv4(int(ip) & 0xFFFFFFFF)
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):
        return _IPv4(int(ip) & 0xFFFFFFFF)
    return None


def _refuse_nonsense(address: str | bytes) -> str:
    try:
        ip = _parse(address)
    except ValueError:
        return "malformed"
    if isinstance(ip, _IPv6) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_multicast:
        return "multicast"
    if ip.is_unspecified or ip == _IPv4("255.255.255.255"):
        return "broadcast" if int(ip) else "unspecified"
    return ""
