"""An object of the archive: results of one team and one day (UTC) as JSON lines, compressed. Pure.

A line has the names and values of the API's results, and beside them the team and whether there was
maintenance. The same rows are the same bytes, in the order of their keys.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from core.instants import FIRST, LAST, from_ms, to_ms
from monitors.result_json import PHASES

COLUMNS = (
    "monitor_id",
    "scheduled_at",
    "region",
    "checked_at",
    "status",
    "in_maintenance",
    "error_code",
    "error",
    "http_status",
    *PHASES,
    "address",
    "http_version",
    "size_bytes",
    "tls_expires_at",
    "domain_expires_at",
)
Row = Sequence[Any]
"""The ``COLUMNS`` as the database has them: instants in milliseconds."""
LEVEL = 6
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # naive, so that it writes no offset
_encoder = msgspec.json.Encoder()


def name_object(team_id: int, rows: Sequence[Row]) -> str:
    """After its first row's key and its last one's, and how many they are: two that hold different rows have
    different names."""
    (first_id, first_at), (last_id, last_at) = rows[0][:2], rows[-1][:2]
    keys = f"{first_id}-{first_at}_{last_id}-{last_at}_{len(rows)}"
    return f"{folder_of(team_id, from_ms(first_at).date())}{keys}.jsonl.gz"


def folder_of(team_id: int, day: date | None = None) -> str:
    """All of a team lies under one name, so that it can be erased without being read."""
    return f"results/team={team_id}/" + (f"day={day.isoformat()}/" if day else "")


def day_of(name: str) -> date:
    return date.fromisoformat(name.partition("/day=")[2][:10])


def pack_lines(team_id: int, rows: Iterable[Row]) -> bytes:
    lines = _encoder.encode_lines([_line(team_id, row) for row in rows])
    return gzip.compress(lines, compresslevel=LEVEL, mtime=0)


def unpack_lines(body: bytes) -> Iterator[tuple[bytes, Mapping[str, Any]]]:
    """Each line, and what it says."""
    for line in gzip.decompress(body).splitlines():
        yield line, msgspec.json.decode(line)


def _line(team_id: int, row: Row) -> dict[str, Any]:
    return {
        "team": team_id,
        "monitor": row[0],
        "region": row[2],
        "scheduled_at": _instant(row[1]),
        "checked_at": _instant(row[3]),
        "status": row[4],
        "in_maintenance": bool(row[5]),
        "error_code": row[6],
        "error": row[7],
        "http_status": row[8],
        "timings": dict(zip(PHASES, row[9:15], strict=True)),
        "address": row[15] or None,
        "http_version": row[16] or None,
        "size_bytes": row[17],
        "tls_expires_at": _instant(row[18]),
        "domain_expires_at": _instant(row[19]),
    }


def _instant(ms: int | None) -> str | None:
    """With milliseconds always, for those who read it as text of one width."""
    if ms is None:
        return None
    ms = min(max(ms, to_ms(FIRST)), to_ms(LAST))
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"
