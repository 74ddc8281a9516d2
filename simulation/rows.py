"""Raw results made by the database itself, one INSERT … SELECT for some 200,000 of them.

Chance is arithmetic: a multiplicative hash of slot and salt, so that the same monitors get the same results
on every database. Whole numbers below 2^63, ``>>`` and ``&`` mean the same everywhere; division does not.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.db import connection, transaction

from core.instants import to_ms
from monitors.models import Monitor
from monitors.slots import next_slot
from probes.registry import HEARTBEAT

ROWS_AT_ONCE = 200_000
SOURCES_AT_ONCE = 250
"""In one statement: SQLite joins at most 500 SELECTs by UNION."""
SLOWEST_RATIO, SLOW_FACTOR = 4, 5
"""No result takes ``SLOWEST_RATIO`` times its monitor's base or more, unless in a slow spell, where each
takes ``SLOW_FACTOR`` times what it would have."""
CERTIFICATE_MS = 90 * 86_400_000

_GOLDEN, _OTHER, _MASK = 2_654_435_761, 2_246_822_519, 2**32 - 1
_PHASES = ("dns", "connect", "tls", "first_byte", "download")
# Of each kind: how many 128ths of the total each phase takes; the last named takes what is left.
_SHARES: dict[str, dict[str, int]] = {
    "http": {"dns": 6, "connect": 16, "tls": 28, "download": 10, "first_byte": 0},
    "tcp": {"dns": 20, "connect": 0},
    "dns": {"dns": 0},
    "tls": {"dns": 10, "connect": 30, "tls": 0},
    "ping": {"dns": 10, "first_byte": 0},
}
_COLUMNS = (
    "monitor_id, scheduled_at, region, checked_at, status, in_maintenance, error_code, error, http_status,"
    " dns_ms, connect_ms, tls_ms, first_byte_ms, download_ms, total_ms, address, http_version, size_bytes,"
    " tls_expires_at"
)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose results are made: a slot every ``step_ms`` at ``phase_ms``, each taking ``base_ms`` or more."""

    monitor_id: int
    kind: str
    step_ms: int
    phase_ms: int
    base_ms: int
    salt: int

    @classmethod
    def of(cls, monitor: Monitor) -> "Source":
        """Base and salt by the monitor's key; a heartbeat's pings come at its interval."""
        salt = monitor.pk * _GOLDEN & _MASK
        step_ms = monitor.interval_s * 1000
        phase_ms = salt % step_ms if monitor.phase_ms is None else monitor.phase_ms
        return cls(monitor.pk, monitor.kind, step_ms, phase_ms, 30 + salt % 400, salt)

    def slot(self, at_ms: int) -> int:
        """The first slot at or after ``at_ms``."""
        return next_slot(self.phase_ms, self.step_ms // 1000, from_ms=at_ms)


def insert_results(
    monitors: Iterable[Monitor],
    *,
    start: datetime,
    end: datetime,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Store a result for each slot of the ``monitors`` in ``[start, end)``; how many were stored.

    All are up, with plausible latencies; see ``insert_rows``. For tests and benchmarks that need millions.
    """
    return sum(
        insert_rows(batch, start_ms=since, end_ms=until, told=told)
        for batch, since, until in batches([Source.of(m) for m in monitors], to_ms(start), to_ms(end))
    )


def batches(
    sources: Collection[Source], start_ms: int, end_ms: int
) -> Iterator[tuple[Sequence[Source], int, int]]:
    """(sources of one kind, start, end): what one statement makes, ``ROWS_AT_ONCE`` rows or fewer."""
    for _, alike in groupby(sorted(sources, key=_order), key=lambda s: (s.kind, s.step_ms)):
        some = list(alike)
        length_ms = min(end_ms - start_ms, ROWS_AT_ONCE * some[0].step_ms)
        if length_ms <= 0:
            return
        size = min(SOURCES_AT_ONCE, max(1, ROWS_AT_ONCE * some[0].step_ms // length_ms))
        for first in range(0, len(some), size):
            for since in range(start_ms, end_ms, length_ms):
                yield some[first : first + size], since, min(since + length_ms, end_ms)


def _order(source: Source) -> tuple[str, int, int]:
    return source.kind, source.step_ms, source.monitor_id


def insert_rows(
    sources: Sequence[Source], *, start_ms: int, end_ms: int, told: Callable[[int], None] = lambda _: None
) -> int:
    """Store the results of ``sources``, all of one kind and step, in one transaction; how many were stored.

    In primary-key order, which costs neither database a page split. A slot that has a result already is an
    IntegrityError, and nothing is stored. Calls ``told`` with how many came to be.
    """
    begun = [(source, source.slot(start_ms)) for source in sources]
    begun = [(source, first) for source, first in begun if first < end_ms]
    if not begun:
        return 0
    kind, step_ms = sources[0].kind, sources[0].step_ms
    slots = -(-(end_ms - min(first for _, first in begun)) // step_ms)
    # The LIMIT within and the WHERE here keep both databases from merging the two SELECTs: they would work
    # out the total anew for each column that is made of it (measured: a third of the speed).
    statement = (
        f"INSERT INTO monitors_result ({_COLUMNS}) SELECT {_columns(kind)}"
        f" FROM ({_timed_sql(begun, slots, end_ms)}) made WHERE total >= 0"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [settings.REGIONS[0]])
        made = int(cursor.rowcount)
    told(made)
    return made


def _columns(kind: str) -> str:
    """What a result that is up says, of ``id``, ``at``, ``total`` and ``dice``; by the columns' order."""
    http, certified = kind == "http", kind in ("http", "tls")
    return ", ".join(
        (
            "id, at, %s, at + total + (dice & 63), 'up', 0, '', ''",
            "200" if http else "NULL",
            *_phases(kind),
            "'127.0.0.1'" if kind != HEARTBEAT else "''",
            "'2'" if http else "''",
            "2000 + (dice & 1023)" if http else "NULL",
            f"at - at %% {CERTIFICATE_MS} + {2 * CERTIFICATE_MS}" if certified else "NULL",
        )
    )


def _phases(kind: str) -> list[str]:
    """Columns of whole milliseconds that add up to the total, which comes last."""
    shares = _SHARES.get(kind, {})
    parts = {name: f"(total * {share} >> 7)" for name, share in shares.items() if share}
    rest = next((name for name, share in shares.items() if not share), None)
    if rest:
        parts[rest] = " - ".join(["total", *parts.values()])
    return [*(parts.get(name, "NULL") for name in _PHASES), "total"]


def _timed_sql(begun: Sequence[tuple[Source, int]], slots: int, end_ms: int) -> str:
    """Rows of ``id``, ``at``, ``total`` in ms and ``dice``, 32 bits of chance.

    Of three dice the product is small mostly, and seldom large, as latencies are: it adds up to twice the
    base. The time of the day, 0 to 1,318 in steps of 2^16 ms, adds up to 0.41 of it, at noon.
    """
    step_ms = begun[0][0].step_ms
    dice = f"(((h >> 9) * {_OTHER} + h) & {_MASK})"
    thrice = "(dice >> 22) * (dice >> 12 & 1023) * (dice >> 2 & 1023) >> 9"
    return f"""
        SELECT id, at, dice, base * (1048576 + ({thrice}) + day * (1318 - day)) >> 20 AS total FROM (
            SELECT id, at, base, (at %% 86400000) >> 16 AS day, {dice} AS dice FROM (
                SELECT id, at, base, (at >> 10) * {_GOLDEN} + salt & {_MASK} AS h FROM (
                    SELECT s.id, s.base, s.salt, s.first + n.n * {step_ms} AS at
                    FROM ({_sources_sql(begun)}) s CROSS JOIN ({_numbers_sql(slots)}) n
                ) slots WHERE at < {end_ms}
            ) hashed
        ) thrown ORDER BY id, at LIMIT {slots * len(begun)}"""


def _sources_sql(begun: Iterable[tuple[Source, int]]) -> str:
    return " UNION ALL ".join(
        f"SELECT {s.monitor_id} AS id, {first} AS first, {s.base_ms} AS base, {s.salt} AS salt"
        for s, first in begun
    )


def _numbers_sql(count: int) -> str:
    """``n`` from 0 to ``count`` - 1 and some more: digits, joined. MySQL ends recursion at 1,000."""
    digits, places, unit = [], [], 1
    while unit < count:
        top = min(10, -(-count // unit))
        rows = " UNION ALL ".join(f"SELECT {d} AS d" for d in range(top))
        digits.append(f"({rows}) d{unit}")
        places.append(f"d{unit}.d * {unit}")
        unit *= 10
    return f"SELECT {' + '.join(places) or '0'} AS n" + (
        f" FROM {' CROSS JOIN '.join(digits)}" if digits else ""
    )
