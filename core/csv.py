"""Tables as CSV files that a spreadsheet can open without harm."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.isolation import do_each

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The table as CSV (RFC 4180) with a line of headings. None is an empty cell. It begins with a byte order
    mark, because Excel would read it as Latin-1 otherwise. A row that cannot be written is left out. Text
    that cannot be encoded in UTF-8 is written with escapes, as in JSON."""
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
    """The text of a cell. When it begins like a formula, a quote is put before it: a spreadsheet would run it
    (OWASP, CSV injection)."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(value)
    elif not isinstance(value, str):
        value = json.dumps(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
