"""Our own JSON: what `GET monitors/export` gives, or the list of its monitors alone (docs/api.md)."""

from collections.abc import Iterator
from typing import Any

from monitors.importing.document import Document
from monitors.importing.entries import Entry, Skipped
from monitors.importing.source import Source


def _list_rows(document: Document) -> list[Any] | None:
    if not document.looks_like_json:
        return None
    data = document.json
    rows = data.get("monitors") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        return None
    ours = all(isinstance(row, dict) and ("kind" in row or "name" in row) for row in rows[:20])
    return rows if ours else None


def recognise(document: Document) -> bool:
    return _list_rows(document) is not None


def read(document: Document) -> Iterator[Entry | Skipped]:
    """Rows are handed on as they are: their mistakes are told by field."""
    for number, row in enumerate(_list_rows(document) or (), start=1):
        if isinstance(row, dict):
            yield Entry(row)
        else:
            yield Skipped(f"entry {number}", "", "It is no object.")


SOURCE = Source(
    label="SentryPulse's JSON",
    file="SentryPulse's own JSON",
    shape='"monitors" with a name and a kind each',
    recognise=recognise,
    read=read,
)
