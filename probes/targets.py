"""What a monitor may watch: URLs, ``host:port``, hosts and names, brought into one spelling each."""

import ipaddress
import re
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from probes.mistakes import ConfigError

MAX_URL_CHARS = 2_048
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")


def check_target(kind: str, target: str) -> str:
    """Return ``target`` in the spelling that a spec of ``kind`` carries; raise ``ConfigError({"url": …})``.

    It judges the spelling only; whether an address may be reached is the guard's decision at check time.
    """
    try:
        return _CHECKS[kind](target.strip())
    except KeyError:
        raise ConfigError({"kind": f"There is no kind {kind!r}."}) from None
    except ValueError as mistake:
        raise ConfigError({"url": str(mistake)}) from None


def check_host(host: str) -> str:
    """Return a host name in lower-case ASCII (IDN as punycode), or an IP address; or raise ``ValueError``."""
    if _is_ipv6(host):
        return ipaddress.IPv6Address(host).compressed
    return check_name(host)


def check_name(name: str) -> str:
    """Return a domain name in lower-case ASCII without the final dot, or raise ``ValueError``."""
    if not name:
        raise ValueError("Enter a host, such as example.com.")
    ascii_name = _to_ascii(name.lower()).removesuffix(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in ascii_name.split(".")):
        raise ValueError(f"{name[:100]!r} is not a host name; write it like example.com.")
    return ascii_name


def _to_ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()  # IDNA 2003: the standard library's, so that no package is needed
    except UnicodeError:
        raise ValueError(f"{name[:100]!r} is not a valid international domain name.") from None


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


def _refuse_url(target: str) -> None:
    if "://" in target:
        raise ValueError("Enter a host without http:// or a path.")
    if "/" in target or _SPACE_OR_CONTROL.search(target):
        raise ValueError("Enter a host without spaces or slashes.")


def _check_url(target: str) -> str:
    if len(target) > MAX_URL_CHARS:
        raise ValueError(f"A URL has at most {MAX_URL_CHARS} characters, this one {len(target)}.")
    if _SPACE_OR_CONTROL.search(target) or "\\" in target:
        raise ValueError("A URL has no spaces, control characters or backslashes; encode them, such as %20.")
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        raise ValueError("This is not a valid URL; write it like https://example.com/path.") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("The URL must start with http:// or https://.")
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out of the URL and set config.auth instead.")
    if not parts.hostname:
        raise ValueError("The URL has no host; write it like https://example.com/path.")
    if port == 0:
        raise ValueError("The port must be a number from 1 to 65535.")
    return _rebuild(parts, check_host(parts.hostname), port)


def _rebuild(parts: SplitResult, host: str, port: int | None) -> str:
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        netloc += f":{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?[]{}|^")
    return urlunsplit((parts.scheme, netloc, path, query, ""))


def _check_host_port(target: str) -> str:
    _refuse_url(target)
    return join_host_port(*split_host_port(target))


def _check_tls_host(target: str) -> str:
    _refuse_url(target)
    return join_host_port(*split_host_port(target, default_port=443))


def _check_bare_host(target: str) -> str:
    _refuse_url(target)
    return check_host(target.removeprefix("[").removesuffix("]"))


def _check_domain(target: str) -> str:
    _refuse_url(target)
    name = check_name(target)
    if "." not in name or name.rpartition(".")[2].isdigit():
        raise ValueError(f"{name[:100]!r} is not a domain that can be registered; write it like example.com.")
    return name


def _check_heartbeat(target: str) -> str:
    if target:
        raise ValueError("A heartbeat watches no address; leave this empty.")
    return ""


_CHECKS = {
    "http": _check_url,
    "tcp": _check_host_port,
    "tls": _check_tls_host,
    "dns": _check_bare_host,
    "ping": _check_bare_host,
    "domain": _check_domain,
    "heartbeat": _check_heartbeat,
}
