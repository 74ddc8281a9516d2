"""Tables as CSV files that a spreadsheet can open without harm."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.isolation import do_each

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, with a head. None is an empty cell. It begins with a byte order mark: Excel takes it for
    Latin-1 without. A row that cannot be written is left out, and what UTF-8 cannot spell is written with
    escapes, as in JSON."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    cells = do_each(
        "write table",
        enumerate(rows),
        lambda numbered: [_cell(numbered[1][column]) for column in columns],
        name=lambda numbered: ("row", numbered[0]),
    )
    writer.writerows(cells)
    return out.getvalue().encode(errors="backslashreplace").decode()


def _cell(value: Any) -> str:
    """A spreadsheet would run a text that begins like a formula (OWASP, CSV injection)."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(value)
    elif not isinstance(value, str):
        value = json.dumps(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
