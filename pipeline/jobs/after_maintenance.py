"""When maintenance of a job is over, what the job said last counts."""

import logging
from datetime import datetime

from django.db import transaction

from incidents.maintenance import in_maintenance
from monitors.last_words import find_excused, lock_last_words
from pipeline.stages.record import record

logger = logging.getLogger(__name__)


def judge_after_maintenance(*, now: datetime) -> int:
    """Record again the failure of each job that failed last in a window that is over, now without the excuse;
    how many those are. Safe to run twice: a failure that was recorded so is excused no more."""
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
