"""Text of a file → rows for our import, what each leaves out, and what becomes no row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from monitors.importing.document import MAX_ENTRIES, TOO_MANY_ENTRIES, Document, TooLarge, Unreadable
from monitors.importing.entries import Entry, Skipped, spell_word
from monitors.importing.registry import SOURCES, load_source


@dataclass(slots=True)
class Reading:
    """``left_out`` has the sentences of each row."""

    source: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[list[str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def read_monitors(text: str, source: str = "") -> Reading:
    """Read a file of ``source``; without one, the source is recognised. Raises ``Unreadable``, whose sentence
    quotes nothing of the file.

    A row that others depend on comes before them, so that a file can be imported in slices.
    """
    document = Document(text)
    name = source or _recognise(document)
    if name not in SOURCES:
        raise Unreadable(f"There is no source {name[:40]!r}; choose one of {', '.join(SOURCES)}.")
    _require_recognised(document, name)
    reading, entries = Reading(name), list[Entry]()
    for number, found in enumerate(load_source(name).read(document), start=1):
        if number > MAX_ENTRIES:
            raise Unreadable(TOO_MANY_ENTRIES)
        if isinstance(found, Skipped):
            reading.skipped.append(
                Skipped(found.name[:200], spell_word(found.kind) if found.kind else "", found.reason)
            )
        else:
            entries.append(found)
    for entry in _order(_drop_doubles(_name_keys(entries), reading)):
        reading.rows.append(entry.row)
        reading.left_out.append(list(entry.left_out))
    return reading


def _recognise(document: Document) -> str:
    for name in SOURCES:
        if _is_recognised(document, name):
            return name
    labels = ", ".join(f"{load_source(name).label} ({name})" for name in SOURCES)
    raise Unreadable(f"This is none of the files that can be read: {labels}. Name its source.")


def _is_recognised(document: Document, name: str) -> bool:
    try:
        return load_source(name).recognise(document)
    except TooLarge:
        raise
    except Unreadable:
        return False


def _require_recognised(document: Document, name: str) -> None:
    source = load_source(name)
    if source.recognise(document):  # what cannot be read at all says so
        return
    others = [other for other in SOURCES if other not in (name, "csv") and _is_recognised(document, other)]
    hint = f" It looks like {load_source(others[0]).file}." if others else ""
    raise Unreadable(f"This is not {source.file}: it has no {source.shape}.{hint}")


def _name_keys(entries: Sequence[Entry]) -> list[Entry]:
    """Give each row a key of its own where it has none: its name, numbered where an earlier row has that."""
    taken = {str(entry.row["key"]) for entry in entries if entry.row.get("key")}
    numbers: dict[str, int] = {}
    named = []
    for entry in entries:
        name = entry.row.get("name")
        if "key" not in entry.row and isinstance(name, str) and name:
            key, number = name, numbers.get(name, 1)
            while key in taken:
                number += 1
                key = f"{name} #{number}"
            numbers[name] = number
            taken.add(key)
            if key != name:
                entry = Entry({**entry.row, "key": key}, entry.left_out)
        named.append(entry)
    return named


def _drop_doubles(entries: Sequence[Entry], reading: Reading) -> list[Entry]:
    """Leave out a row that is the same as an earlier one in all but its key, unless the file gave that key.
    Tell of rows that watch the same target under the same name with other settings."""
    seen, watched, kept = set[str](), set[str](), list[Entry]()
    for entry in entries:
        row = dict(entry.row)
        if reading.source not in ("json", "csv"):
            row.pop("key", None)
        whole = json.dumps(row, sort_keys=True, default=str)
        name, kind = str(row.get("name", "")), str(row.get("kind", ""))
        if whole in seen:
            reading.skipped.append(
                Skipped(name, spell_word(kind), "The file has exactly the same monitor before.")
            )
            continue
        seen.add(whole)
        target = json.dumps([name, kind, str(row.get("url", ""))])
        told = "The file has another monitor of this name and target, with other settings."
        is_told = target in watched and reading.source != "json"  # of ours, keys tell them apart
        kept.append(Entry(entry.row, (*entry.left_out, told)) if is_told else entry)
        watched.add(target)
    return kept


def _order(entries: Sequence[Entry]) -> list[Entry]:
    """What others depend on comes first; else the order stays. A circle stays as it is: it is refused
    later."""
    by_key: dict[str, int] = {}
    for index, entry in enumerate(entries):
        by_key.setdefault(str(entry.row.get("key") or entry.row.get("name")), index)
    ordered, is_done = list[Entry](), dict[int, bool]()
    for start in range(len(entries)):
        waiting = [start]
        while waiting:
            index = waiting[-1]
            if index not in is_done:
                is_done[index] = False
                needs = entries[index].row.get("depends_on")
                names = [need for need in needs if isinstance(need, str)] if isinstance(needs, list) else []
                needed = [by_key[name] for name in reversed(names) if name in by_key]
                waiting += [other for other in needed if other not in is_done]
                continue
            waiting.pop()
            if not is_done[index]:
                is_done[index] = True
                ordered.append(entries[index])
    return ordered
