"""Results to test with."""

from datetime import datetime, timedelta

from monitors.models import Monitor, Result
from tests.factories import NOW


def make_result(monitor: Monitor, *, at: datetime = NOW, **fields) -> Result:
    given = {"region": "local", "status": "up", "checked_at": at + timedelta(milliseconds=40), **fields}
    return Result.objects.create(monitor=monitor, scheduled_at=at, **given)
