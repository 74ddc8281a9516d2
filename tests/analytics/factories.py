"""Monitors with a past, and results told in letters."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from analytics.models import Slo
from analytics.stats import read_stats
from analytics.uptime import measure
from analytics.windows import WINDOWS
from incidents.models import Incident
from monitors.models import Monitor, Result, Tag
from monitors.tags import create_tag
from tests.factories import make_monitor
from tests.pipeline.factories import T0

NOW = T0
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LETTERS = {"U": "up", "D": "down", "S": "degraded", "?": "unknown", "M": "down"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_old(team=None, *, age=timedelta(days=400), now=NOW, **fields):
    """A monitor that was made long ago."""
    monitor = make_monitor(team, **({"interval_s": 60} | fields))
    Monitor.objects.filter(pk=monitor.pk).update(created_at=now - age)
    monitor.refresh_from_db()
    return monitor


def store_at(monitor, *found, region="local"):
    """``found``: (slot, letter) or (slot, letter, total_ms); ``M`` is down in maintenance."""
    Result.objects.bulk_create(
        Result(
            monitor=monitor,
            region=region,
            scheduled_at=slot,
            checked_at=slot,
            status=LETTERS[letter],
            in_maintenance=letter == "M",
            total_ms=total[0] if total else None,
        )
        for slot, letter, *total in found
    )


def store(monitor, *found, now=NOW, region="local"):
    """``found``: (seconds before now, letter) or (seconds before now, letter, total_ms)."""
    rows = [(now - timedelta(seconds=ago_s), *rest) for ago_s, *rest in found]
    store_at(monitor, *rows, region=region)


def starts(*windows, now=NOW):
    return {window: now - WINDOWS[window] for window in windows}


def measured(monitor, window="1h", *, now=NOW):
    return measure([monitor], starts(window, now=now), now=now)[monitor.pk][window]


def seconds(monitor, window="1h", *, now=NOW):
    """(up, down) in the window, in seconds."""
    found = measured(monitor, window, now=now)
    return (found.up_ms + found.degraded_ms) / 1000, found.down_ms / 1000


def stats(monitor, window="1h", zone="UTC"):
    return read_stats(monitor, window, now=NOW, zone=ZoneInfo(zone))


def open_incident(monitor, *, since_s, until_s=None, now=NOW, **fields):
    return Incident.objects.create(
        team=monitor.team,
        monitor=monitor,
        title="Down",
        started_at=now - timedelta(seconds=since_s),
        resolved_at=None if until_s is None else now - timedelta(seconds=until_s),
        status="investigating" if until_s is None else "resolved",
        **fields,
    )


def make_slo(subject, *, target="0.999", **fields):
    """Of a monitor or a tag."""
    kind = "tag" if isinstance(subject, Tag) else "monitor"
    return Slo.objects.create(
        team=subject.team,
        **({"name": "Shop stays up", kind: subject, "target_ratio": Decimal(target)} | fields),
    )


def make_tagged(*monitors, name="prod"):
    """A tag of the monitors' team that they wear."""
    tag = create_tag(monitors[0].team, name=name)
    tag.monitors.set(monitors)
    return tag


def store_hourly(monitor, *, hours=72, now=NOW):
    """Up for so long, told once an hour: for monitors whose results hold an hour."""
    store(monitor, *((hour * 3600, "U") for hour in range(hours, 0, -1)), now=now)
