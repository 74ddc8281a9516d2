"""Whole months of hours, stored as rollups, for where the raw results are not the point."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from analytics.calendar import parts_of
from analytics.histogram import code_of
from analytics.models import LatencyRollup, Period, Progress, Rollup
from analytics.reports.figures import Month
from analytics.rollups import hours_of
from analytics.uptime import SUMS
from analytics.windows import floor_hour

HOUR_MS = 3_600_000
NOTHING = dict.fromkeys(SUMS, 0)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def month_of(text, zone="UTC"):
    return Month(date.fromisoformat(f"{text}-01"), ZoneInfo(zone))


def store_month(monitor, month, unlike=None):
    """All up, but for the parts of hours that ``unlike`` names by their begin (in UTC): ``{}`` is no data."""
    unlike = {utc(at): times for at, times in (unlike or {}).items()}
    rows = []
    for hour in hours_of(floor_hour(month.start), month.end):
        for since, until in parts_of(hour, month.zone):
            if month.start <= since < month.end:
                length_ms = round((until - since).total_seconds() * 1000)
                times = unlike.pop(since, {"up_ms": length_ms})
                rows.append(
                    Rollup(
                        monitor=monitor, period_h=Period.HOUR, start_at=since, holds_s=60, **(NOTHING | times)
                    )
                )
    assert unlike == {}  # every exception was met
    Rollup.objects.bulk_create(rows, batch_size=200)


def store_latency(monitor, at, *values_ms, period=Period.HOUR):
    LatencyRollup.objects.create(
        monitor=monitor,
        period_h=period,
        start_at=utc(at),
        count=len(values_ms),
        sum_ms=sum(values_ms),
        min_ms=min(values_ms),
        max_ms=max(values_ms),
        histogram=",".join(f"{code_of(0, ms)}:1" for ms in values_ms),
    )


def roll_until(at):
    """Say that every hour before is rolled up."""
    Progress.objects.update_or_create(
        pk=Progress.UPTIME, defaults={"rolled_until": utc(at), "lease_until": utc(at)}
    )
