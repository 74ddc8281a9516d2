"""Reads the JSON that servers write, even where it is not quite JSON but its meaning is clear."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from probes.charsets import decode_text, find_codec, read_label

MAX_DIGITS = 300
"""Numbers with more digits are read as floats."""
_NO_JSON = "Expected a JSON document, but the body is not JSON."
_TOO_DEEP = "Expected a JSON document, but this one is nested too deep to be read."
NOT_JSON = (_NO_JSON, _TOO_DEEP)


class NotJson(Exception):
    """The body cannot be read. The text is a sentence, one of ``NOT_JSON``."""


def read_json_body(body: bytes, content_type: str) -> Any:
    """The JSON document in ``body``. Raises ``NotJson``.

    msgspec reads it quickly. What msgspec refuses is read by Python's own parser, which takes common
    mistakes: halves of surrogate pairs, numbers of any size, ``NaN``, line breaks in texts. They may not
    matter for what is asked.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    for strict in (True, False):  # in UTF-8 a text of a stateful encoding is one with control characters
        for text in _spell_out(body, content_type):
            try:
                return json.loads(text, parse_int=_read_int, parse_constant=str, strict=strict)
            except RecursionError:
                raise NotJson(_TOO_DEEP) from None
            except ValueError:
                continue
    raise NotJson(_NO_JSON)


def _spell_out(body: bytes, content_type: str) -> Iterator[str]:
    """The texts that the body may be, one after another: read as UTF-8, UTF-16 or UTF-32, as its first bytes
    tell (RFC 4627, 3); by the charset of its header; and as UTF-8 with U+FFFD for what is not UTF-8."""
    named = find_codec(read_label(content_type))
    with suppress(ValueError):
        yield body.decode(json.detect_encoding(body), "surrogatepass")
    if named:
        yield decode_text(body, named)
    yield body.decode("utf-8-sig", "replace")


def _read_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)
