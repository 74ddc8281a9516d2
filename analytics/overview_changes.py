"""What of an overview changed since somebody last saw it.

A token names what was seen: the digests of all rows, which are kept in the cache under it for some minutes.
Rows are told apart by what they hold, and not by when somebody wrote them: whatever changes a row is noticed,
whoever's clock is wrong and however late a transaction ends. Where the cache does not know the token (it is
old, a fresh process keeps its own cache), all rows are sent: never too few.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct

from django.core.cache import cache

SEEN_KEPT_S = 900
_ENTRY = Struct("!q8s")


@dataclass(frozen=True, slots=True)
class Changes:
    """``whole``: it is not known what was seen, so all are ``changed``. ``token`` names what is seen now."""

    whole: bool
    changed: Collection[int]
    gone: list[int]
    token: str


def find_changes(digests: Mapping[int, bytes], *, since: str, reader: str) -> Changes:
    """``digests`` by row, as they are now. ``reader``: whose rows they are; others' tokens are unknown."""
    packed = b"".join(_ENTRY.pack(pk, digest) for pk, digest in sorted(digests.items()))
    token = blake2b(packed, digest_size=12).hexdigest()
    seen = packed if since == token else cache.get(_key(reader, since)) if since else None
    cache.set(_key(reader, token), packed, SEEN_KEPT_S)
    if seen is None:
        return Changes(True, digests.keys(), [], token)
    before: dict[int, bytes] = dict(_ENTRY.iter_unpack(seen))
    changed = [pk for pk, digest in digests.items() if before.get(pk) != digest]
    return Changes(False, changed, sorted(before.keys() - digests.keys()), token)


def _key(reader: str, token: str) -> str:
    """Hashed, since anybody may send anything as a token."""
    return f"overview-seen:{blake2b(f'{reader}:{token}'.encode(), digest_size=16).hexdigest()}"
