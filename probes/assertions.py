"""Judging an answer: pure functions from what came to what is wrong with it."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonpath import JSONPath

_STATUS = re.compile(r"(?P<low>[1-5]\d\d)(?:\s*-\s*(?P<high>[1-5]\d\d))?|(?P<family>[1-5])xx", re.IGNORECASE)
SHOWN_CHARS = 100
# A path with nested descents visits a document's nodes once per descent; two do for any sane document.
MAX_DESCENTS = 2
MAX_NODES = 10_000


@lru_cache(maxsize=1_024)
def parse_statuses(expected: str) -> tuple[tuple[int, int], ...]:
    """Read "200-299,301,4xx" as inclusive ranges; raise ``ValueError`` with a sentence."""
    ranges = []
    for part in expected.split(","):
        match = _STATUS.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part.strip()[:40]!r} is not a status; write it like 200-299, 301 or 4xx.")
        if match["family"]:
            low = int(match["family"]) * 100
            ranges.append((low, low + 99))
            continue
        low, high = int(match["low"]), int(match["high"] or match["low"])
        if high < low:
            raise ValueError(f"In {part.strip()} the end comes before the start.")
        ranges.append((low, high))
    return tuple(ranges)


def is_expected_status(status: int, expected: str) -> bool:
    """Tell whether ``status`` lies in one of the ranges of ``expected``."""
    return any(low <= status <= high for low, high in parse_statuses(expected))


def contains_keyword(body: bytes, keyword: str, *, charset: str) -> bool:
    """Look for ``keyword`` in ``body``, read in ``charset`` as far as it can be."""
    try:
        return keyword.encode(charset) in body
    except (UnicodeEncodeError, LookupError):
        return keyword.encode() in body


def read_charset(content_type: str | None) -> str:
    """Return the charset that a Content-Type header names, or utf-8."""
    match = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type or "", re.IGNORECASE)
    return match[1].lower() if match else "utf-8"


def normalise_json_path(path: str) -> str:
    """Accept ``data.items[0].id`` for ``$.data.items[0].id``."""
    path = path.strip()
    if not path or path.startswith("$"):
        return path
    return f"${path}" if path.startswith(("[", ".")) else f"$.{path}"


def check_json_path(path: str) -> None:
    """Raise ``ValueError`` with a sentence unless ``path`` is a cheap JSONPath (RFC 9535)."""
    _compile_json_path(path)


@lru_cache(maxsize=256)
def _compile_json_path(path: str) -> "JSONPath":
    from jsonpath import JSONPathEnvironment  # slow to load, and few checks need it
    from jsonpath.exceptions import JSONPathError

    if path.count("..") > MAX_DESCENTS:
        raise ValueError(f"A JSON path may descend (..) at most {MAX_DESCENTS} times.")
    if re.search(r"\b(match|search)\s*\(|=~", path):
        raise ValueError("A JSON path must not use regular expressions here; compare the value instead.")
    try:
        compiled = JSONPathEnvironment(strict=True).compile(path)
    except JSONPathError as mistake:
        reason = str(mistake).splitlines()[0][:120]
        raise ValueError(f"This is not a valid JSON path: {reason}. Write it like $.data.status.") from None
    return compiled  # type: ignore[return-value]  # compile() is typed as a union with CompoundJSONPath


def judge_json(body: bytes, path: str, expected: Any) -> str:
    """Return what is wrong with the value at ``path``, or "".

    ``expected`` null asks only that something is there. Any of several values found may fit. A string fits a
    number, a boolean or null that is written so ("200" fits 200, "true" fits true).
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "Expected a JSON document, but the body is not JSON."
    found: list[Any] = []
    for number, match in enumerate(_compile_json_path(path).finditer(document)):
        if expected is None or _is_equal(match.obj, expected):
            return ""
        if not found:
            found.append(match.obj)
        if number >= MAX_NODES:
            break
    if not found:
        return f"Expected a value at {path}, but there is none."
    return f"Expected {_show(expected)} at {path}, got {_show(found[0])}."


def _is_equal(found: Any, expected: Any) -> bool:
    if isinstance(expected, str) and not isinstance(found, (str, list, dict)):
        return expected == str(found) or expected == msgspec.json.encode(found).decode()
    if isinstance(found, bool) is not isinstance(expected, bool):
        return False  # in Python True == 1, in JSON it is not
    return bool(found == expected)


def _show(value: Any) -> str:
    text = msgspec.json.encode(value).decode(errors="replace")
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
