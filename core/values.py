"""Which values we accept. What UTF-8, a database or JSON cannot hold is refused where it enters.

Otherwise half of a surrogate pair, once stored, would stop everything that packs, sends or shows its row.
"""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

MAX_DEPTH = 50
BIGGEST_ID = 2**63 - 1
MAX_FAULTS = 20
MAX_NAMED = 10
"""Levels of a path that an error names."""
CONTROL_CHARACTERS = "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]"
"""A pattern of the characters that a line of text must not hold. Names get into subjects of e-mails and into
logs."""
_BIGGEST_NUMBER = 10**308
"""A JSON column of MySQL stores numbers as doubles, which end here."""
_TOO_DEEP = f"Nests deeper than {MAX_DEPTH} levels; flatten it."
_NUL = "Must not hold the character U+0000 (NUL)."
_NOT_FINITE = "Must be a finite number."
_TOO_BIG = "Must be smaller than 1e308; send such a number as text."

_Path = tuple["_Path", str] | None
"""A field's name and the path above it; None is the whole document."""


def find_json_faults(data: Any) -> dict[str, list[str]]:
    """What is wrong with parsed JSON, by field: ``config.headers.X-Token``, ``steps.0.channels``. Names are
    judged like values. At most ``MAX_FAULTS``."""
    faults: dict[str, list[str]] = {}
    waiting: list[tuple[_Path, Any, int]] = [(None, data, 0)]
    while waiting and len(faults) < MAX_FAULTS:
        path, value, depth = waiting.pop()
        inner: Any = ()
        if isinstance(value, Mapping):
            inner = [((path, name), item) for name, item in value.items()]
            for spot, _ in inner:
                if fault := find_text_fault(spot[1]):
                    faults[_spell(spot)] = [f"The name: {fault}"]
        elif isinstance(value, list):
            inner = [((path, str(index)), item) for index, item in enumerate(value)]
        elif fault := find_value_fault(value):
            faults.setdefault(_spell(path), []).append(fault)
        if inner and depth == MAX_DEPTH:
            faults[_spell(path)] = [_TOO_DEEP]
        else:
            waiting += [(spot, item, depth + 1) for spot, item in inner]
    return faults


def find_form_faults(form: QueryDict) -> dict[str, list[str]]:
    """What is wrong with a form or a query, by name."""
    faults: dict[str, list[str]] = {}
    for name, values in form.lists():
        if found := [fault for text in (name, *values) if (fault := find_text_fault(text))]:
            faults[spell_name(name)] = found[:1]
    return faults


def find_value_fault(value: Any) -> str | None:
    """What is wrong with one value that is no list and no object; None when nothing is."""
    if isinstance(value, str):
        return find_text_fault(value)
    if isinstance(value, float):
        return None if value - value == 0 else _NOT_FINITE
    if isinstance(value, int):
        return None if -_BIGGEST_NUMBER < value < _BIGGEST_NUMBER else _TOO_BIG
    return None


def find_text_fault(text: str) -> str | None:
    if "\0" in text:
        return _NUL
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        lone = f"U+{ord(text[error.start]):04X}"
        return f"Must not hold {lone}, half of a pair of surrogates; UTF-8 has no spelling for it."
    return None


def spell_name(name: str) -> str:
    """The name as it can be shown: characters that cannot be encoded are escaped."""
    return name.encode(errors="backslashreplace").decode().replace("\0", "\\x00")[:200]


def _spell(path: _Path) -> str:
    parts: list[str] = []
    while path is not None:
        path, name = path
        parts.append(spell_name(name))
    return ".".join(parts[: -MAX_NAMED - 1 : -1]) or "non_field_errors"
