"""What a source makes of the entries of a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A monitor of the file. ``row`` has the shape of a row of our own JSON; it may be invalid, which the
    import tells. ``left_out`` are sentences: what the row does not carry, and why. ``key`` is what
    ``depends_on`` of other rows calls it."""

    row: dict[str, Any]
    left_out: Sequence[str] = ()


_WORD = re.compile(r"[\w .()-]{1,40}")


def spell_word(text: str) -> str:
    """A word of the file that a sentence may show; "?" for anything longer or stranger, which may be a
    secret in the wrong place."""
    return text if _WORD.fullmatch(text) else "?"


def say_no_kind(kind: str) -> str:
    return f"SentryPulse has no kind for the type {spell_word(kind)}."


@dataclass(frozen=True, slots=True)
class Skipped:
    """A thing of the file that becomes no monitor. ``kind`` is the source's own word, ``reason`` one
    sentence."""

    name: str
    kind: str
    reason: str
