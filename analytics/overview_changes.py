"""What of an overview changed since somebody last saw it.

A token names what was seen: the marks of all rows, which are kept in the cache under it for some minutes.
Rows are told apart by what they hold, and not by when somebody wrote them: whatever changes a row is noticed,
whoever's clock is wrong and however late a transaction ends. Where the cache does not know the token (it is
old, a fresh process keeps its own cache), all rows are sent: never too few.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.core.cache import caches

from analytics.overview import MARK, Row

SEEN_KEPT_S = 900


@dataclass(frozen=True, slots=True)
class Changes:
    """``whole``: it is not known what was seen, so all are ``changed``. Of ``moved`` rows the state alone
    is another one. ``token`` names what is seen now."""

    whole: bool
    changed: Sequence[Row]
    moved: Sequence[Row]
    gone: list[int]
    token: str


def find_changes(rows: Sequence[Row], *, since: str, reader: str) -> Changes:
    """``rows`` as they are now. ``reader``: whose rows they are; others' tokens are unknown."""
    cache = caches["overview"]
    marks = b"".join([row.mark for row in rows])
    token = blake2b(marks, digest_size=12).hexdigest()
    seen = marks if since == token else cache.get(_key(reader, since)) if since else None
    cache.set(_key(reader, token), marks, SEEN_KEPT_S)
    if seen is None:
        return Changes(True, rows, [], [], token)
    before = set(_split(seen))
    news = [row for row in rows if row.mark not in before]
    lost = dict(map(_read_mark, before.difference(row.mark for row in rows)))
    changed, moved = list[Row](), list[Row]()
    for row in news:
        (moved if (row.id, lost.get(row.id)) == _read_mark(row.mark) else changed).append(row)
    return Changes(False, changed, moved, sorted(lost.keys() - {row.id for row in news}), token)


def _split(marks: bytes) -> Iterator[bytes]:
    return (marks[at : at + MARK.size] for at in range(0, len(marks), MARK.size))


def _read_mark(mark: bytes) -> tuple[int, bytes]:
    """The id, and the digest of the settings."""
    pk, settings, _ = MARK.unpack(mark)
    return pk, settings


def _key(reader: str, token: str) -> str:
    """Hashed, since anybody may send anything as a token."""
    return f"overview-marks:{blake2b(f'{reader}:{token}'.encode(), digest_size=16).hexdigest()}"
