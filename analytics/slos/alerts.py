"""Opens and closes the alerts of budgets that burn too fast, by the rules in `burn`."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db import models, transaction

from analytics.models import BurnAlert, Slo, Speed
from analytics.slos.burn import BURN_WINDOWS, RULES, BurnRule, is_burning
from analytics.slos.status import Subject, burn_rate, find_starts, measure_subjects, read_subjects
from analytics.uptime import Measured
from core.isolation import do_each, do_together, resting

logger = logging.getLogger(__name__)

EVALUATE = "evaluate SLOs"


class BurnChange(models.TextChoices):
    """What can happen to a burn alert."""

    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BurnEvent:
    """What happened to a burn alert: what those who tell people must know."""

    event: BurnChange
    alert: BurnAlert


def evaluate(*, now: datetime) -> list[BurnEvent]:
    """Judge every SLO by its burn rates up to now; what opened and what closed.

    Safe to run twice, and twice at once: what happened is told by one of them only. Each alert is a
    transaction of its own; the queries beside those do not depend on how many SLOs there are.
    """
    started = time.perf_counter()
    rest = resting(EVALUATE, "slo")
    slos = [slo for slo in Slo.objects.for_evaluation().order_by("pk") if slo.pk not in rest]
    if not slos:
        return []
    open_alerts = {alert.open_key: alert for alert in BurnAlert.objects.filter(open_key__isnull=False)}
    subjects = read_subjects(slos)
    starts = find_starts(BURN_WINDOWS, now=now)
    measured: dict[tuple[Subject, str], Measured] = {}
    events: list[BurnEvent] = []

    def measure_some(some: Sequence[Slo]) -> None:
        mine = {slo.subject: subjects[slo.subject] for slo in some}
        wanted = {(subject, name) for subject in mine for name in BURN_WINDOWS}
        measured.update(measure_subjects(mine, wanted, starts, now=now))

    def evaluate(slo: Slo) -> None:
        rates = {name: burn_rate(slo, measured[slo.subject, name]) for name in BURN_WINDOWS}
        watched = any(monitor.enabled for monitor in subjects[slo.subject])
        for speed, rule in RULES.items():
            alert = open_alerts.get(_key(slo, speed))
            if event := _follow(slo, speed, rule, rates=rates, alert=alert, watched=watched, now=now):
                events.append(event)

    left_out = do_together(EVALUATE, slos, measure_some, name=_name)
    do_each(EVALUATE, [slo for slo in slos if slo not in left_out], evaluate, name=_name)
    logger.info(
        "slos evaluated=%d opened=%d closed=%d took_ms=%d",
        len(slos),
        sum(event.event is BurnChange.OPENED for event in events),
        sum(event.event is BurnChange.CLOSED for event in events),
        round((time.perf_counter() - started) * 1000),
    )
    return events


def _name(slo: Slo) -> tuple[str, int]:
    return "slo", slo.pk


def _follow(
    slo: Slo,
    speed: Speed,
    rule: BurnRule,
    *,
    rates: Mapping[str, Fraction | None],
    alert: BurnAlert | None,
    watched: bool,
    now: datetime,
) -> BurnEvent | None:
    """Open or close one alert where it must be. When nobody watches any more (all is paused, or no monitor
    has the tag), what is open is closed, as incidents are."""
    long, short = rates[rule.long], rates[rule.short]
    burning = watched and is_burning(
        was_burning=alert is not None, long=long, short=short, threshold=rule.threshold(slo.window_days)
    )
    if alert is None and burning and long is not None and short is not None:
        return _open(slo, speed, long=long, short=short, now=now)
    return _close(alert, now=now) if alert is not None and not burning else None


def _key(slo: Slo, speed: Speed) -> str:
    return f"{slo.pk}:{speed.value}"


def _open(slo: Slo, speed: Speed, *, long: Fraction, short: Fraction, now: datetime) -> BurnEvent | None:
    """None where another process was faster, or the SLO was changed or deleted since it was read."""
    with transaction.atomic():
        locked = Slo.objects.select_for_update().filter(pk=slo.pk).first()
        if locked is None or locked.rule != slo.rule:
            return None
        alert, created = BurnAlert.objects.get_or_create(
            open_key=_key(slo, speed),
            defaults={
                "slo": slo,
                "speed": speed,
                "burn_rate_long": float(long),
                "burn_rate_short": float(short),
                "opened_at": now,
            },
        )
    return BurnEvent(BurnChange.OPENED, alert) if created else None


def _close(alert: BurnAlert, *, now: datetime) -> BurnEvent | None:
    """A conditional UPDATE, whose row count says who closed it."""
    at = max(now, alert.opened_at)
    still_open = BurnAlert.objects.filter(pk=alert.pk, closed_at__isnull=True)
    if not still_open.update(closed_at=at, open_key=None):
        return None
    alert.closed_at, alert.open_key = at, None
    return BurnEvent(BurnChange.CLOSED, alert)


def read_open() -> list[BurnAlert]:
    """Every open alert with its SLO; one statement."""
    found = BurnAlert.objects.filter(open_key__isnull=False).order_by("pk")
    return list(found.select_related("slo__team", "slo__monitor"))


def close_alerts(slo: Slo, *, now: datetime) -> list[BurnEvent]:
    """Close the open alerts of an SLO. The caller has locked the SLO."""
    found = BurnAlert.objects.filter(slo=slo, open_key__isnull=False).order_by("pk")
    return [event for alert in found if (event := _close(alert, now=now))]
