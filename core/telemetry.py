"""What one piece of work was about, for whoever looks at it from outside: figures that add up, and marks to
search by. Stages note; an entry point that wants to know collects. Where none does, noting costs nothing. No
Django."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Notes:
    """``figures`` by name, added up; ``peaks`` by name, the largest; ``marks`` by name, the last."""

    figures: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    marks: dict[str, str | int] = field(default_factory=dict)


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)


@contextmanager
def collecting() -> Iterator[Notes]:
    """Everything noted inside."""
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
    """Say what this is about, such as ``stage="record", team=7``."""
    if notes := _notes.get():
        notes.marks.update(marks)
