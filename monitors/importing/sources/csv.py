"""A table: what `GET monitors/export?as=csv` gives, or one that a person made in a spreadsheet.

The headings are our fields (docs/api.md), in any case and order; ``name`` or ``url`` is enough. Items of
lists are separated by commas, ``config`` is JSON. The delimiter is a comma, a semicolon or a tab: Excel takes
the one of the country.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.csv import read_cell, split_list
from core.values import find_json_faults
from monitors.importing.document import Document
from monitors.importing.draft import split_url
from monitors.importing.entries import Entry, Skipped
from monitors.importing.loose import read_flag, read_number
from monitors.importing.source import Source
from monitors.validation import shortest_interval_s
from probes.registry import KINDS

_NUMBERS = ("interval_s", "timeout_s", "fail_after", "recover_after", "recheck_s")
_LISTS = ("regions", "tags", "depends_on")
_FIELDS = {"name", "kind", "url", "config", "enabled", "key", *_NUMBERS, *_LISTS}
_IGNORED = {"secrets_left_out"}
_CALLED = {
    "interval": "interval_s",
    "interval (s)": "interval_s",
    "timeout": "timeout_s",
    "timeout (s)": "timeout_s",
    "type": "kind",
    "address": "url",
    "target": "url",
    "host": "url",
    "website": "url",
    "monitor": "name",
    "title": "name",
    "tag": "tags",
    "labels": "tags",
    "active": "enabled",
}
_HOST_PORT = re.compile(r"[^/\s]+:\d{1,5}")


def recognise(document: Document) -> bool:
    if document.looks_like_json:
        return False
    table = document.table
    return bool(table) and bool({"name", "url"} & {_CALLED.get(heading, heading) for heading in table[0]})


def read(document: Document) -> Iterator[Entry | Skipped]:
    for cells in document.table:
        given = {heading: read_cell(cell) for heading, cell in cells.items()}
        yield _read_row(given)


def _read_row(cells: Mapping[str, str]) -> Entry:
    row: dict[str, Any] = {}
    left_out: list[str] = []
    for heading, text in cells.items():
        name = heading if heading in _FIELDS else _CALLED.get(heading, heading)
        if name in _FIELDS:
            if name not in row:
                _read_field(row, name, text)
        elif text.strip() and name not in _IGNORED:
            what = f"The column {heading[:60]!r}" if heading else "What stands beyond the headings"
            left_out.append(f"{what} is left out: a monitor has no such field.")
    if not row.get("kind"):
        row["kind"] = _guess_kind(str(row.get("url", "")))
        left_out.append(f"The table names no kind; {row['kind']} was taken for the look of its address.")
    row.setdefault("name", row.get("url", ""))
    _raise_interval(row, left_out)
    return Entry(row, tuple(left_out))


def _read_field(row: dict[str, Any], name: str, text: str) -> None:
    """What cannot be read is handed on as it is: the import tells the mistake by field. An empty cell is a
    field that is not given, but an empty list is one."""
    if name in _LISTS:
        row[name] = split_list(text)
    elif name in ("name", "key"):
        if text:
            row[name] = text
    elif not text.strip():
        return
    elif name in _NUMBERS:
        number = read_number(text)
        row[name] = int(number) if number is not None and number == int(number) else text.strip()
    elif name == "enabled":
        flag = read_flag(text)
        row[name] = text.strip() if flag is None else flag
    elif name == "config":
        row[name] = _read_json(text)
    else:
        row[name] = text.strip().lower() if name == "kind" else text.strip()


def _read_json(text: str) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if find_json_faults(data) else data


def _guess_kind(url: str) -> str:
    parts = split_url(url)
    if parts:
        return "websocket" if parts.scheme.lower() in ("ws", "wss") else "http"
    if not url:
        return "heartbeat"
    return "tcp" if _HOST_PORT.fullmatch(url) else "ping"


def _raise_interval(row: dict[str, Any], left_out: list[str]) -> None:
    interval, kind = row.get("interval_s"), row["kind"]
    if isinstance(interval, int) and kind in KINDS and 0 < interval < (low := shortest_interval_s(kind)):
        row["interval_s"] = low
        left_out.append(f"The interval of {interval} s became {low} s, the least there is here.")


SOURCE = Source(
    label="CSV",
    file="a table of monitors as CSV",
    shape='heading "name" or "url"',
    recognise=recognise,
    read=read,
)
