"""Finds out the client's address. Only this module reads ``X-Forwarded-For``; throttles, pings and metrics
use it."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_HEADER = "X-Forwarded-For"


def client_address(request: HttpRequest) -> str:
    """The address that the outermost of our TRUSTED_PROXIES wrote into ``X-Forwarded-For``, otherwise the
    peer's. Without a port."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    entries = request.headers.get(_HEADER, "").split(",") if settings.TRUSTED_PROXIES else [""]
    claimed = entries[-min(settings.TRUSTED_PROXIES, len(entries))]
    return parse_address(claimed) or parse_address(peer) or peer


def is_forwarded(request: HttpRequest) -> bool:
    """Whether there is a proxy between us and the client, or there seems to be one."""
    return bool(settings.TRUSTED_PROXIES) or _HEADER in request.headers


def parse_address(entry: str) -> str | None:
    """The address in an entry as proxies write it; None when there is none.

    Azure Application Gateway and IIS write ``client:port``. RFC 7239 wants IPv6 in brackets and quotes.
    """
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else str(ip)


def fold_address(address: str) -> str:
    """The group in which an address is counted: for IPv6 its /64, which belongs to one customer; otherwise
    the text as it is."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address or "unknown"
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else address
