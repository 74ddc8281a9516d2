"""Pure functions that compare an answer with what is expected of it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from probes.json_body import NotJson, read_json_body
from probes.json_path import MAX_STEPS, PathError, PathSteps, TooCostly, find_values, parse_path

_STATUS = re.compile(r"(?P<low>[1-9]\d\d)(?:\s*-\s*(?P<high>[1-9]\d\d))?|(?P<family>[1-9])xx", re.IGNORECASE)
"""A status has three digits (RFC 9110). Some servers use numbers above 599, such as 999."""
SHOWN_CHARS = 100
SMALL_JSON_BYTES = 16 * 1024
_TOO_LARGE = (float("inf"), float("-inf"))
_NOTHING = object()


@lru_cache(maxsize=1_024)
def parse_statuses(expected: str) -> tuple[tuple[int, int], ...]:
    """Read "200-299,301,4xx" as inclusive ranges. Raises ``ValueError`` with a sentence."""
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


def normalise_json_path(path: str) -> str:
    """Accept ``data.items[0].id`` for ``$.data.items[0].id``."""
    path = path.strip()
    if not path or path.startswith("$"):
        return path
    return f"${path}" if path.startswith(("[", ".")) else f"$.{path}"


def check_json_path(path: str) -> None:
    """Raise ``ValueError`` with a sentence unless ``path`` is a JSONPath (RFC 9535) without regular
    expressions."""
    parse_path(path)


class CannotJudge(Exception):
    """Whether the value is right cannot be decided, and the target is not at fault. The text is one
    sentence."""


def is_quick(path: str, body: bytes) -> bool:
    """Whether judging this is quick enough for the thread that all checks share: the path names at most one
    value, and the body is short."""
    try:
        return len(body) <= SMALL_JSON_BYTES and parse_path(path).is_singular
    except PathError:
        return True  # refused at once


def judge_json(body: bytes, path: str, expected: Any, content_type: str = "") -> str:
    """Returns what is wrong with the value at ``path``; empty when nothing is. Raises ``CannotJudge``.

    When ``expected`` is null, any value will do. When the path names several values, one of them must fit. A
    string also fits a number, a boolean or null that is written in the same way: "200" fits 200, "true" fits
    true, "NaN" fits NaN.
    """
    try:
        document = read_json_body(body, content_type)
        return _judge_values(find_values(parse_path(path), document, PathSteps()), path, expected)
    except NotJson as why:
        return str(why)
    except PathError as mistake:
        raise CannotJudge(f"The monitor's JSON path cannot be used: {mistake}") from None
    except TooCostly:
        raise CannotJudge(
            f"The JSON path {path} takes more than {MAX_STEPS:,} steps in this document; "
            "name what it looks for more closely."
        ) from None
    except RecursionError:
        raise CannotJudge("What json_equals expects is nested too deep to be compared.") from None


def _judge_values(values: Iterable[Any], path: str, expected: Any) -> str:
    first: Any = _NOTHING
    for value in values:
        if expected is None or _is_equal(value, expected):
            return ""
        first = value if first is _NOTHING else first
    if first is _NOTHING:
        return f"Expected a value at {path}, but there is none."
    return f"Expected {_show(expected)} at {path}, got {_show(first)}."


def _is_equal(found: Any, expected: Any) -> bool:
    if isinstance(expected, str) and not isinstance(found, (str, list, dict)):
        return expected == str(found) or expected == msgspec.json.encode(found).decode()
    if isinstance(found, bool) is not isinstance(expected, bool):
        return False  # in Python True == 1, in JSON it is not
    return bool(found == expected)


def _show(value: Any) -> str:
    try:
        text = "a number too large to show" if value in _TOO_LARGE else msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, RecursionError):
        text = repr(value) if isinstance(value, str) else "something that cannot be shown"
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
