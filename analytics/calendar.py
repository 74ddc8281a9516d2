"""Days as people count them: in a time zone of theirs, 23, 24 or 25 hours long. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analytics.windows import HOUR, Span


def day_start(on: date, zone: ZoneInfo) -> datetime:
    """The first instant of the day, in UTC. Where the clock skips midnight, that is where it jumps to."""
    return datetime.combine(on, time.min, zone).astimezone(UTC)


def day_span(on: date, zone: ZoneInfo) -> Span:
    return day_start(on, zone), day_start(on + timedelta(days=1), zone)


def date_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def month_days(month: date) -> list[date]:
    """Every day of the month that begins on ``month``."""
    days = (month + timedelta(days=number) for number in range(31))
    return [on for on in days if on.month == month.month]


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def parts_of(hour: datetime, zone: ZoneInfo) -> list[Span]:
    """An hour of UTC, cut where a day of ``zone`` begins within it: in India that is at half past 18."""
    midnight = day_start(date_of(hour, zone) + timedelta(days=1), zone)
    end = hour + HOUR
    return [(hour, midnight), (midnight, end)] if hour < midnight < end else [(hour, end)]
