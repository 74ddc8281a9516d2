"""Reads values whose type a file does not promise: ``"60"`` for 60, ``1`` for true, null for nothing."""

import math
import re
from collections.abc import Iterator
from typing import Any

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3_600}
_YES, _NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}


def read_text(value: Any) -> str:
    """Text without blanks at its ends; a number as it is written; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def read_number(value: Any) -> float | None:
    """None for what is no finite number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return None
    if not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > 1e15:
        return None
    return value


def read_flag(value: Any) -> bool | None:
    """None for what says neither yes nor no."""
    if isinstance(value, bool):
        return value
    word = read_text(value).lower()
    return True if word in _YES else False if word in _NO else None


def read_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def read_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def read_texts(value: Any) -> list[str]:
    return [text for each in read_list(value) if (text := read_text(each))]


def read_seconds(value: Any) -> float | None:
    """Seconds of a duration as Go writes it: ``1h30m``, ``500ms``. None for anything else."""
    text = read_text(value).replace(" ", "")
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        return None
    return sum(float(part[1]) * _UNIT_S[part[2]] for part in parts)


def list_answers(data: Any) -> list[dict[str, Any]]:
    """One answer of an API, or several in a list."""
    return [read_object(answer) for answer in (data if isinstance(data, list) else [data])]


def list_pages(data: Any, name: str) -> Iterator[Any]:
    """The items under ``name`` of all answers."""
    for answer in list_answers(data):
        yield from read_list(answer.get(name))
