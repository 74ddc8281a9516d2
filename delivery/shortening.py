"""Shortens a message to a service's limit: its beginning and its end stay, lines of the middle are left
out."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from core.formats import say_count

T = TypeVar("T")


def fit(
    lines: Sequence[T],
    limit: int,
    *,
    length: Callable[[T], int],
    cut: Callable[[T, int], T],
    gap: Callable[[int], T],
) -> list[T]:
    """``lines`` within ``limit``: the sum of their ``length``, plus one for each line break.

    The end tells what to do (links, a note), so it stays, up to half of the room. The rest is filled from the
    beginning. ``gap`` makes the line that says how many lines are left out; ``cut`` makes one line shorter.
    """
    sizes = [length(line) + 1 for line in lines]
    if sum(sizes) - 1 <= limit:
        return list(lines)
    room = limit - length(gap(len(lines))) - 1
    end = len(lines)
    while end > 1 and sum(sizes[end - 1 :]) <= room // 2:
        end -= 1
    left = room - sum(sizes[end:])
    start, begin = 0, list[T]()
    while start < end and sizes[start] <= left:
        left -= sizes[start]
        begin.append(lines[start])
        start += 1
    if not begin and start < end and left > 1:
        begin, start = [cut(lines[start], left - 1)], start + 1
    return [*begin, *([gap(end - start)] if start < end else []), *lines[end:]]


def say_gap(count: int) -> str:
    return f"… {say_count(count, 'more line')} …"


def shorten(text: str, limit: int, *, length: Callable[[str], int] = len) -> str:
    """``text`` within ``limit``, as ``length`` counts it (by default in characters)."""
    if length(text) <= limit:
        return text

    def cut(line: str, most: int) -> str:
        return shorten_line(line, most, length=length)

    return "\n".join(fit(text.splitlines(), limit, length=length, cut=cut, gap=say_gap))


def shorten_line(text: str, limit: int, *, length: Callable[[str], int] = len) -> str:
    """One line within ``limit``. Its end becomes an ellipsis; it is empty where not even that fits."""
    if length(text) <= limit:
        return text
    too_long, most = len(text) + 1, -1
    while too_long - most > 1:  # the longest beginning that fits, by halves
        middle = (too_long + most) // 2
        if length(f"{text[:middle]}…") <= limit:
            most = middle
        else:
            too_long = middle
    return f"{text[:most]}…" if most >= 0 else ""


def count_json(text: str) -> int:
    """The length as JSON in ASCII, where an umlaut takes six characters."""
    return len(json.dumps(text)) - 2


def count_utf16(text: str) -> int:
    """The length in UTF-16 units, as Telegram counts (https://core.telegram.org/api/entities#entity-length):
    a character beyond the basic plane is two."""
    return len(text.encode("utf-16-le")) // 2
