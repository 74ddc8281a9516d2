"""When is it quiet? Pure. Quiet hours are local times of a zone; they are compared in UTC."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def quiet_end(
    at: datetime, *, span: tuple[time, time], days: Collection[str], zone: ZoneInfo
) -> datetime | None:
    """The end, in UTC, of the quiet hours that cover ``at``; None when it is not quiet.

    ``span`` is half-open, in local time, and may pass midnight; two equal times mean 24 hours. ``days`` (of
    ``DAYS``) are the days on which the quiet hours begin; empty means every day. When clocks change: a local
    time that does not exist is read with the offset from before the change, and a local time that exists
    twice means the first.
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
