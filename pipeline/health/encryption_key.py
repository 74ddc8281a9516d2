"""Does FIELD_ENCRYPTION_KEY open what is stored? Asked before anything starts, and by health.

Without the right key, checks are left out and alerts are not sent, one by one, and nobody is told why.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet

from alerts.models import Channel
from core.field_encryption import SecretsUnreadable, is_token, reseal, unseal
from monitors.models import Monitor
from statuspages.models import Subscriber

logger = logging.getLogger(__name__)

TRIED_AT_MOST = 200
"""Rows tried at each end of a table, its oldest and its newest: when an old key was taken away too early, the
newest open and the oldest do not."""
ROWS_AT_ONCE = 500

if TYPE_CHECKING:
    Sealed = Monitor | Channel | Subscriber

TABLES: dict[str, "type[Sealed]"] = {"monitor": Monitor, "channel": Channel, "subscriber": Subscriber}


@dataclass(slots=True)
class Tried:
    """How many secrets opened, and the ids of those that did not, by what they belong to.

    A secret that is no token at all is damaged, not locked: no key would open it, so it does not count.
    """

    opened: int = 0
    locked: dict[str, list[int]] = field(default_factory=dict)

    @property
    def locked_count(self) -> int:
        return sum(map(len, self.locked.values()))

    @property
    def is_wrong(self) -> bool:
        """True when the key opens nothing, or leaves more than a tenth locked. A damaged row or two among
        many do not make it wrong."""
        return self.locked_count * 9 > self.opened


def try_key(*, most: int = TRIED_AT_MOST) -> Tried:
    """Try the key on stored secrets, up to ``2 * most`` a table. Database errors propagate."""
    tried = Tried()
    for noun, model in TABLES.items():
        sealed = _sealed(model)
        for pk, secrets in {*sealed.order_by("pk")[:most], *sealed.order_by("-pk")[:most]}:
            if opens(secrets):
                tried.opened += 1
            elif is_token(secrets):
                tried.locked.setdefault(noun, []).append(pk)
    return tried


def opens(secrets: str) -> bool:
    try:
        unseal(secrets)
    except (SecretsUnreadable, ValueError):
        return False
    return True


def _sealed(model: "type[Sealed]") -> "QuerySet[Sealed, tuple[int, str]]":
    return model._default_manager.exclude(secrets="").values_list("pk", "secrets")


def find_key_fault() -> str:
    """Why nothing should start, as a sentence; empty when it may start. It may when the database does not
    answer or has no tables yet: what starts then says so itself."""
    try:
        tried = try_key()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("FIELD_ENCRYPTION_KEY not tried: %s", error)
        return ""
    if tried.is_wrong:
        return _tell(tried)
    for noun, pks in tried.locked.items():
        logger.error("secrets that FIELD_ENCRYPTION_KEY does not open %s=%s", noun, sorted(pks))
    return ""


def _tell(tried: Tried) -> str:
    counts = ", ".join(f"{len(pks)} of a {noun}" for noun, pks in tried.locked.items())
    kept = f" It is kept in {settings.DATA_DIR / 'field_encryption_key'}." if settings.EMBEDDED else ""
    return (
        f"FIELD_ENCRYPTION_KEY does not open {tried.locked_count} of the {tried.locked_count + tried.opened}"
        f" stored secrets that were tried ({counts}): checks and alerts would fail in silence."
        f" Set the key that they were written with, or put it behind the new one (new,old).{kept}"
        f" If it is lost, run `manage.py forget_secrets`, and type the secrets in again."
    )


def reseal_all() -> int:
    """Encrypt with the newest key what an older key opens, so that the older key may go. Returns how many
    were changed. Safe to run twice and beside edits: a row that changes meanwhile stays as it was changed."""
    if "," not in settings.FIELD_ENCRYPTION_KEY:
        return 0
    count = 0
    for model, pk, secrets in _walk():
        if (fresh := reseal(secrets)) != secrets:
            count += model._default_manager.filter(pk=pk, secrets=secrets).update(secrets=fresh)
    return count


def _walk() -> "Iterator[tuple[type[Sealed], int, str]]":
    for model in TABLES.values():
        last = 0
        while rows := list(_sealed(model).filter(pk__gt=last).order_by("pk")[:ROWS_AT_ONCE]):
            for pk, secrets in rows:
                yield model, pk, secrets
            last = rows[-1][0]


def find_unreadable() -> dict[str, list[int]]:
    """The ids of all rows whose secrets no key of ours opens, by what they are (all of ``TABLES``)."""
    locked: dict[str, list[int]] = {noun: [] for noun in TABLES}
    nouns = {model: noun for noun, model in TABLES.items()}
    for model, pk, secrets in _walk():
        if not opens(secrets):
            locked[nouns[model]].append(pk)
    return locked
