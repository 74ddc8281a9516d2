"""What incidents say of a window: how many, how long to recover, how long between them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from analytics.uptime import Measured
from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Outage:
    monitor_id: int
    started_at: datetime
    resolved_at: datetime | None


def read_outages(monitor_ids: Collection[int], start: datetime, end: datetime) -> list[Outage]:
    """The monitors' incidents that overlap ``[start, end)`` as they stood at its end, first the oldest; one
    query. What was resolved later is open still, so that a past window reads the same whenever it is read.
    Retracted ones never were."""
    overlapping = Q(resolved_at__isnull=True) | Q(resolved_at__gt=start) | Q(started_at__gte=start)
    incidents = Incident.objects.filter(
        overlapping, monitor__in=monitor_ids, retracted=False, started_at__lt=end
    )
    rows = incidents.order_by("started_at", "pk").values_list("monitor_id", "started_at", "resolved_at")
    return [
        Outage(monitor_id, started_at, resolved_at if resolved_at is not None and resolved_at < end else None)
        for monitor_id, started_at, resolved_at in rows
    ]


def summarise(outages: Sequence[Outage], measured: Measured, start: datetime) -> dict[str, Any]:
    """``incidents``: those that overlap the window. ``mttr_s``, mean time to recover: of those resolved in
    it. ``mtbf_s``, mean time between failures: the time seen up, for each that began in it. Null without
    any."""
    recovered = [o.resolved_at - o.started_at for o in outages if o.resolved_at is not None]
    began = sum(outage.started_at >= start for outage in outages)
    up_ms = measured.up_ms + measured.degraded_ms
    return {
        "incidents": len(outages),
        "mttr_s": round(sum(recovered, timedelta()).total_seconds() / len(recovered)) if recovered else None,
        "mtbf_s": round(up_ms / began / 1000) if began else None,
    }
