"""Turns the body of a request into values. Every body of the API passes here, within limits of size and
depth."""

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers, status
from rest_framework.exceptions import APIException, ParseError, ValidationError

from core.values import MAX_DEPTH, find_json_faults

# By the names that Python's codecs give themselves. Others are no text, or slow on purpose (punycode).
_CHARSETS = {"utf-8", "ascii", "iso8859-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class WrongCharset(APIException):
    status_code = status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    default_code = "unsupported_media_type"


def find_charset(name: str) -> str | None:
    """The codec of a charset that bodies may be in; None for any other charset."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return codec if codec in _CHARSETS else None


def read_request_json(body: bytes, *, charset: str = "") -> Any:
    """The values of a JSON text, in UTF-8 (RFC 8259) unless ``charset`` or a byte order mark says otherwise.
    Raises what the API answers: 400 with the errors by field, 415 for a charset that is not read."""
    codec = next((codec for mark, codec in _BYTE_ORDER_MARKS.items() if body.startswith(mark)), None)
    if codec is None:
        codec = find_charset(charset or "utf-8")
    if codec is None:
        raise WrongCharset(f"There is no reading the charset {charset[:40]!r}; send JSON in UTF-8.")
    try:
        data = json.loads(body.decode(codec))
    except RecursionError:
        raise ParseError(f"The JSON nests deeper than {MAX_DEPTH} levels; flatten it.") from None
    except UnicodeDecodeError as error:
        raise ParseError(
            f"The body is not {codec.upper()} at byte {error.start}; send JSON in UTF-8."
        ) from None
    except ValueError as error:
        raise ParseError(f"This is no JSON: {error}.") from None
    if faults := find_json_faults(data):
        raise ValidationError(faults)
    return data


def read_whole_body(stream: IO[bytes], context: Mapping[str, Any]) -> bytes:
    """The whole body of a request. Raises 413 when it is longer than its view allows, whatever its headers
    said."""
    most: int = getattr(context.get("view"), "max_body_bytes", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    body = stream.read(most + 1)
    if len(body) > most:
        raise TooLarge(f"A request may hold {most:,} bytes at most here.")
    return body


class JsonParser(parsers.JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        context = parser_context or {}
        request = getattr(context.get("request"), "_request", None)
        charset = request.content_params.get("charset", "") if request else ""
        return read_request_json(read_whole_body(stream, context), charset=charset)
