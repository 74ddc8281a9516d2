"""What the rows of an overview are made of: read in a few statements, by monitor.

Without Django's models where there is a row for each monitor: making them takes longer than the database
does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.core.cache import cache
from django.db import connection

from analytics.models import Slo
from analytics.pieces import read_pieces
from analytics.uptime import in_list, measure, read_rolled_until, run
from core.instants import to_ms
from core.isolation import do_each, read_rows
from monitors.models import Monitor
from probes.heartbeat_schedule import say_schedule

WINDOWS = {"24h": timedelta(hours=24), "30d": timedelta(days=30)}
CLOCK_TOLERANCE = timedelta(minutes=1)
FIGURES_FOR_S, FIGURES_RENEWED_FOR_S = 0.25, 0.03
"""How long one request may measure uptime: where there is none yet, and where that of an hour ago will do."""
ROWS_REMEMBERED, RESULTS_REMEMBERED = 20_000, 100_000
"""In a process: two kilobytes, and half a one, each. Where there are more, they are read again and again."""
RESULTS_AT_ONCE = 200

Columns = tuple[Any, ...]
"""Id, team, name, kind, URL, enabled, interval in seconds."""
Tags = Sequence[tuple[int, str]]
Found = tuple[tuple[Any, ...], tuple[Any, ...]]
"""What a region believes of a monitor (monitor, region, then as ``Belief`` takes it, slot of the newest
result), and that result (slot, status, instant of the check, ms, error)."""
NO_RESULT = (None, None, None, None, None)


def read_columns(team_ids: Collection[int]) -> list[Columns]:
    if not team_ids:
        return []
    return run(
        "SELECT id, team_id, name, kind, url, enabled, interval_s FROM monitors_monitor"
        f" WHERE team_id IN ({in_list(team_ids)}) ORDER BY id",
        [],
    )


# What was found

_results: dict[tuple[int, str], tuple[Any, ...]] = {}
"""By monitor and region, the newest result that was read. It is written once, so need not be read again:
that was half of what the database did for a look at what changed."""
_REMEMBERED, _REMEMBERED_S = "overview-results", 86_400
"""Whoever clears the cache clears ``_results``, too."""


def read_found(team_ids: Collection[int], *, now: datetime) -> Mapping[int, Sequence[Found]]:
    """What the regions of each monitor believe, with the newest result of each. One statement, and one for
    every ``RESULTS_AT_ONCE`` results that are new."""
    heads = _read_heads(team_ids, now=now)
    if cache.get(_REMEMBERED) is None or len(_results) > RESULTS_REMEMBERED:
        _results.clear()
        cache.set(_REMEMBERED, 1, _REMEMBERED_S)
    newest = [_results.get(head[:2], NO_RESULT) for head in heads]
    unknown = [head for head, result in zip(heads, newest, strict=True) if head[-1] != result[0]]
    read: dict[tuple[int, str], tuple[Any, ...]] = {}
    for first in range(0, len(unknown), RESULTS_AT_ONCE):
        read |= _read_results(unknown[first : first + RESULTS_AT_ONCE])
    _results.update(read)
    found: dict[int, list[Found]] = defaultdict(list)
    for head, result in zip(heads, newest, strict=True):
        fresh = result if head[-1] == result[0] else read.get(head[:2], NO_RESULT)
        found[head[0]].append((head, fresh))
    return found


def _read_heads(team_ids: Collection[int], *, now: datetime) -> list[tuple[Any, ...]]:
    """As the first part of ``Found``. The slot is the end of the region's results in their key."""
    if not team_ids:
        return []
    return run(
        f"""
        SELECT s.monitor_id, s.region,
               s.state, s.changed_at, s.counted_from, s.no_data_since, s.no_data_reason, (
            SELECT x.scheduled_at FROM monitors_result x
            WHERE x.monitor_id = s.monitor_id AND x.region = s.region AND x.scheduled_at <= %s
            ORDER BY x.monitor_id DESC, x.scheduled_at DESC LIMIT 1
        ) AS newest_at
        FROM monitors_regionstate s JOIN monitors_monitor m ON m.id = s.monitor_id
        WHERE m.team_id IN ({in_list(team_ids)})""",
        [to_ms(now + CLOCK_TOLERANCE)],
    )


