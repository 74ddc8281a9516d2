"""Receipts settle the notices to subscribers. A subscriber whose address is refused for good is switched
off."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from core.isolation import do_together
from delivery.message import Outcome, Receipt
from outbox import claiming
from outbox.models import OutgoingStatus
from statuspages.models import Notice
from statuspages.subscriptions import switch_off


def settle_notices(receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Settle the notices that ``receipts`` name, and switch off the subscribers whose address was refused for
    good. A receipt that comes twice changes nothing."""
    do_together(
        "settle notices",
        list(receipts),
        lambda some: _settle(some, now=now),
        name=lambda receipt: ("receipt", receipt.id),
    )


@transaction.atomic
def _settle(given: Sequence[Receipt], *, now: datetime) -> None:
    refused = {int(r.id.partition(":")[2]): r.answer for r in given if r.outcome is Outcome.REFUSED}
    for notice in claiming.settle_rows(Notice, given, now=now):
        if notice.status == OutgoingStatus.DEAD and notice.pk in refused:
            switch_off([notice.subscriber_id], reason=refused[notice.pk] or "It was refused.", now=now)
