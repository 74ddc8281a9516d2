"""What the timetable's jobs do. Each job may run twice, at once or one after the other, without harm."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db.models import Model

from alerts import planning, sending
from alerts.burning_budgets import SPEEDS, Burn
from alerts.messages.phrases import say_duration
from alerts.models import Delivery, Trouble
from analytics import rollups
from analytics.models import BurnAlert, Speed
from analytics.reports.freezing import freeze_due
from analytics.slos import alerts as burn
from analytics.slos.burn import BURN_WINDOWS, RULES
from core.formats import say_count
from core.isolation import do_each
from delivery.message import DeliveryMessage
from monitors import heartbeats
from outbox import claiming
from pipeline import dispatch
from pipeline.fanout import tell_burns
from pipeline.health import signs
from pipeline.jobs import listening, no_data
from pipeline.jobs.after_maintenance import judge_after_maintenance
from pipeline.messages import pack_deliveries
from pipeline.stages.record import record
from pipeline.stages.schedule import MAX_LATE, schedule
from statuspages import domain_checks, notifications, publishing
from statuspages.models import Notice

logger = logging.getLogger(__name__)


SLICE_S = 20.0
"""A job that takes longer stops after so many seconds, says that there is more, and is called again. So no
Lambda function is cut off in the middle, and no other job of its lane waits for ever."""


def send_due_checks(*, owner: str, now: datetime, ahead: timedelta = timedelta(0)) -> None:
    """Send the slots up to ``now + ahead``, and say that we listen to pings
    (``listening.say_listening_by_clock``)."""
    listening.say_listening_by_clock(
        now=now, good_for=ahead + MAX_LATE if ahead else listening.CLOCK_GOOD_FOR
    )
    schedule(owner=owner, now=now, ahead=ahead)


def watch_for_data(*, owner: str, now: datetime) -> None:
    """Find the monitors that have no data any more, or have some again."""
    no_data.watch_for_data(now=now)


def record_late_heartbeats(*, owner: str, now: datetime) -> None:
    """Record a failure for each heartbeat that did not come in time, up to the moment until which we
    listened."""
    late = heartbeats.find_late(now=now, heard_until=listening.heard_until(now=now))
    if late:
        record(late, now=now)
        heartbeats.advance(late, now=now)
    signs.save_job_sign("find late heartbeats", at=now)


def judge_last_words(*, owner: str, now: datetime) -> None:
    """Record again, once maintenance is over, the failures that it excused."""
    judge_after_maintenance(now=now)


def roll_up(*, owner: str, now: datetime) -> bool:
    """Roll up the hours that are over, and again those that late results belong to. True: there is more to
    do."""
    return rollups.catch_up(owner=owner, now=now, for_s=SLICE_S) > 0 and rollups.has_hours_to_roll(now=now)


def evaluate_slos(*, owner: str, now: datetime) -> None:
    """Open and close the alerts of error budgets that burn too fast, and have people told.

    Each round hands on all open alerts, not only the changes. So the next round tells what a killed process
    did not tell, and what an edit closed.
    """
    events = burn.evaluate(now=now)
    for event in events:
        alert = event.alert
        logger.info("burn alert %s id=%d slo=%d speed=%s", event.event, alert.pk, alert.slo_id, alert.speed)
    closed = [event.alert for event in events if event.event is burn.BurnChange.CLOSED]
    by_slo: dict[int, list[BurnAlert]] = {}
    for alert in [*burn.read_open(), *closed]:
        by_slo.setdefault(alert.slo_id, []).append(alert)
    tell_burns(
        do_each("tell burns", by_slo.values(), _make_burn, name=lambda some: ("slo", some[0].slo_id)), now=now
    )


def _make_burn(alerts: Sequence[BurnAlert]) -> Burn:
    """All alerts of one SLO as one ``Burn``: the most urgent open alert speaks for all of them."""
    open_now = [alert for alert in alerts if alert.closed_at is None]
    worst = max(open_now or alerts, key=lambda alert: SPEEDS.index(alert.speed))
    slo, rule = worst.slo, RULES[Speed(worst.speed)]
    short, long = (say_duration(BURN_WINDOWS[name]) for name in (rule.short, rule.long))
    return Burn(
        slo_id=slo.pk,
        alerts=tuple(alert.pk for alert in alerts),
        team=slo.team,
        monitor=slo.monitor,
        title=f"The error budget of {slo.name[:150]} burns too fast ({worst.speed} burn)",
        sentence=f"A {worst.speed} burn: over {short} at {worst.burn_rate_short:.1f} times the rate that just"
        f" keeps the target ({float(slo.target_ratio) * 100:g}% over {say_count(slo.window_days, 'day')}),"
        f" over {long} at {worst.burn_rate_long:.1f} times.",
        speed=worst.speed,
        opened_at=min(alert.opened_at for alert in alerts),
        closed_at=None if open_now else max(alert.closed_at for alert in alerts if alert.closed_at),
    )


def send_again(*, now: datetime) -> None:
    """Send again the alerts and notices that a killed process was sending. To be called only at the start of
    an engine that is one single process."""
    for model in (Delivery, Notice):
        if count := claiming.send_again(model, now=now):
            logger.info("sending again model=%s rows=%d", model._meta.label, count)


def send_alerts(*, owner: str, now: datetime) -> None:
    """Plan the alerts that become due by time alone (reminders, escalation), and send what is due."""
    planning.follow_troubles(now=now)
    _send(sending.take_due(now=now), now=now, give_up=sending.give_up_deliveries)
    signs.save_job_sign("send alerts", at=now)


def _send(deliveries: Sequence[DeliveryMessage], *, now: datetime, give_up: Callable[..., None]) -> None:
    """Queue the deliveries. ``give_up`` is called with the ids of those that no message can carry, and
    why."""
    whys: dict[str, str] = {}
    parcels = pack_deliveries(deliveries, left_out=lambda one, why: whys.update({one.id: why}))
    dispatch.send_all("deliveries", parcels)
    if whys:
        logger.error("deliveries left out ids=%s", ",".join(sorted(whys)))
        give_up(whys, now=now)


def alerts_due_soon(*, now: datetime, until: datetime) -> list[datetime]:
    """The moments in ``[now, until)`` at which an alert is due (it is held, or tried again) or a trouble must
    be looked at again."""
    return _moments(Delivery, "due_at", now, until) + _moments(Trouble, "look_at", now, until)


def notices_due_soon(*, now: datetime, until: datetime) -> list[datetime]:
    """The moments in ``[now, until)`` at which subscribers must be told."""
    return _moments(Notice, "due_at", now, until)


def _moments(model: type[Model], column: str, now: datetime, until: datetime) -> list[datetime]:
    due = model._default_manager.filter(**{f"{column}__gte": now, f"{column}__lt": until})
    return list(due.order_by(column).values_list(column, flat=True).distinct()[:1_000])


def freeze_reports(*, owner: str, now: datetime) -> None:
    """Freeze the reports of the months that are over."""
    freeze_due(now=now)


def publish_pages(*, owner: str, now: datetime) -> bool:
    """Publish the status pages that changed, and those whose copy is a minute old. True: there is more to do.
    When none could be published (the storage is away), the rest waits for the next round."""
    return publishing.publish_due(owner=owner, now=now) > 0 and publishing.has_copies_due(now=now)


def send_notices(*, owner: str, now: datetime) -> None:
    """Tell subscribers of status pages what is new there."""
    notifications.plan_due(now=now)
    _send(notifications.claim_deliveries(now=now), now=now, give_up=notifications.give_up_notices)
    signs.save_job_sign("send notices", at=now)


def verify_domains(*, owner: str, now: datetime) -> None:
    """Look up the DNS proofs of custom domains that are not verified yet."""
    domain_checks.verify_pending(now=now)
