"""What the timetable's jobs do. Each may run twice, at once or again, without harm."""

import logging
from datetime import datetime, timedelta

from django.db.models import Model

from accounts.tokens import purge_expired_tokens
from alerts import planning, sending
from alerts import retention as ledger
from alerts.models import Delivery, Trouble
from alerts.troubles import Burn
from analytics import retention, rollups
from analytics.models import BurnAlert
from analytics.reports.freezing import freeze_due
from analytics.slos import alerts as burn
from monitors import heartbeats
from outbox import claiming
from pipeline import dispatch
from pipeline.dispatch import Parcel
from pipeline.messages import delivery_bodies
from pipeline.stages.record import record
from pipeline.stages.schedule import schedule
from pipeline.telling import tell_burns
from statuspages import domain_checks, notices, publishing, subscribing
from statuspages.models import Notice

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
    if retention.purge(owner=owner, now=now, for_s=SLICE_S).more:
        return True
    ledger.purge(now=now)
    return False


def evaluate_slos(*, owner: str, now: datetime) -> None:
    """Open and close the alerts of budgets that burn too fast, and have them told.

    All that are open are handed on each time, not what changed: so what a crash kept from being told, or an
    edit closed, is told by the next round.
    """
    events = burn.evaluate(now=now)
    for event in events:
        alert = event.alert
        logger.info("burn alert %s id=%d slo=%d speed=%s", event.event, alert.pk, alert.slo_id, alert.speed)
    closed = [event.alert for event in events if event.event == "closed"]
    tell_burns([_tell_burn(alert) for alert in [*burn.read_open(), *closed]], now=now)


def _tell_burn(alert: BurnAlert) -> Burn:
    slo = alert.slo
    return Burn(
        key=str(alert.pk),
        team=slo.team,
        monitor=slo.monitor,
        title=f"The error budget of {slo.name} burns too fast",
        sentence=f"At {alert.burn_rate_short:.1f} times the rate that just keeps the target"
        f" ({float(slo.target_ratio):.4%} over {slo.window_days} days).",
        opened_at=alert.opened_at,
        closed_at=alert.closed_at,
    )


def send_again(*, now: datetime) -> None:
    """Send again what a process that was killed left on its way. Called where there is one process alone."""
    for model in (Delivery, Notice):
        if count := claiming.send_again(model, now=now):
            logger.info("sending again model=%s rows=%d", model._meta.label, count)


def send_alerts(*, owner: str, now: datetime) -> None:
    """Plan what time alone makes us tell, and send what is due."""
    planning.follow(now=now)
    bodies = delivery_bodies(sending.take_due(now=now))
    dispatch.send_all("deliveries", [Parcel(body) for body in bodies])


def alerts_due_soon(*, now: datetime, until: datetime) -> list[datetime]:
    """When an alert is to be sent in ``[now, until)``: one that is held or tried again, or a trouble that
    must be looked at again."""
    return _moments(Delivery, "due_at", now, until) + _moments(Trouble, "look_at", now, until)


def notices_due_soon(*, now: datetime, until: datetime) -> list[datetime]:
    """When subscribers are to be told in ``[now, until)``."""
    return _moments(Notice, "due_at", now, until)


def _moments(model: type[Model], column: str, now: datetime, until: datetime) -> list[datetime]:
    due = model._default_manager.filter(**{f"{column}__gte": now, f"{column}__lt": until})
    return list(due.order_by(column).values_list(column, flat=True).distinct()[:1_000])


def freeze_reports(*, owner: str, now: datetime) -> None:
    """Freeze the reports of the months that are over."""
    freeze_due(now=now)


def publish_pages(*, owner: str, now: datetime) -> bool:
    """Publish the status pages that changed, or whose copy is a minute old; True: not all yet. Where none
    could be (the storage is away), the rest waits for the next time."""
    return publishing.publish_due(owner=owner, now=now) > 0 and publishing.is_behind(now=now)


def send_notices(*, owner: str, now: datetime) -> None:
    """Tell subscribers of status pages what is new there."""
    notices.plan_due(now=now)
    for body in delivery_bodies(notices.claim_deliveries(now=now)):
        dispatch.send("deliveries", body)


def verify_domains(*, owner: str, now: datetime) -> None:
    """Look up the proofs of custom domains that were asked for."""
    domain_checks.verify_pending(now=now)


def forget_subscribers(*, owner: str, now: datetime) -> None:
    """Delete the addresses of those who never confirmed, or have left."""
    subscribing.forget(now=now)
