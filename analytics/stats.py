"""The figures of one monitor over one window, for its page: totals, and a chart of the same pieces.

Every piece is a rollup, or raw results from where those end, so that the newest check counts at once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics import latency, outages, uptime
from analytics.bands import read_bands
from analytics.bars import read_bars
from analytics.frames import Frame, frame_window
from analytics.latency import Latency
from analytics.models import Period
from analytics.retention import hours_kept_from
from analytics.uptime import Measured, life_ms
from analytics.windows import DAY, HOUR, Sources, Span, find_sources
from core.instants import EPOCH
from monitors.models import Monitor, Result

CHECKS = ("up", "degraded", "down", "unknown", "maintenance")
RAW_IN_STEPS = timedelta(days=7)
"""Where rolling up has still to catch up, raw results older than this are read by the day; a chart of them
has gaps until then, the totals are whole."""


@dataclass(slots=True)
class Piece:
    """What was found in one step of the window."""

    measured: Measured = field(default_factory=Measured)
    latency: Latency = field(default_factory=Latency)


def read_stats(monitor: Monitor, window: str, *, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """``read_frame`` of a fixed window that ends ``now``, with days and hours of ``zone``. ``KeyError``: no
    such window."""
    return read_frame(monitor, frame_window(window, now, hours_from=hours_kept_from(now)), zone=zone)


def find_newest_end(monitor: Monitor, *, now: datetime) -> datetime:
    """Where a window that ends now ends: right behind the newest result, or at the last whole minute. So the
    figures stay the same until there is something new."""
    newest = Result.objects.filter(monitor=monitor, scheduled_at__lt=now).order_by("-scheduled_at")
    at = newest.values_list("scheduled_at", flat=True).first()
    minute = now.replace(second=0, microsecond=0)
    return max(minute, at + timedelta(milliseconds=1)) if at else minute


def name_figures(monitor: Monitor, frame: Frame, *, zone: ZoneInfo) -> str:
    """An ETag of ``read_frame``, for less than it costs: it changes with all that the figures are made of.
    Results that come late are in it from the next minute or hour on."""
    settings = [monitor.pk, monitor.holds_s, monitor.created_at, zone.key]
    bands = read_bands(monitor, frame.start, frame.end)
    made_of = repr([settings, frame, uptime.read_rolled_until(), bands]).encode()
    return f'"{hashlib.sha256(made_of).hexdigest()[:32]}"'


def read_frame(monitor: Monitor, frame: Frame, *, zone: ZoneInfo) -> dict[str, Any]:
    """Uptime, coverage, downtime, incidents and latency of the frame. A fixed window has days and a heat map
    beside it, in ``zone``. The number of queries does not depend on what is stored."""
    start, now, step = frame.start, frame.end, frame.step
    rolled_until = uptime.read_rolled_until()
    pieces = _read_pieces(monitor, _choose_sources(step, start, now, rolled_until), step, start, now)
    total, timed = Measured(), Latency()
    for piece in pieces.values():
        total += piece.measured
        timed.merge(piece.latency)
    return {
        "window": frame.window,
        "from": start,
        "to": now,
        "timezone": zone.key,
        "uptime": total.uptime_ratio,
        "coverage": total.coverage_ratio(life_ms(monitor, start, now)),
        "downtime_s": total.down_ms // 1000,
        "maintenance_s": total.maintenance_ms // 1000,
        **outages.summarise(outages.read_outages([monitor.pk], start, now), total, start),
        "checks": {name: getattr(total, f"checks_{name}") for name in CHECKS},
        "latency_ms": timed.tell(),
        "phases_ms": timed.tell_phases(),
        "series": {
            "step_s": int(step.total_seconds()),
            "points": [
                _tell_point(monitor, piece, at, at + step, start, now) for at, piece in pieces.items()
            ],
        },
        "bands": read_bands(monitor, start, now),
        **(
            read_bars(monitor, start, now=now, rolled_until=rolled_until, zone=zone)
            if frame.window
            else {"heat_map": [], "days": []}
        ),
    }


def _choose_sources(
    step: timedelta, start: datetime, now: datetime, rolled_until: datetime | None
) -> Sources:
    """Where each step's figures are found: rollups no longer than the step."""
    found = Sources(raw=(start, now)) if step < HOUR else find_sources(start, now, rolled_until)
    if found.rolled and step < DAY:
        return Sources(((Period.HOUR, start, found.rolled[-1][2]),), found.raw)
    return found


def _read_pieces(
    monitor: Monitor, sources: Sources, step: timedelta, start: datetime, now: datetime
) -> dict[datetime, Piece]:
    """What was found in each step of ``[start, now)``, by its begin; a step without results is empty."""
    spans = list(_cut_raw(*sources.raw, step)) if sources.raw else []
    pieces = {_floor(at, step): Piece() for at, _ in _cut(start, now, step)}
    for at, measured in uptime.read_uptime_parts(monitor, sources.rolled, spans):
        pieces[_floor(at, step)].measured += measured
    for at, figures in latency.read_latency_parts(monitor.pk, sources.rolled, spans):
        pieces[_floor(at, step)].latency.add(*figures)
    return pieces


def _cut_raw(start: datetime, end: datetime, step: timedelta) -> Iterator[Span]:
    fine_from = max(start, _floor(end - RAW_IN_STEPS, DAY))
    yield from _cut(start, fine_from, max(step, DAY))
    yield from _cut(fine_from, end, step)


def _cut(start: datetime, end: datetime, step: timedelta) -> Iterator[Span]:
    while start < end:
        until = min(_floor(start, step) + step, end)
        yield start, until
        start = until


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - (at - EPOCH) % step


def _tell_point(
    monitor: Monitor, piece: Piece, since: datetime, until: datetime, start: datetime, now: datetime
) -> dict[str, Any]:
    since = max(since, start)
    told, measured = piece.latency.tell(), piece.measured
    return {
        "at": since,
        "uptime": measured.uptime_ratio,
        "coverage": measured.coverage_ratio(life_ms(monitor, since, min(until, now))),
        "p50_ms": told["p50"],
        "p95_ms": told["p95"],
        "p99_ms": told["p99"],
        "count": measured.checks_up + measured.checks_degraded + measured.checks_down,
        "failures": measured.checks_down,
        "degraded": measured.checks_degraded,
        "maintenance": measured.checks_maintenance,
        "phases_ms": piece.latency.tell_medians(),
    }
