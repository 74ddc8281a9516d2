"""Rows that are due are claimed by one sender; receipts settle them. Both may run twice and at once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F

from delivery.message import Outcome, Receipt
from outbox.models import FINAL, Outgoing, OutgoingStatus
from outbox.rules import GIVE_UP_AFTER, RECEIPT_WITHIN, pause_s

Row = TypeVar("Row", bound=Outgoing)
CLAIM_AT_ONCE = 500


def claim_due(model: type[Row], *, now: datetime, most: int = CLAIM_AT_ONCE) -> list[Row]:
    """Rows whose time has come, now ``sending`` and ours; each goes to one caller, the longest due first.

    They are due again when no receipt has come in time, so a sender that dies loses nothing.
    """
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        due = model._default_manager.filter(due_at__lte=now).exclude(status=OutgoingStatus.HELD)
        rows = list(due.select_for_update(skip_locked=skip_locked).order_by("due_at", "pk")[:most])
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(
            status=OutgoingStatus.SENDING, attempts=F("attempts") + 1, due_at=now + RECEIPT_WITHIN
        )
    for row in rows:
        row.status, row.attempts, row.due_at = OutgoingStatus.SENDING, row.attempts + 1, now + RECEIPT_WITHIN
    return rows


def send_again(model: type[Outgoing], *, now: datetime) -> int:
    """Make due at once what was on its way when its only sender ended; how many those are.

    Only for an engine that is alone: with several, another may be at it, and the receipt decides.
    """
    on_its_way = model._default_manager.filter(status=OutgoingStatus.SENDING)
    return on_its_way.filter(due_at__gt=now).update(due_at=now)


def settle(model: type[Row], receipts: Iterable[Receipt], *, now: datetime) -> list[Row]:
    """Write down what became of each attempt; the rows that are final by it, in primary-key order.

    ``receipts`` name their rows by the number after the colon. A receipt for a row that is final already
    changes nothing; one of an older attempt counts only when it says ``sent``, for the newer one is on its
    way. To be called in the transaction that draws conclusions from it.
    """
    by_row: dict[int, list[Receipt]] = {}
    for receipt in receipts:
        by_row.setdefault(int(receipt.id.partition(":")[2]), []).append(receipt)
    final = []
    with transaction.atomic():
        locked = model._default_manager.filter(pk__in=by_row).exclude(status__in=FINAL).order_by("pk")
        for row in locked.select_for_update():
            for receipt in by_row[row.pk]:
                if row.status not in FINAL and _counts(row, receipt):
                    _take(row, receipt, now=now)
            row.save(update_fields=["status", "due_at", "settled_at", "answer_status", "answer"])
            if row.status in FINAL:
                final.append(row)
    return final


def _counts(row: Outgoing, receipt: Receipt) -> bool:
    return receipt.outcome is Outcome.SENT or receipt.attempt == row.attempts


def _take(row: Outgoing, receipt: Receipt, *, now: datetime) -> None:
    row.answer, row.answer_status = receipt.answer[:500], receipt.status
    if receipt.outcome is Outcome.SENT:
        row.status, row.due_at, row.settled_at = OutgoingStatus.SENT, None, receipt.at
        return
    pause = timedelta(seconds=pause_s(row.attempts, asked_s=receipt.retry_after_s))
    if receipt.outcome is Outcome.REFUSED or now + pause > row.planned_at + GIVE_UP_AFTER:
        row.status, row.due_at, row.settled_at = OutgoingStatus.DEAD, None, now
    else:
        row.status, row.due_at = OutgoingStatus.RETRY, now + pause
