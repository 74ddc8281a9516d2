"""Figures of many monitors that are new once an hour: kept in the cache in pieces, made anew piece by piece.

No request makes all of them: it makes pieces until its time is over, and the next one goes on.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

PIECE = 100
"""Monitors in one: few enough to be made in some tens of milliseconds."""
KEPT_S = 26 * 3_600


@dataclass(frozen=True, slots=True)
class Pieces:
    """What is there, by monitor. ``complete``: nothing is left to be made."""

    found: Mapping[int, Any]
    complete: bool


def read_pieces(
    name: str,
    version: str,
    ids: Sequence[int],
    make: Callable[[Collection[int]], Mapping[int, Any]],
    *,
    for_s: float,
    renew_for_s: float | None = None,
) -> Pieces:
    """What ``make`` says of each of ``ids``, which are ordered; None where it says nothing.

    What is kept under another ``version`` is made anew. After ``for_s`` no other piece is begun; at least one
    always is. With ``renew_for_s`` what was kept before will do until there is time for a new one: after so
    long none that only renews is begun.
    """
    begun, made_any, complete = time.perf_counter(), False, True
    found: dict[int, Any] = {}
    for number, first in enumerate(range(0, len(ids), PIECE)):
        some, key = ids[first : first + PIECE], f"{name}:{number}"
        stored: tuple[str, dict[int, Any]] = cache.get(key) or ("", {})
        of, kept = stored
        current = {pk: kept[pk] for pk in some if pk in kept}
        due = [pk for pk in some if of != version or pk not in current]
        if due:
            renews = renew_for_s is not None and len(current) == len(some)
            limit_s = renew_for_s if renews and renew_for_s is not None else for_s
            if made_any and time.perf_counter() - begun > limit_s:
                complete = False
                current = current if renew_for_s is not None or of == version else {}
            else:
                made, made_any = make(due), True
                current |= {pk: made.get(pk) for pk in due}
                cache.set(key, (version, current), KEPT_S)
        found |= current
    return Pieces(found, complete)
