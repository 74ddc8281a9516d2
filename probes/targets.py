"""What a monitor may watch: URLs, ``host:port`` and hosts. Each has one normal form.

Only the spelling is judged; whether an address may be reached is the guard's decision at check time. Every
``check_…`` returns the normal form. A target that is not valid is a ``ValueError`` with a sentence.
"""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from core.hosts import check_host, find_host, join_host_port, split_host_port

MAX_URL_CHARS = 2_048
HTTP_PORTS = {"http": 80, "https": 443}
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")


def refuse_url(target: str) -> None:
    if "://" in target:
        raise ValueError("Enter a host without http:// or a path.")
    if "/" in target or _SPACE_OR_CONTROL.search(target):
        raise ValueError("Enter a host without spaces or slashes.")


def check_url(target: str, *, ports: Mapping[str, int] = HTTP_PORTS) -> str:
    """The normal form of a URL. ``ports``: the schemes that are allowed, each with its default port."""
    example = f"{[*ports][-1]}://example.com/path"
    if len(target) > MAX_URL_CHARS:
        raise ValueError(f"A URL has at most {MAX_URL_CHARS} characters, this one {len(target)}.")
    if _SPACE_OR_CONTROL.search(target) or "\\" in target:
        raise ValueError("A URL has no spaces, control characters or backslashes; encode them, such as %20.")
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        raise ValueError(f"This is not a valid URL; write it like {example}.") from None
    if parts.scheme not in ports:
        raise ValueError(f"The URL must start with {' or '.join(f'{scheme}://' for scheme in ports)}.")
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out of the URL and set config.auth instead.")
    if not parts.hostname:
        raise ValueError(f"The URL has no host; write it like {example}.")
    if port == 0:
        raise ValueError("The port must be a number from 1 to 65535.")
    return _rebuild(parts, check_host(find_host(parts)), None if port == ports[parts.scheme] else port)


def _rebuild(parts: SplitResult, host: str, port: int | None) -> str:
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?[]{}|^")
    return urlunsplit((parts.scheme, netloc, path, query, ""))


def check_host_port(target: str, *, default_port: int | None = None) -> str:
    refuse_url(target)
    return join_host_port(*split_host_port(target, default_port=default_port))


def check_bare_host(target: str) -> str:
    refuse_url(target)
    return check_host(target.removeprefix("[").removesuffix("]"))
