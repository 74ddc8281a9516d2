"""Tables as CSV files that a spreadsheet can open without harm."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.isolation import do_each

_QUOTED = ',"\r\n'
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
    (OWASP, CSV injection). ``read_cell`` takes it off again."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(map(_quote_item, value))
    elif not isinstance(value, str):
        value = json.dumps(value)
    return f"'{value}" if value.lstrip("'").startswith(_FORMULA) else value


def _quote_item(item: str) -> str:
    """An item with a comma, a quote or a blank at its end is quoted within the cell, as CSV does."""
    return '"' + item.replace('"', '""') + '"' if {*_QUOTED} & {*item} or item != item.strip() else item


def read_cell(text: str) -> str:
    """The text that ``write_csv`` wrote, without the quote before what looks like a formula."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def split_list(text: str) -> list[str]:
    """The items of a cell that ``write_csv`` made of a list."""
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    return [item for row in rows for item in row if item.strip()]
