"""Hands what happened to those who tell people: alerts and status pages. Call these functions in the
transaction of the change. What they write is committed with it, and what they wake runs after the commit."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from alerts import planning
from alerts.burning_budgets import Burn, update_budget_troubles
from alerts.troubles import (
    Turn,
    find_turns,
    update_degraded_troubles,
    update_no_data_troubles,
)
from alerts.waking import wake_teams
from core.isolation import do_together
from incidents.reconcile import IncidentEvent
from pipeline import dispatch
from pipeline.messages import Wake, encode
from statuspages import incident_events as pages
from statuspages.invalidation import mark_changed
from statuspages.publishing import DEBOUNCE

SEND_ALERTS = "send alerts"
PUBLISH_PAGES, SEND_NOTICES = "publish pages", "send notices"


def tell_events(events: Sequence[IncidentEvent], *, now: datetime) -> None:
    """Plan the alerts and write the status pages' posts for ``events``."""
    if events and planning.plan_deliveries(events, now=now):
        wake_sending()
    if events:
        do_together(
            "tell pages", events, partial(_tell_pages, now=now), name=lambda e: ("incident", e.incident.pk)
        )


@transaction.atomic
def _tell_pages(events: Sequence[IncidentEvent], *, now: datetime) -> None:
    if pages.write_posts(events, now=now):
        wake_pages()


def tell_turns(seen: Sequence[Turn], *, now: datetime) -> None:
    """Plan the alerts of monitors that became degraded or stopped being degraded, and mark the pages of
    monitors whose state changed."""
    if turns := find_turns(seen):
        do_together(
            "tell turns", turns, partial(_tell_turns, now=now), name=lambda turn: ("monitor", turn.monitor.pk)
        )


@transaction.atomic
def _tell_turns(turns: Sequence[Turn], *, now: datetime) -> None:
    if turned := [turn.monitor.pk for turn in turns if turn.before is not turn.after]:
        mark_changed(monitor_ids=turned)
    troubles = update_degraded_troubles(turns, now=now)
    if troubles and planning.plan_troubles(troubles, now=now):
        wake_sending()


def tell_burns(burns: Sequence[Burn], *, now: datetime) -> None:
    """Plan the alerts of error budgets. ``burns`` are all SLOs with open alerts, and those whose alerts have
    just closed."""
    with transaction.atomic():
        troubles = update_budget_troubles(burns, now=now)
        if troubles and planning.plan_troubles(troubles, now=now):
            wake_sending()


def tell_no_data(*, now: datetime) -> None:
    """Plan the alerts of monitors that have no data any more, or have some again. Only one caller at a time
    may run this."""
    troubles = update_no_data_troubles(now=now)
    planning.take_back(troubles, now=now)
    if troubles and planning.plan_troubles(troubles, now=now):
        wake_sending()


def look_again(team_ids: Collection[int]) -> None:
    """Have the open and waiting alerts of these teams planned again, because who is told, when or how may
    have changed."""
    if wake_teams(team_ids):
        wake_sending()


def wake_sending() -> None:
    """Ask for the job that sends alerts, for the moment when new alerts are no longer held
    (``planning.HOLD``). The timetable runs the job as well, perhaps later."""
    body = encode(Wake(SEND_ALERTS))
    delay_s = planning.HOLD.total_seconds()
    _send_after_commit(body, delay_s=delay_s)


def wake_pages() -> None:
    """Ask for the jobs that publish status pages and tell their subscribers, after this commit."""
    _send_after_commit(encode(Wake(PUBLISH_PAGES)))
    # A page that was published a moment ago is published again only after this pause.
    _send_after_commit(encode(Wake(PUBLISH_PAGES)), delay_s=DEBOUNCE.total_seconds())
    _send_after_commit(encode(Wake(SEND_NOTICES)))


def _send_after_commit(body: bytes, *, delay_s: float = 0.0) -> None:
    """Queue a wake after the commit. An error is only logged (``robust``), because the change is committed
    already: the timetable runs the job all the same."""
    transaction.on_commit(lambda: dispatch.send_body("receipts", body, delay_s=delay_s), robust=True)
