"""What became of notices: written down, and who cannot be reached is left alone."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from delivery.message import Outcome, Receipt
from outbox import claiming
from outbox.models import OutgoingStatus
from statuspages.models import Notice
from statuspages.subscribing import switch_off


@transaction.atomic
def settle(receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Settle the notices that ``receipts`` name; an address that is refused for good is switched off."""
    given = list(receipts)
    refused = {int(r.id.partition(":")[2]): r.answer for r in given if r.outcome is Outcome.REFUSED}
    for notice in claiming.settle(Notice, given, now=now):
        if notice.status == OutgoingStatus.DEAD and notice.pk in refused:
            switch_off([notice.subscriber_id], reason=refused[notice.pk] or "It was refused.", now=now)
