"""Where a Location header leads, read as browsers read it (WHATWG URL standard), in libcurl's spelling."""

import re
import string
from urllib.parse import quote, unquote, urljoin, urlsplit

from core.hostnames import to_ascii
from core.hosts import find_host

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_PRINTABLE = string.ascii_letters + string.digits + string.punctuation
_PATH = "".join(char for char in _PRINTABLE if char not in '"#<>?`{}')
_QUERY = "".join(char for char in _PRINTABLE if char not in "\"#<>'")


def resolve_location(base: str, location: bytes) -> str:
    """The URL that ``location`` means in an answer of the URL ``base``. Raises ``ValueError`` when it means
    none.

    A URL of another scheme than http and https is returned as it is.
    """
    text = location.decode("utf-8", "surrogateescape").strip().translate({9: None, 10: None, 13: None})
    text = text.partition("#")[0]
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() not in ("http", "https"):
        return text
    before, mark, query = text.partition("?")
    text = before.replace("\\", "/") + mark + query
    own = urlsplit(base).scheme
    if scheme:
        named, rest = scheme[0].lower(), text[len(scheme[0]) + 1 :]
        if named != own or rest.startswith("//"):
            return _spell(f"{named}://{rest.lstrip('/')}")
        text = rest  # "http:/path": on the same host
    if text.startswith("//"):
        return _spell(f"{own}://{text.lstrip('/')}")
    return _spell(urljoin(base, text) if text else base)


def _spell(url: str) -> str:
    parts = urlsplit(url)
    netloc = _spell_netloc(parts.netloc, find_host(parts))
    if parts.port == 0:
        raise ValueError("no such port")
    path = quote(parts.path or "/", safe=_PATH, errors="surrogateescape")
    query = quote(parts.query, safe=_QUERY, errors="surrogateescape")
    return f"{parts.scheme}://{netloc}{path}{'?' if query else ''}{query}"


def _spell_netloc(netloc: str, host: str) -> str:
    if not host:
        raise ValueError("no host")
    user, at, written = netloc.rpartition("@")
    if not written.startswith("["):
        plain = unquote(host, errors="strict") if "%" in host else host
        written = written.replace(host, to_ascii(plain), 1)
    return f"{quote(user, safe=_PATH, errors='surrogateescape')}{at}{written}"
