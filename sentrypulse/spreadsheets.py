"""Tables as CSV files that a spreadsheet can open without harm."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, with a head. None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    """A spreadsheet would run a text that begins like a formula (OWASP, CSV injection)."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(value)
    elif not isinstance(value, str):
        value = json.dumps(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
