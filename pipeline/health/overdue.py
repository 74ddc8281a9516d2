"""Which checks are due and bring no results? By kind and region, because each has a loop or queue of its
own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from core.engine import Engine
from core.instants import InstantField
from monitors.models import Monitor, MonitorQuerySet, Result
from pipeline.health import signs
from probes.registry import CHECKED

LATE_AFTER = {
    Engine.EMBEDDED: timedelta(seconds=60),
    Engine.CELERY: timedelta(seconds=60),
    Engine.SERVERLESS: timedelta(seconds=180),
}
"""A result that is later than this, besides its interval and timeout, does not come any more."""
LOOKED_AT = 25
"""Monitors of each kind that are looked at: so many of those that are checked most often, and of the
newest."""
CLOCKS_AGREE_WITHIN = timedelta(minutes=1)


def find_overdue(*, now: datetime) -> list[dict[str, Any]]:
    """The kinds and regions of which every monitor that is looked at is late, with the age of the newest
    result in seconds. Time counts from an edit or a resumed monitor, and from the end of a break in which
    slots were skipped. Paused monitors and kinds that are not checked are left out; maintenance changes
    nothing. The cost does not grow with the number of monitors or results."""
    active = Monitor.objects.filter(enabled=True, phase_ms__isnull=False, kind__in=CHECKED)
    resumed_at = signs.read_resumed_at()
    found = []
    for kind in active.order_by("kind").values_list("kind", flat=True).distinct():
        monitors = _pick(active.filter(kind=kind))
        for region in settings.REGIONS:
            watched = [monitor.pk for monitor in monitors if region in monitor.watched_from]
            if late := _find_late(watched, region, since=resumed_at, now=now):
                found.append({"kind": kind, "region": region, **late})
    return found


def _pick(monitors: MonitorQuerySet) -> list[Monitor]:
    fields = monitors.only("interval_s", "timeout_s", "regions", "updated_at")
    often, new = fields.order_by("interval_s", "pk")[:LOOKED_AT], fields.order_by("-pk")[:LOOKED_AT]
    return list({monitor.pk: monitor for monitor in [*often, *new]}.values())


def _find_late(
    watched: Iterable[int], region: str, *, since: datetime | None, now: datetime
) -> dict[str, Any]:
    """The age of the newest result, when all of ``watched`` are late; empty when one is not."""
    newest = (
        Result.objects.filter(
            monitor_id=OuterRef("pk"), region=region, scheduled_at__lte=now + CLOCKS_AGREE_WITHIN
        )
        .order_by("-scheduled_at")
        .values("scheduled_at")[:1]
    )
    annotated = Monitor.objects.filter(pk__in=list(watched)).annotate(
        newest_at=Subquery(newest, output_field=InstantField())
    )
    rows = list(annotated.values_list("newest_at", "updated_at", "interval_s", "timeout_s"))
    for newest_at, updated_at, interval_s, timeout_s in rows:
        waited_from = max(at for at in (newest_at, updated_at, since) if at is not None)
        if now - waited_from <= timedelta(seconds=interval_s + timeout_s) + LATE_AFTER[settings.ENGINE]:
            return {}
    known = [row[0] for row in rows if row[0] is not None]
    age_s = round((now - max(known)).total_seconds()) if known else None
    return {"newest_result_age_s": age_s} if rows else {}
