"""When is it quiet? Pure: local times of a zone, compared in UTC."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def quiet_end(
    at: datetime, *, span: tuple[time, time], days: Collection[str], zone: ZoneInfo
) -> datetime | None:
    """When the quiet hours that cover ``at`` end, in UTC; None outside of them.

    ``span`` is half-open in local time and may pass midnight; equal ends mean the whole day. ``days`` are
    those on which it begins, all if empty. A local time that spring skips is the moment after the gap, one
    that autumn repeats is its first.
    """
    today = at.astimezone(zone).date()
    for begins_on in (today - timedelta(days=1), today):
        if days and DAYS[begins_on.weekday()] not in days:
            continue
        ends_on = begins_on if span[0] < span[1] else begins_on + timedelta(days=1)
        start, end = _instant(begins_on, span[0], zone), _instant(ends_on, span[1], zone)
        if start <= at < end:
            return end
    return None


def _instant(on: date, local: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, local, tzinfo=zone).astimezone(UTC)
