"""Figures that are added up, and marks to search by, of one piece of work. Stages note them; an entry point
that needs them collects them. Without a collector, noting costs nothing. Imports no Django."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """``figures``: sums by name. ``peaks``: the largest value by name. ``marks``: the last value by name."""

    figures: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    marks: dict[str, str | int] = field(default_factory=dict)


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)


@contextmanager
def collecting() -> Iterator[Notes]:
    """Collect everything that is noted within the block."""
    notes = Notes()
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def count(**figures: float) -> None:
    """Add to figures, such as ``ChecksDown=2``."""
    if notes := _notes.get():
        for name, value in figures.items():
            notes.figures[name] = notes.figures.get(name, 0) + value


def peak(**figures: float) -> None:
    """Note figures of which the largest counts, such as ``LagMs=140``."""
    if notes := _notes.get():
        for name, value in figures.items():
            notes.peaks[name] = max(notes.peaks.get(name, value), value)


def mark(**marks: str | int) -> None:
    """Note what the work is about, such as ``stage="record", team=7``."""
    if notes := _notes.get():
        notes.marks.update(marks)
