"""How is uptime computed? From raw results, by time: each holds until the next one, for an interval at most.

A heartbeat's holds for a month, for its next ping is due by a rule of its own. Time that no result covers is
no data, neither up nor down; so is what we could not measure, and maintenance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from monitors.instants import to_ms
from monitors.models import Monitor

WINDOWS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "365d": timedelta(days=365),
}
LISTED = ("24h", "7d", "30d", "90d")
_HEARTBEAT_HOLDS_MS = 31 * 86_400_000


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds that a monitor was up (degraded counts) and down, of those that were measured."""

    up_ms: int = 0
    down_ms: int = 0

    @property
    def uptime_ratio(self) -> float | None:
        """0 to 1, or None where nothing was measured."""
        measured_ms = self.up_ms + self.down_ms
        return round(self.up_ms / measured_ms, 6) if measured_ms else None


def measure(
    monitors: Iterable[Monitor], windows: Iterable[str], *, now: datetime
) -> dict[int, dict[str, Measured]]:
    """Each monitor's measured time in each window that ends now, by its key; one statement for all of them.

    A result from before a window counts for as long as it holds within.
    """
    holds_ms = {monitor.pk: _holds_ms(monitor) for monitor in monitors}
    names = list(windows)
    found = {monitor_id: dict.fromkeys(names, Measured()) for monitor_id in holds_ms}
    if not holds_ms:
        return found
    now_ms = to_ms(now)
    starts = [to_ms(now - WINDOWS[name]) for name in names]
    span = "CASE WHEN until <= %s THEN 0 WHEN at < %s THEN until - %s ELSE until - at END"
    sums = ", ".join(
        f"SUM(CASE WHEN status <> 'down' THEN {span} ELSE 0 END),"
        f" SUM(CASE WHEN status = 'down' THEN {span} ELSE 0 END)"
        for _ in names
    )
    marks = ", ".join(["%s"] * len(holds_ms))
    statement = f"""
        SELECT monitor_id, {sums} FROM (
            SELECT monitor_id, at, status, in_maintenance,
                   CASE WHEN next_at - at > holds_ms THEN at + holds_ms ELSE next_at END AS until
            FROM (
                SELECT r.monitor_id AS monitor_id, r.scheduled_at AS at, r.status AS status,
                       r.in_maintenance AS in_maintenance,
                       CASE WHEN m.kind = 'heartbeat' THEN %s ELSE m.interval_s * 1000 END AS holds_ms,
                       COALESCE(LEAD(r.scheduled_at) OVER (
                           PARTITION BY r.monitor_id, r.region ORDER BY r.scheduled_at), %s) AS next_at
                FROM monitors_result r JOIN monitors_monitor m ON m.id = r.monitor_id
                WHERE r.monitor_id IN ({marks}) AND r.scheduled_at >= %s AND r.scheduled_at < %s
            ) held
        ) spans
        WHERE status <> 'unknown' AND NOT in_maintenance
        GROUP BY monitor_id"""  # noqa: S608  # only marks and fixed text are put together
    values = [start for start in starts for _ in range(6)]
    since_ms = min(starts) - max(holds_ms.values())
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, _HEARTBEAT_HOLDS_MS, now_ms, *holds_ms, since_ms, now_ms])
        for monitor_id, *figures in cursor.fetchall():
            pairs = zip(figures[::2], figures[1::2], strict=True)
            found[monitor_id] = {
                name: Measured(int(up_ms), int(down_ms))
                for name, (up_ms, down_ms) in zip(names, pairs, strict=True)
            }
    return found


def _holds_ms(monitor: Monitor) -> int:
    return _HEARTBEAT_HOLDS_MS if monitor.kind == "heartbeat" else monitor.interval_s * 1000
