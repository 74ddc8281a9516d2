"""What the timetable's jobs do. Each may run twice, at once or again, without harm."""

import logging
from datetime import datetime

from accounts.tokens import purge_expired_tokens
from analytics import retention, rollups
from analytics.reports.freezing import freeze_due
from analytics.slos import alerts
from monitors import heartbeats
from pipeline import dispatch
from pipeline.messages import Deliveries, encode
from pipeline.stages.record import record
from pipeline.stages.schedule import schedule
from statuspages import domain_checks, notices, publishing, subscribing

logger = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 20
"""A message; letters have HTML, and a message of SQS at most 256 KiB."""


def send_due_checks(*, owner: str, now: datetime) -> None:
    """Send the slots up to now. When we ourselves were away, nobody's heartbeat is late for it."""
    scheduled = schedule(owner=owner, now=now)
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


def roll_up(*, owner: str, now: datetime) -> None:
    """Sum up the hours that are over, and again those that late results belong to."""
    rollups.catch_up(owner=owner, now=now)


def purge(*, owner: str, now: datetime) -> None:
    """Delete what is older than the settings keep."""
    retention.purge(owner=owner, now=now)


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


def publish_pages(*, owner: str, now: datetime) -> None:
    """Publish the status pages that changed, or whose copy is a minute old."""
    publishing.publish_due(owner=owner, now=now)


def send_notices(*, owner: str, now: datetime) -> None:
    """Tell subscribers of status pages what is new there."""
    notices.plan_due(now=now)
    deliveries = notices.claim_deliveries(now=now)
    for first in range(0, len(deliveries), DELIVERIES_AT_ONCE):
        dispatch.send("deliveries", encode(Deliveries(deliveries[first : first + DELIVERIES_AT_ONCE])))


def verify_domains(*, owner: str, now: datetime) -> None:
    """Look up the proofs of custom domains that were asked for."""
    domain_checks.verify_pending(now=now)


def forget_subscribers(*, owner: str, now: datetime) -> None:
    """Delete the addresses of those who never confirmed, or have left."""
    subscribing.forget(now=now)
