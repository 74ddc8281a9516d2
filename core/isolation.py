"""A row that fails harms only itself: it is left out and reported, and the work goes on with the others.

Work on many rows is done for all at once. When that fails, the rows are halved until each row that fails is
alone. So healthy rows cost nothing more. A database that does not answer is the fault of no row, so that
error propagates.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError
from django.db.models import BinaryField, Model, QuerySet

from core.descriptors import is_shortage

logger = logging.getLogger(__name__)

Row = TypeVar("Row")
Made = TypeVar("Made")
Stored = TypeVar("Stored", bound=Model)
Name = tuple[str, Any]
"""The type of a row, and its key: ("monitor", 7)."""

REST_S, TELL_AGAIN_S = 60.0, 600.0
"""Seconds. A job that runs every half second would meet the same row each time. A job that asks ``resting``
leaves the row alone for ``REST_S``, and the log tells of it once in ``TELL_AGAIN_S``."""
MAX_REMEMBERED = 10_000
SAID_CHARS = 200
READ_AT_ONCE = 200
MOST_UNREADABLE = 1000
"""After so many unreadable rows, ``read_rows`` with ``most`` looks for no more rows."""

left_out: Counter[str] = Counter()
"""By work, how often a row was left out since this process began."""
_failed_at: dict[tuple[str, Name], float] = {}
_told_at: dict[tuple[str, Name], float] = {}

# Errors of MySQL and MariaDB that are a row's, though their driver calls them operational: values and JSON
# that do not fit, broken check constraints.
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
_ROWS_OWN_CODES = frozenset((1264, 1292, 1366, 1406, 1411, 1690, 3819, 4025, *range(3140, 3159)))
_ROWS_OWN_WORDS = ("Could not decode to UTF-8", "malformed JSON", "integer overflow", "too big")


def is_away(fault: BaseException) -> bool:
    """Whether the database does not answer or this machine has no descriptors left, so that no row is at
    fault."""
    if is_shortage(fault):
        return True
    if not isinstance(fault, (OperationalError, InterfaceError)):
        return False
    code = fault.args[0] if fault.args else ""
    return code not in _ROWS_OWN_CODES and not any(words in str(code) for words in _ROWS_OWN_WORDS)


def leave_out(work: str, row: Name, fault: BaseException) -> None:
    """Count the row, and log it by its key only: names and values may be secrets."""
    left_out[work] += 1
    now, key = time.monotonic(), (work, row)
    if len(_failed_at) >= MAX_REMEMBERED:
        _failed_at.clear()
        _told_at.clear()
    _failed_at[key] = now
    if now - _told_at.get(key, -TELL_AGAIN_S) < TELL_AGAIN_S:
        return
    _told_at[key] = now
    frame = fault.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "nowhere"
    said = ascii(str(fault))[:SAID_CHARS]
    logger.error("left out work=%r %s=%s: %s %s at %s", work, *row, type(fault).__name__, said, where)


def resting(work: str, what: str) -> list[Any]:
    """The keys of the rows that this process left out within the last ``REST_S`` seconds."""
    since = time.monotonic() - REST_S
    return [
        row[1] for (of, row), at in list(_failed_at.items()) if at > since and (of, row[0]) == (work, what)
    ]


def forget_failures() -> None:
    """Forget all failures."""
    for known in (left_out, _failed_at, _told_at):
        known.clear()


def do_each(
    work: str, rows: Iterable[Row], do: Callable[[Row], Made], *, name: Callable[[Row], Name]
) -> list[Made]:
    """What ``do`` returns for each row. Rows for which it fails are left out."""
    made = []
    for row in rows:
        try:
            made.append(do(row))
        except Exception as fault:  # whatever a row holds; logged by its key
            if is_away(fault):
                raise
            leave_out(work, name(row), fault)
    return made


def do_together(
    work: str,
    rows: Sequence[Row],
    do: Callable[[Sequence[Row]], Any],
    *,
    name: Callable[[Row], Name],
    give_up: Callable[[Row], Any] | None = None,
) -> list[Row]:
    """Call ``do`` with all rows at once, or with halves of them where that fails. Returns the rows that were
    left out.

    ``do`` must be a transaction of its own, or do no harm when it is called again. ``give_up`` is called for
    each row that was left out, to keep it from coming again at once.
    """
    try:
        do(rows)
    except Exception as fault:  # whatever a row holds; logged by its key
        if is_away(fault):
            raise
        if len(rows) > 1:
            middle = len(rows) // 2
            halves = (rows[:middle], rows[middle:])
            return [row for half in halves for row in do_together(work, half, do, name=name, give_up=give_up)]
        for row in rows:
            leave_out(work, name(row), fault)
            if give_up is not None:
                give_up(row)
        return list(rows)
    return []


def name_row(row: Any) -> Name:
    """The name of a model's row, or of anything else that a list shows."""
    return type(row).__name__.lower(), getattr(row, "pk", None)


def read_rows(work: str, rows: QuerySet[Stored], most: int | None = None) -> list[Stored]:
    """The rows in their order, or the first ``most`` that can be read. Rows that cannot be read are left out.
    ``rows`` must not be sliced."""
    try:
        whole = list(rows if most is None else rows[:most])
        _require_text(whole)
        return whole
    except Exception as fault:  # whatever a row holds; looked for below
        if is_away(fault):
            raise
    keys = rows.values_list("pk", flat=True)
    pks = list(keys if most is None else keys[: most + MOST_UNREADABLE])
    found: dict[Any, Stored] = {}

    def read(some: Sequence[Any]) -> None:
        part = list(rows.filter(pk__in=some))
        _require_text(part)
        found.update({row.pk: row for row in part})

    for first in range(0, len(pks), READ_AT_ONCE):
        if most is None or len(found) < most:
            do_together(
                work,
                pks[first : first + READ_AT_ONCE],
                read,
                name=lambda pk: (rows.model.__name__.lower(), pk),
            )
    return [found[pk] for pk in pks if pk in found][:most]


def _require_text(rows: Iterable[Model]) -> None:
    """Raise ``ValueError`` for bytes in a column that is not binary: SQLite stores bytes in any column."""
    for row in rows:
        for name in [name for name, value in vars(row).items() if isinstance(value, bytes)]:
            if not isinstance(row._meta.get_field(name), BinaryField):
                raise ValueError(f"{name} holds bytes")
