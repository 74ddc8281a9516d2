"""After the maintenance of a heartbeat, its job's last report counts: a failure that maintenance excused is
recorded again."""

import logging
from datetime import datetime

from django.db import transaction

from incidents.maintenance import in_maintenance
from monitors.last_words import find_excused, lock_last_words
from pipeline.stages.record import record

logger = logging.getLogger(__name__)


def judge_after_maintenance(*, now: datetime) -> int:
    """Record again, without the excuse, the failure of each heartbeat whose last report was a failure in a
    window that is over. Returns how many were recorded. Safe to run twice: a failure that was recorded like
    this is no longer excused."""
    excused = find_excused(now=now)
    covered = in_maintenance(
        [(monitor.pk, now) for monitor in excused], team_ids={monitor.team_id for monitor in excused}
    )
    over = [monitor.pk for monitor in excused if (monitor.pk, now) not in covered]
    if not over:
        return 0
    with transaction.atomic():
        results = lock_last_words(over, now=now)
        stored = record(results, now=now).stored
    logger.info("judged after maintenance heartbeats=%d", stored)
    return stored
