"""Hosts, ``host:port`` and URLs as people write them, in the one spelling that DNS, TLS and HTTP know."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from core.hostnames import to_ascii

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_host(host: str) -> str:
    """Return a host name in lower-case ASCII (see ``core.hostnames``), or an IP address; or raise
    ``ValueError``."""
    if _is_ipv6(host):
        return ipaddress.IPv6Address(host).compressed
    return check_name(host)


def check_name(name: str) -> str:
    """Return a domain name in lower-case ASCII without the final dot, or raise ``ValueError``."""
    if not name:
        raise ValueError("Enter a host, such as example.com.")
    ascii_name = to_ascii(name).removesuffix(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in ascii_name.split(".")):
        raise ValueError(f"{name[:100]!r} is not a host name; write it like example.com.")
    return ascii_name


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def split_host_port(target: str, *, default_port: int | None = None) -> tuple[str, int]:
    """Split ``host:port``, ``[v6]:port``, ``host`` or a bare IPv6 address, or raise ``ValueError``."""
    if _is_ipv6(target):
        host, port_text = target, ""
    elif target.startswith("["):
        host, bracket, rest = target[1:].partition("]")
        if not bracket or not _is_ipv6(host) or (rest and not rest.startswith(":")):
            raise ValueError("Write an IPv6 address in brackets, such as [2001:db8::1]:443.")
        port_text = rest[1:]
    else:
        host, _, port_text = target.partition(":")
    if not port_text:
        if default_port is None:
            raise ValueError("Add the port, such as example.com:443.")
        return check_host(host), default_port
    if not (port_text.isascii() and port_text.isdigit()) or not 1 <= int(port_text) <= 65_535:
        raise ValueError(f"The port must be a number from 1 to 65535, got {port_text[:20]!r}.")
    return check_host(host), int(port_text)


def join_host_port(host: str, port: int) -> str:
    """Write ``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def find_host(parts: SplitResult) -> str:
    """Return a URL's host as it is written, without brackets; "" if there is none.

    ``parts.hostname`` is in small letters of Python's making, which are not those of UTS 46 (final sigma).
    """
    written = parts.netloc.rpartition("@")[2]
    if written.startswith("["):
        return parts.hostname or ""
    return written.partition(":")[0]


def spell_host(url: str) -> str:
    """Return ``url`` with an international host in ASCII and all else as it is; or raise ``ValueError``."""
    parts = urlsplit(url)
    host = find_host(parts)
    if host.isascii():
        return url
    user, at, written = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{written.replace(host, to_ascii(host), 1)}"))


def read_scheme(url: str) -> str:
    """Return a URL's scheme, or "" if it has none or is no URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def name_origin(url: str) -> str:
    """Write a URL's scheme, host and port, which together say who receives credentials (RFC 6454)."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"


def check_web_address(url: str) -> str:
    """What is wrong with ``url`` as the address of a service, in one sentence; empty if nothing is."""
    if _CONTROL.search(url) or " " in url:
        return "Must not contain blanks, line breaks or control characters; write a blank as %20."
    try:
        parts = urlsplit(url)
        host, _ = find_host(parts), parts.port
        if host:
            check_host(host)
    except ValueError:
        return "Cannot be read as an address; write it like https://example.com/path."
    if parts.scheme not in {"http", "https"} or not host:
        return "Must start with https:// or http:// and name a host."
    if parts.username is not None or parts.password is not None:
        return "Must not contain a user name or password; send an Authorization header instead."
    if parts.fragment:
        return "Leave out what follows the #: it is never sent."
    return ""
