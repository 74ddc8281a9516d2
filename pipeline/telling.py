"""What happened to incidents, on its way to those who tell people. To be called in its transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from alerts import planning
from alerts.troubles import Burn, Turn, find_budget_troubles, find_degraded_troubles, find_turns
from incidents.reconcile import IncidentEvent
from pipeline import dispatch
from pipeline.messages import Wake, encode
from statuspages import telling as pages
from statuspages.publications import mark_changed

SEND_ALERTS = "send alerts"
PUBLISH_PAGES, SEND_NOTICES = "publish pages", "send notices"


def tell(events: Sequence[IncidentEvent], *, now: datetime) -> None:
    """Write down what must be told of ``events``."""
    if events and planning.plan(events, now=now):
        wake()
    if events and pages.take(events, now=now):
        wake_pages()


def tell_turns(seen: Sequence[Turn], *, now: datetime) -> None:
    """The same of monitors that became degraded, or are no more."""
    turns = find_turns(seen)
    if turned := [turn.monitor.pk for turn in turns if turn.before is not turn.after]:
        mark_changed(monitor_ids=turned)
    troubles = find_degraded_troubles(turns, now=now)
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
    _send_after_commit(body, delay_s=delay_s)


def wake_pages() -> None:
    """Have status pages say it, and their subscribers told, once this is committed."""
    for job in (PUBLISH_PAGES, SEND_NOTICES):
        _send_after_commit(encode(Wake(job)))


def _send_after_commit(body: bytes, *, delay_s: float = 0.0) -> None:
    """Robust, for the change is committed: when the queues are away, the clock's own round does it."""
    transaction.on_commit(lambda: dispatch.send("receipts", body, delay_s=delay_s), robust=True)
