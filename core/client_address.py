"""Who called. The only reader of ``X-Forwarded-For``: throttles, pings and metrics ask here."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_HEADER = "X-Forwarded-For"


def client_address(request: HttpRequest) -> str:
    """What the outermost of our TRUSTED_PROXIES wrote into ``X-Forwarded-For``, else the peer; no port."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    entries = request.headers.get(_HEADER, "").split(",") if settings.TRUSTED_PROXIES else [""]
    claimed = entries[-min(settings.TRUSTED_PROXIES, len(entries))]
    return parse_address(claimed) or parse_address(peer) or peer


def is_forwarded(request: HttpRequest) -> bool:
    """Whether a proxy stands, or seems to stand, between us and the client."""
    return bool(settings.TRUSTED_PROXIES) or _HEADER in request.headers


def parse_address(entry: str) -> str | None:
    """The address of an entry as proxies write them; None where there is none.

    Azure Application Gateway and IIS write ``client:port``, RFC 7239 wants IPv6 in brackets and quotes.
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
    """IPv6 by its /64, which one customer owns; IPv4, and what is no address, as it is."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address or "unknown"
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else address
