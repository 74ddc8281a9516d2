"""What a list of monitors can be ordered by beside its columns: each made only when it is asked for."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce

from analytics.models import Period, Rollup
from monitors.models import MonitorQuerySet, Result
from monitors.selectors import rank_by_status

UPTIME = timedelta(hours=24)
CLOCK_TOLERANCE = timedelta(minutes=1)
NOTHING = -1
"""Comes before all that is known."""


def order_for(
    monitors: MonitorQuerySet, asked: str, *, covered: Callable[[], Collection[int]], now: datetime
) -> MonitorQuerySet:
    """``monitors`` with the column that ``asked`` names, when it is not a column of the table. ``covered``
    returns the monitors in maintenance."""
    match asked.removeprefix("-"):
        case "status":
            return rank_by_status(monitors, covered())
        case "response":
            return monitors.annotate(response=_newest_response(now))
        case "uptime":
            return monitors.annotate(uptime=_uptime_since(now - UPTIME))
    return monitors


def _newest_response(now: datetime) -> Coalesce:
    newest = Result.objects.filter(monitor_id=OuterRef("pk"), scheduled_at__lte=now + CLOCK_TOLERANCE)
    taken = newest.order_by("-monitor_id", "-scheduled_at").values("total_ms")[:1]
    return Coalesce(Subquery(taken), Value(NOTHING), output_field=BigIntegerField())


def _uptime_since(since: datetime) -> Coalesce:
    """The uptime in millionths, from the hourly roll-ups. It is a whole number so that a cursor can hold
    it."""
    hours = Rollup.objects.filter(monitor_id=OuterRef("pk"), period_h=Period.HOUR, start_at__gte=since)
    sums = (
        hours.order_by()
        .values("monitor_id")
        .annotate(
            good=Sum(F("up_ms") + F("degraded_ms")), all=Sum(F("up_ms") + F("degraded_ms") + F("down_ms"))
        )
    )
    ratio = sums.filter(all__gt=0).values(
        millionths=Cast(F("good") * 1_000_000 / F("all"), output_field=BigIntegerField())
    )
    return Coalesce(Subquery(ratio), Value(NOTHING), output_field=BigIntegerField())
