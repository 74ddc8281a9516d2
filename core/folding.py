"""Which texts count as the same where people search and tag, whatever the database's collation is.

A name is the same in any case, also beyond ASCII: Straße is STRASSE, and the four letters i of Turkish are
one. A search also finds words that differ in accents only: arzt finds Ärzte.
"""

import hashlib
import re
import unicodedata
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

_WITHOUT_MARK = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d"})
"""Letters that Unicode does not split into a letter and a mark."""


def fold_case(text: str) -> str:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return folded.replace("i\u0307", "i").replace("ı", "i")


def make_name_key(name: str) -> str:
    """A key that is equal for two names if, and only if, they count as the same, whatever the database's
    collation is."""
    return hashlib.sha256(fold_case(name).encode()).hexdigest()


def fold_for_search(text: str) -> str:
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).translate(_WITHOUT_MARK)


def teach_sqlite(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Called for each new connection: replaces LIKE. SQLite's own LIKE knows the case of ASCII letters only.
    MySQL and MariaDB fold case and accents by the collation of their tables, as we do here."""
    if connection.vendor == "sqlite":
        for arguments in (2, 3):
            connection.connection.create_function("like", arguments, _like, deterministic=True)


def _like(pattern: Any, text: Any, escape: str = "") -> bool | None:
    if pattern is None or text is None:
        return None
    return bool(_compile(str(pattern), escape).fullmatch(fold_for_search(str(text))))


@lru_cache(maxsize=256)
def _compile(pattern: str, escape: str) -> re.Pattern[str]:
    parts, literal = [], False
    for letter in pattern:
        if not literal and letter == escape:
            literal = True
            continue
        wild = "" if literal else {"%": ".*", "_": "."}.get(letter, "")
        parts.append(wild or re.escape(fold_for_search(letter)))
        literal = False
    return re.compile("".join(parts), re.DOTALL)
