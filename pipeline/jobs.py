"""What the timetable's jobs do. Each may run twice, at once or again, without harm."""

import logging
from datetime import datetime, timedelta

from accounts.tokens import purge_expired_tokens
from analytics import retention, rollups
from analytics.reports.freezing import freeze_due
from analytics.slos import alerts
from monitors import heartbeats
from pipeline.stages.record import record
from pipeline.stages.schedule import schedule

logger = logging.getLogger(__name__)


SLICE_S = 20.0
"""What takes longer stops after so long, says that there is more, and is called again: no function of
Lambda's is cut off in the middle, and no other job of its lane waits for ever."""


def send_due_checks(*, owner: str, now: datetime, ahead: timedelta = timedelta(0)) -> None:
    """Send the slots up to ``now + ahead``. When we ourselves were away, nobody's heartbeat is late for
    it."""
    scheduled = schedule(owner=owner, now=now, ahead=ahead)
    if scheduled.away_from is not None:
        heartbeats.forgive(away_from=scheduled.away_from, away_until=now)


def find_late_heartbeats(*, owner: str, now: datetime) -> None:
    """Record a failure for each heartbeat that did not come in time."""
    late = heartbeats.find_late(now=now)
    if late:
        record(late, now=now)
        heartbeats.advance(late, now=now)


def prune_pings(*, owner: str, now: datetime) -> None:
    """Keep the newest pings of each heartbeat."""
    heartbeats.prune_pings()


def flush_tokens(*, owner: str, now: datetime) -> None:
    """Forget refresh tokens that have expired by themselves."""
    purge_expired_tokens(now=now, limit=10_000)


def roll_up(*, owner: str, now: datetime) -> bool:
    """Sum up the hours that are over, and again those that late results belong to; True: not all yet."""
    return rollups.catch_up(owner=owner, now=now, for_s=SLICE_S) > 0 and rollups.is_behind(now=now)


def purge(*, owner: str, now: datetime) -> bool:
    """Delete what is older than the settings keep; True: not all yet."""
    return retention.purge(owner=owner, now=now, for_s=SLICE_S).more


def evaluate_slos(*, owner: str, now: datetime) -> None:
    """Open and close the alerts of budgets that burn too fast.

    From here they go to those who tell people: ``alerts.plan`` will take these events, as it takes those of
    incidents (``pipeline.stages.record.Recorded.events``).
    """
    for event in alerts.evaluate(now=now):
        alert = event.alert
        logger.info("burn alert %s id=%d slo=%d speed=%s", event.event, alert.pk, alert.slo_id, alert.speed)


def freeze_reports(*, owner: str, now: datetime) -> None:
    """Freeze the reports of the months that are over."""
    freeze_due(now=now)
