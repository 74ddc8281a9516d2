"""Claims due rows for one sender, and settles them by receipts. Both may run twice and at once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from core.isolation import do_together
from delivery.message import Outcome, Receipt
from outbox.backoff import GIVE_UP_AFTER, pause_s, wait_for_receipt
from outbox.models import FINAL, ON_CONSOLE, Outgoing, OutgoingStatus

Row = TypeVar("Row", bound=Outgoing)
CLAIM_AT_ONCE = 500
MOST_ATTEMPTS = 10_000
UNCLAIMED = "SentryPulse could not read this; its log says why."
UNHEARD = "It was sent again and again for a day, and nothing was heard of it."


def claim_due(
    model: type[Row],
    *,
    now: datetime,
    most: int = CLAIM_AT_ONCE,
    dead: Callable[[Sequence[Row]], None] = lambda _: None,
) -> list[Row]:
    """Claim up to ``most`` due rows and return them, now ``sending``. Each row goes to one caller only. The
    teams take turns; of each team the row that is due longest comes first.

    A claimed row is due again when no receipt has come in time, so a sender that is killed loses nothing. The
    time grows with each attempt; after a day the row is given up, and ``dead`` is called with such rows in
    the same transaction. No team has more rows on their way than DELIVERIES_A_TEAM: when its receivers hang,
    its own rows wait, and nobody else's.
    """
    wanted = _choose(model, now=now, most=most)
    if not wanted:
        return []
    claimed: list[Row] = []
    do_together(
        "claim",
        wanted,
        lambda some: claimed.extend(_claim(model, some, now=now, dead=dead)),
        name=lambda pk: (model._meta.label, pk),
        give_up=lambda pk: _give_up_unclaimed(model, pk, now=now),
    )
    return sorted(claimed, key=lambda row: wanted.index(row.pk))


def _claim(
    model: type[Row], wanted: Sequence[int], *, now: datetime, dead: Callable[[Sequence[Row]], None]
) -> list[Row]:
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        due = _due(model, now=now).filter(pk__in=wanted)
        rows = list(due.select_for_update(skip_locked=skip_locked).order_by("due_at", "pk"))
        lost = [row for row in rows if row.status == OutgoingStatus.SENDING]
        unheard = [row for row in lost if now > row.planned_at + GIVE_UP_AFTER]
        if unheard:
            give_up(model, unheard, reason=UNHEARD, now=now)
            dead(unheard)
            rows = [row for row in rows if row not in unheard]
        _mark_sending(model, rows, now=now)
    return rows


def _due(model: type[Row], *, now: datetime) -> QuerySet[Row]:
    return model._default_manager.filter(due_at__lte=now).exclude(status=OutgoingStatus.HELD)


def _choose(model: type[Row], *, now: datetime, most: int) -> list[int]:
    """The ids of the rows whose turn it is, as far as each team has room."""
    if not _due(model, now=now).exists():  # nearly always, and the statement below costs five times as much
        return []
    share = settings.DELIVERIES_A_TEAM
    turn = Window(RowNumber(), partition_by=F(model.TEAM), order_by=("due_at", "pk"))
    ranked = _due(model, now=now).annotate(turn=turn).filter(turn__lte=share)
    rows = list(ranked.order_by("turn", "due_at", "pk").values_list("pk", "turn", model.TEAM)[:most])
    on_their_way = model._default_manager.filter(status=OutgoingStatus.SENDING, due_at__gt=now)
    busy = dict(
        on_their_way.filter(**{f"{model.TEAM}__in": {team for _, _, team in rows}})
        .order_by()
        .values_list(model.TEAM)
        .annotate(Count("pk"))
    )
    return [pk for pk, turn, team in rows if turn <= share - busy.get(team, 0)]


def _mark_sending(model: type[Row], rows: Sequence[Row], *, now: datetime) -> None:
    """Mark rows as sent now: one statement, or more when receipts of some rows were lost before."""
    by_wait: dict[timedelta, list[Row]] = {}
    for row in rows:
        if not 0 <= row.attempts < MOST_ATTEMPTS:
            raise ValueError("its attempts were not counted by us")
        by_wait.setdefault(wait_for_receipt(row.attempts), []).append(row)
    for wait, some in by_wait.items():
        model._default_manager.filter(pk__in=[row.pk for row in some]).update(
            status=OutgoingStatus.SENDING, attempts=F("attempts") + 1, due_at=now + wait
        )
        for row in some:
            row.status, row.attempts, row.due_at = OutgoingStatus.SENDING, row.attempts + 1, now + wait


def _give_up_unclaimed(model: type[Row], pk: int, *, now: datetime) -> None:
    model._default_manager.filter(pk=pk).update(
        status=OutgoingStatus.DEAD, due_at=None, settled_at=now, answer=UNCLAIMED
    )


def give_up(model: type[Row], rows: Sequence[Row], *, reason: str, now: datetime) -> None:
    """Mark rows as dead: they reached no receiver and never will."""
    for row in rows:
        row.status, row.due_at, row.settled_at, row.answer = OutgoingStatus.DEAD, None, now, reason[:500]
    model._default_manager.filter(pk__in=[row.pk for row in rows]).update(
        status=OutgoingStatus.DEAD, due_at=None, settled_at=now, answer=reason[:500]
    )


def send_again(model: type[Outgoing], *, now: datetime) -> int:
    """Make due at once what was on its way when its only sender ended. Returns how many rows.

    Only for an engine that is one single process: elsewhere another process may be sending them, and the
    receipt decides.
    """
    on_its_way = model._default_manager.filter(status=OutgoingStatus.SENDING)
    return on_its_way.filter(due_at__gt=now).update(due_at=now)


def settle_rows(model: type[Row], receipts: Iterable[Receipt], *, now: datetime) -> list[Row]:
    """Write down what became of each attempt. Returns the rows that are final by it, in primary-key order.

    ``receipts`` name their rows by the number after the colon. A receipt for a row that is final already
    changes nothing. A receipt of an older attempt counts only when it says ``sent``, because the newer
    attempt is on its way. Call this in the transaction that acts on the rows.
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
            row.save(update_fields=["status", "due_at", "settled_at", "answer_status", "answer", "reason"])
            if row.status in FINAL:
                final.append(row)
    return final


def _counts(row: Outgoing, receipt: Receipt) -> bool:
    return receipt.outcome is Outcome.SENT or receipt.attempt == row.attempts


def _take(row: Outgoing, receipt: Receipt, *, now: datetime) -> None:
    row.answer, row.answer_status = receipt.answer[:500], receipt.status
    if receipt.outcome is Outcome.SENT:
        row.status, row.due_at, row.settled_at = OutgoingStatus.SENT, None, receipt.at
        if receipt.printed:
            row.status, row.reason = OutgoingStatus.WITHHELD, ON_CONSOLE
        return
    pause = timedelta(seconds=pause_s(row.attempts, asked_s=receipt.retry_after_s))
    if receipt.outcome is Outcome.REFUSED or now + pause > row.planned_at + GIVE_UP_AFTER:
        row.status, row.due_at, row.settled_at = OutgoingStatus.DEAD, None, now
    else:
        row.status, row.due_at = OutgoingStatus.RETRY, now + pause
