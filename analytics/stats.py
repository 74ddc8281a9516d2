"""The figures of one monitor over one window, from its raw results."""

from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, Max, Min, Q

from analytics.uptime import WINDOWS, measure
from incidents.models import Incident
from monitors.models import Monitor, Result
from probes.result import Status

PERCENTILES = (50, 95, 99)


def read_stats(monitor: Monitor, window: str, *, now: datetime) -> dict[str, Any]:
    """Uptime, coverage, downtime, incidents and latency in ``[now - window, now)``. ``KeyError``: no such
    window."""
    start = now - WINDOWS[window]
    measured = measure([monitor], [window], now=now)[monitor.pk][window]
    life_ms = (now - max(start, monitor.created_at)).total_seconds() * 1000
    results = Result.objects.filter(monitor=monitor, scheduled_at__gte=start, scheduled_at__lt=now)
    counts = results.aggregate(
        **{status.value: Count("monitor_id", filter=Q(status=status.value)) for status in Status},
        maintenance=Count("monitor_id", filter=Q(in_maintenance=True)),
    )
    incidents = Incident.objects.filter(monitor=monitor, retracted=False, started_at__lte=now).filter(
        Q(resolved_at__isnull=True) | Q(resolved_at__gte=start)
    )
    return {
        "window": window,
        "from": start,
        "to": now,
        "uptime": measured.uptime_ratio,
        "coverage": round(min(1.0, (measured.up_ms + measured.down_ms) / life_ms), 6)
        if life_ms > 0
        else None,
        "downtime_s": measured.down_ms // 1000,
        "incidents": incidents.count(),
        "checks": counts,
        "latency_ms": _read_latency(results),
    }


def _read_latency(results: Any) -> dict[str, int | None]:
    """Smallest, mean, percentiles (nearest rank) and largest ``total_ms`` of what was not down."""
    timed = results.filter(total_ms__isnull=False).exclude(status=Status.DOWN.value)
    figures = timed.aggregate(
        count=Count("monitor_id"), min=Min("total_ms"), avg=Avg("total_ms"), max=Max("total_ms")
    )
    count = figures.pop("count")
    latency = {name: None if value is None else round(value) for name, value in figures.items()}
    values = timed.order_by("total_ms").values_list("total_ms", flat=True)
    for percentile in PERCENTILES:
        rank = -(-percentile * count // 100)  # rounded up
        latency[f"p{percentile}"] = values[rank - 1] if count else None
    return latency
