"""What happened to incidents, on its way to those who tell people. To be called in its transaction."""

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


def tell(events: Sequence[IncidentEvent], *, now: datetime) -> None:
    """Write down what must be told of ``events``."""
    if events and planning.plan(events, now=now):
        wake()
    if events:
        do_together(
            "tell pages", events, partial(_tell_pages, now=now), name=lambda e: ("incident", e.incident.pk)
        )


@transaction.atomic
def _tell_pages(events: Sequence[IncidentEvent], *, now: datetime) -> None:
    if pages.take(events, now=now):
        wake_pages()


def tell_turns(seen: Sequence[Turn], *, now: datetime) -> None:
    """The same of monitors that became degraded, or are no more."""
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
        wake()


def tell_burns(burns: Sequence[Burn], *, now: datetime) -> None:
    """The same of error budgets; ``burns`` are all SLOs with open alerts, and whichever closed."""
    with transaction.atomic():
        troubles = update_budget_troubles(burns, now=now)
        if troubles and planning.plan_troubles(troubles, now=now):
            wake()


def tell_no_data(*, now: datetime) -> None:
    """The same of monitors that have no data any more, or have some again. To be called by one at a time."""
    troubles = update_no_data_troubles(now=now)
    planning.take_back(troubles, now=now)
    if troubles and planning.plan_troubles(troubles, now=now):
        wake()


def look_again(team_ids: Collection[int]) -> None:
    """Plan the open and waiting alerts of these teams anew: who is told, when and how may have changed."""
    if wake_teams(team_ids):
        wake()


def wake() -> None:
    """Have the alerts sent as soon as they are held no more. The timetable does so as well, only later."""
    body = encode(Wake(SEND_ALERTS))
    delay_s = planning.HOLD.total_seconds()
    _send_after_commit(body, delay_s=delay_s)


def wake_pages() -> None:
    """Have status pages say it, and their subscribers told, once this is committed."""
    _send_after_commit(encode(Wake(PUBLISH_PAGES)))
    # A page that was rendered a moment ago waits for that long.
    _send_after_commit(encode(Wake(PUBLISH_PAGES)), delay_s=DEBOUNCE.total_seconds())
    _send_after_commit(encode(Wake(SEND_NOTICES)))


def _send_after_commit(body: bytes, *, delay_s: float = 0.0) -> None:
    """Robust, for the change is committed: when the queues are away, the clock's own round does it."""
    transaction.on_commit(lambda: dispatch.send("receipts", body, delay_s=delay_s), robust=True)