def _read_results(heads: Iterable[tuple[Any, ...]]) -> dict[tuple[int, str], tuple[Any, ...]]:
    """As the second part of ``Found``, by monitor and region. Each is named by its whole key."""
    keys = [(head[0], head[1], head[-1]) for head in heads if head[-1] is not None]
    if not keys:
        return {}
    rows = run(
        "SELECT monitor_id, region, scheduled_at, status, checked_at, total_ms, error FROM monitors_result"
        f" WHERE {' OR '.join(['monitor_id = %s AND region = %s AND scheduled_at = %s'] * len(keys))}",
        [value for key in keys for value in key],
    )
    return {row[:2]: row[2:] for row in rows}


# What people set


def read_tags(team_ids: Collection[int]) -> Mapping[int, Tags]:
    """(tag, its name) of each monitor's tags. A row a tag, which names its monitors: of a thousand monitors
    with three tags each that is a third of the work."""
    if not team_ids:
        return {}
    return _spread(
        tuple(
            run(
                "SELECT t.id, t.name, GROUP_CONCAT(w.monitor_id) FROM monitors_tag t"
                " JOIN monitors_monitor_tags w ON w.tag_id = t.id"
                f" WHERE t.team_id IN ({in_list(team_ids)}) GROUP BY t.id, t.name",
                [],
            )
        )
    )


@lru_cache(maxsize=32)
def _spread(rows: tuple[tuple[int, str, Any], ...]) -> Mapping[int, Tags]:
    """Remembered, for they are nearly always the same."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for tag_id, name, monitor_ids in rows:
        for monitor_id in str(monitor_ids).split(","):
            found[int(monitor_id)].append((tag_id, name))
    return dict(found)


def read_schedules(team_ids: Collection[int]) -> dict[int, str]:
    """Of each heartbeat, when it is called: what it watches is no address."""
    if not team_ids:
        return {}
    stored = run(
        "SELECT id, config FROM monitors_monitor"
        f" WHERE kind = 'heartbeat' AND team_id IN ({in_list(team_ids)})",
        [],
    )
    said = do_each(
        "show in a list",
        stored,
        lambda row: (row[0], _say_stored(row[1])),
        name=lambda row: ("monitor", row[0]),
    )
    return dict(said)


@lru_cache(maxsize=ROWS_REMEMBERED)
def _say_stored(config: Any) -> str:
    return say_schedule(Monitor._meta.get_field("config").from_db_value(config, None, connection))


def read_slos(team_ids: Collection[int]) -> dict[tuple[str, int], tuple[float, int]]:
    """(target, days) of the strictest promise, by what it is of."""
    found: dict[tuple[str, int], tuple[float, int]] = {}
    for slo in read_rows("show in a list", Slo.objects.filter(team_id__in=team_ids).order_by("pk")):
        of = ("monitor", slo.monitor_id) if slo.monitor_id else ("tag", slo.tag_id or 0)
        found[of] = max(found.get(of, (0.0, 0)), (float(Decimal(slo.target_ratio)), slo.window_days))
    return found


def read_figures(stored: Iterable[Columns]) -> dict[int, tuple[float | None, ...]]:
    """Uptime in ``WINDOWS`` up to where rolling up has come, of each monitor that has any. When that comes
    farther, requests measure piece by piece, and tell of the hour before meanwhile."""
    until = read_rolled_until()
    if until is None:
        return {}
    ids: dict[int, list[int]] = defaultdict(list)
    for columns in stored:
        ids[columns[1]].append(columns[0])
    found: dict[int, tuple[float | None, ...]] = {}
    for team_id, some in ids.items():
        found |= read_pieces(
            f"overview-figures:{team_id}",
            str(to_ms(until)),
            some,
            lambda due: _measure(due, until),
            for_s=FIGURES_FOR_S,
            renew_for_s=FIGURES_RENEWED_FOR_S,
        ).found
    return found


def _measure(ids: Collection[int], until: datetime) -> dict[int, tuple[float | None, ...]]:
    monitors = Monitor.objects.filter(pk__in=ids).only("holds_s").order_by("pk")
    starts = {name: until - length for name, length in WINDOWS.items()}
    measured = measure(read_rows("show in a list", monitors), starts, now=until)
    return {
        pk: tuple(_floor(windows[name].uptime_ratio) for name in WINDOWS) for pk, windows in measured.items()
    }


def _floor(ratio: float | None) -> float | None:
    """To hundredths of a percent, so that 1 says never down. The ratio comes in millionths."""
    return None if ratio is None else round(ratio * 1_000_000) // 100 / 10_000
