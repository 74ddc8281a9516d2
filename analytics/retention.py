"""How long figures are kept, and the purge: in small deletes that let the recorder in between."""

from datetime import datetime, timedelta

from django.conf import settings

from analytics.windows import floor_day


def hours_kept_from(now: datetime) -> datetime:
    """Hourly rollups before it may be gone."""
    return floor_day(now) - timedelta(days=settings.HOUR_RETENTION_DAYS)
