"""What happened to incidents, on its way to those who tell people. To be called in its transaction."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from alerts import planning
from alerts.troubles import Burn, Turn, find_budget_troubles, find_degraded_troubles, find_turns
from incidents.reconcile import IncidentEvent
from pipeline import dispatch
from pipeline.messages import Wake, encode

SEND_ALERTS = "send alerts"


def tell(events: Sequence[IncidentEvent], *, now: datetime) -> None:
    """Write down what must be told of ``events``."""
    if events and planning.plan(events, now=now):
        wake()


def tell_turns(seen: Sequence[Turn], *, now: datetime) -> None:
    """The same of monitors that became degraded, or are no more."""
    troubles = find_degraded_troubles(find_turns(seen), now=now)
    if troubles and planning.plan_troubles(troubles, now=now):
        wake()


def tell_burns(burns: Sequence[Burn], *, now: datetime) -> None:
    """The same of error budgets; ``burns`` are all alerts that are open, and whichever closed."""
    with transaction.atomic():
        troubles = find_budget_troubles(burns, now=now)
        if troubles and planning.plan_troubles(troubles, now=now):
            wake()


def wake() -> None:
    """Have the alerts sent as soon as they are held no more. The timetable does so as well, only later."""
    body = encode(Wake(SEND_ALERTS))
    delay_s = planning.HOLD.total_seconds()
    transaction.on_commit(partial(dispatch.send, "receipts", body, delay_s=delay_s))
