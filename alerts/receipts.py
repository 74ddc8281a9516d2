"""Receipts settle the deliveries of alerts. An alert that a channel did not take goes to another channel."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from alerts.left_out import make_rows, store
from alerts.models import Channel, Delivery, OwnEvent, Reason
from core.instants import to_ms
from core.isolation import do_together
from delivery.message import Receipt
from outbox import claiming
from outbox.models import OutgoingStatus

logger = logging.getLogger(__name__)

REFUSALS = 3
"""A channel is switched off after this many refused deliveries in a row; after an answer 410 (gone), at
once."""
GONE = 410


def settle_deliveries(receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Store what became of each attempt, count refusals, and send failed alerts elsewhere. A receipt that
    comes twice changes nothing."""
    do_together(
        "settle alerts",
        list(receipts),
        lambda some: _settle(some, now=now),
        name=lambda receipt: ("receipt", receipt.id),
    )


def _settle(given: Sequence[Receipt], *, now: datetime) -> None:
    ours = {receipt.id.partition(":")[2] for receipt in given if receipt.ours}
    with transaction.atomic():
        final = claiming.settle_rows(Delivery, given, now=now)
        sent = [row for row in final if row.status == OutgoingStatus.SENT]
        dead = [row for row in final if row.status == OutgoingStatus.DEAD]
        Channel.objects.filter(pk__in={row.channel_id for row in sent}, refusals__gt=0).update(refusals=0)
        for row in dead:
            if str(row.pk) not in ours:  # a fault of ours says nothing about the channel
                _judge_channel(row, now=now)
        tell_otherwise(dead, now=now)
        _note_left_out(sent, given, now=now)
    if final:
        logger.info("alerts settled sent=%d dead=%d", len(sent), len(dead))


def _note_left_out(sent: Sequence[Delivery], given: Sequence[Receipt], *, now: datetime) -> None:
    """Store which addresses the mail server refused, where it took the e-mail for others."""
    said = {receipt.id.partition(":")[2]: receipt.left_out for receipt in given if receipt.left_out}
    rows = [row for row in sent if str(row.pk) in said]
    store(
        [
            made
            for row in rows
            for made in make_rows(row, {Reason.ADDRESS_REFUSED: said[str(row.pk)]}, now=now)
        ]
    )


def _judge_channel(row: Delivery, *, now: datetime) -> None:
    """Count the refusal. After too many, switch the channel off and tell another channel (or the owners)
    so."""
    refused = row.answer_status is None or 400 <= row.answer_status < 600
    if row.channel_id is None or not refused or row.event == OwnEvent.TEST:
        return
    Channel.objects.filter(pk=row.channel_id).update(refusals=F("refusals") + 1)
    channel = Channel.objects.select_for_update().get(pk=row.channel_id)
    if not channel.enabled or (channel.refusals < REFUSALS and row.answer_status != GONE):
        return
    channel.enabled = False
    channel.disabled_reason = f"It refused {channel.refusals} in a row, at last with: {row.answer}"[:600]
    channel.save(update_fields=["enabled", "disabled_reason"])
    logger.warning("alerts channel switched off channel=%d kind=%s", channel.pk, channel.kind)
    Delivery.objects.get_or_create(
        key=f"disabled:{channel.pk}:{to_ms(now)}",
        defaults=_fields(channel.team_id, _find_other(row), now=now)
        | {"event": OwnEvent.CHANNEL_DISABLED, "instead_of": row},
    )


def tell_otherwise(dead: Sequence[Delivery], *, now: datetime) -> None:
    """Plan each alert that failed for another channel of the team; for the owners when there is none. Tests
    are not planned again."""
    for row in dead:
        if row.event == OwnEvent.TEST or (row.channel_id is None and row.instead_of_id is not None):
            continue
        other = _find_other(row)
        if other is None and row.channel_id is None:
            continue  # the e-mail to the owners was refused; nobody is left to tell
        Delivery.objects.get_or_create(
            key=f"instead:{row.pk}",
            defaults=_fields(row.team_id, other, now=now)
            | {"event": row.event, "trouble_id": row.trouble_id, "instead_of": row},
        )


def _find_other(row: Delivery) -> Channel | None:
    """An enabled channel of the team that was not told this event; preferably one of another kind. None when
    there is none."""
    told = Delivery.objects.filter(trouble_id=row.trouble_id, event=row.event) if row.trouble_id else None
    others = Channel.objects.filter(team_id=row.team_id, enabled=True).exclude(pk=row.channel_id or 0)
    if told is not None:
        others = others.exclude(pk__in=list(told.exclude(channel=None).values_list("channel_id", flat=True)))
    kind = row.channel.kind if row.channel else ""
    return min(others, key=lambda channel: (channel.kind == kind, channel.pk), default=None)


def _fields(team_id: int, channel: Channel | None, *, now: datetime) -> dict[str, object]:
    return {
        "team_id": team_id,
        "channel": channel,
        "channel_name": channel.name if channel else "Owners",
        "planned_at": now,
        "due_at": now,
    }
