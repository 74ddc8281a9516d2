"""Requests as our servers make them. Headers that would make Django fail are mended.

Django and DRF decode forms, queries and parameters of headers by any Python codec that a header names, partly
before the first middleware runs. Many codecs fail, or are not for text.
"""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from core.parsers import find_charset

_FORM_CHARSETS = {"utf-8", "ascii", "iso8859-1", "cp1252"}


class _ReadableRequest(HttpRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        _mend_headers(meta)
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        charset = self.content_params.get("charset", "")
        if find_charset(charset) in _FORM_CHARSETS:
            self.encoding = charset


class ReadableWSGIRequest(_ReadableRequest, WSGIRequest):
    """For ``WSGIHandler.request_class``."""


class ReadableASGIRequest(_ReadableRequest, ASGIRequest):
    """For ``ASGIHandler.request_class``."""


def _mend_headers(meta: dict[str, Any]) -> None:
    """Mend headers that cannot be read, so that a request is judged by what it asks for, and a job's ping
    counts whatever else it sends."""
    for name, value in meta.items():
        if name.startswith("HTTP_") and not (value.isascii() and value.isprintable()):
            # WSGI's are ISO 8859-1 (PEP 3333); a gateway may hand over others.
            meta[name] = value.encode("iso-8859-1", "replace").decode("iso-8859-1").replace("\0", "?")
    for name, otherwise in (("CONTENT_TYPE", "application/octet-stream"), ("HTTP_ACCEPT", "*/*")):
        if not all(_has_readable_parameters(part) for part in meta.get(name, "").split(",")):
            meta[name] = otherwise


def _has_readable_parameters(header: str) -> bool:
    """Those of RFC 2231 name a charset: ``name*=charset'language'value``."""
    if "'" not in header:
        return True
    try:
        parse_header_parameters(header)
    except (ValueError, LookupError):
        return False
    return True
