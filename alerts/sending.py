"""Deliveries that are due become messages. The addresses are read now; the text tells the state at the time
of planning."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.models import Membership, Role
from alerts.digests import gather
from alerts.left_out import explain_unasked, make_rows, store
from alerts.messages.render import Renderer
from alerts.models import Channel, Delivery, OwnEvent, Reason
from alerts.receipts import tell_otherwise
from alerts.recipients import list_unasked, read_agreed, read_declined
from alerts.services import save_channel
from core.errors import RuleViolation
from core.field_encryption import SecretsUnreadable, unseal
from core.isolation import do_together, is_away, leave_out
from delivery.config import join_secrets
from delivery.message import DeliveryMessage, Outcome, Receipt
from delivery.registry import EMAIL
from outbox.claiming import claim_due
from outbox.models import OutgoingStatus

logger = logging.getLogger(__name__)

SEND = "send alerts"
SEND_AT_ONCE = 200


class Unsendable(Exception):
    """The delivery cannot be sent. The text is a sentence that says why; ``reason`` is a value of ``Reason``,
    or empty."""

    def __init__(self, sentence: str, reason: str = "") -> None:
        super().__init__(sentence.encode(errors="replace").decode())  # it may quote an address
        self.reason = reason


def take_due(*, now: datetime) -> list[DeliveryMessage]:
    """Claim the deliveries that are due and make their messages. A delivery without a receipt becomes due
    again. Safe to run twice."""
    gather(now=now)
    rows = claim_due(Delivery, now=now, most=SEND_AT_ONCE, dead=partial(tell_otherwise, now=now))
    if not rows:
        return []
    whole = Delivery.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "channel", "team", "trouble__incident", "trouble__monitor", "instead_of__channel"
    )
    messages, unsendable = [], []
    renderer = Renderer(whole)
    team_ids = {row.team_id for row in whole}
    owners, agreed, declined = read_owners(team_ids), read_agreed(team_ids), read_declined(team_ids)
    beside: list[Delivery] = []
    for row in whole:
        left_out = _explain_left_out(row.channel, agreed[row.team_id], declined[row.team_id])
        try:
            messages.append(make_message(row, renderer, owners.get(row.team_id, []), agreed[row.team_id]))
            beside += make_rows(row, left_out, now=now)
        except Unsendable as fault:
            row.answer, row.reason = str(fault)[:500], fault.reason
            if fault.reason == Reason.NO_CONSENT and left_out:
                row.answer, row.reason = " ".join(left_out.values())[:500], next(iter(left_out))
            unsendable.append(row)
    store(beside)
    do_together(
        "note subjects",
        list(whole),
        lambda some: Delivery.objects.bulk_update(some, ["subject"]),
        name=_name,
    )
    _give_up_all(unsendable, now=now)
    logger.info("alerts sending=%d unsendable=%d", len(messages), len(unsendable))
    return messages


def read_owners(team_ids: set[int]) -> Mapping[int, list[str]]:
    """By id of the team: the addresses of its active owners and admins."""
    owners: dict[int, list[str]] = {}
    for team_id, email in (
        Membership.objects.filter(
            team_id__in=team_ids, role__in=[Role.OWNER, Role.ADMIN], user__is_active=True
        )
        .order_by("pk")
        .values_list("team_id", "user__email")
    ):
        owners.setdefault(team_id, []).append(email)
    return owners


def make_message(
    row: Delivery, renderer: Renderer, owners: Sequence[str], agreed: Collection[str]
) -> DeliveryMessage:
    """The message for ``row``; also sets its ``subject``, without saving it.

    Raises ``Unsendable`` when the row or its channel cannot be read, so a broken row stops no other. A
    database that does not answer raises its own error.
    """
    try:
        kind, config = read_target(row.channel, owners, agreed, tests=row.event == OwnEvent.TEST)
        content = renderer.render(row)
    except SecretsUnreadable as fault:
        raise Unsendable(str(fault)) from None
    except Exception as fault:
        if isinstance(fault, Unsendable) or is_away(fault):
            raise
        leave_out(SEND, _name(row), fault)
        raise Unsendable("SentryPulse could not prepare this; its log says why.") from None
    row.subject = content.subject[:300].encode(errors="replace").decode()
    return DeliveryMessage(
        id=f"alerts:{row.pk}",
        attempt=row.attempts,
        key=row.key,
        kind=kind,
        config=config,
        content=content,
        team_id=row.team_id,
    )


def read_target(
    channel: Channel | None, owners: Sequence[str], agreed: Collection[str], *, tests: bool = False
) -> tuple[str, dict[str, Any]]:
    """The kind and the complete configuration of a channel, with secrets in clear text.

    A channel of None means an e-mail to ``owners``. ``agreed`` holds the addresses that get alerts. Raises
    ``Unsendable`` when no address is left, or the channel is switched off; ``tests`` allows that one.
    """
    if channel is None:
        kind, config = EMAIL, dict[str, Any](to=list(owners))
    elif not channel.enabled and not tests:
        raise Unsendable("The channel was switched off before this could be sent.", Reason.CHANNEL_OFF)
    else:
        kind, config = channel.kind, join_secrets(channel.kind, channel.config, unseal(channel.secrets))
        if kind == EMAIL:
            config["to"] = _leave_out_unasked(config["to"], agreed, to_owners=channel.to_owners)
        if channel.to_owners:
            config["to"] = list(dict.fromkeys([*config.get("to", []), *owners]))
    if kind == EMAIL and not config["to"]:
        why = "The team has nobody with an e-mail address to send this to."
        raise Unsendable(why, Reason.NO_RECIPIENT)
    return kind, config


def _leave_out_unasked(to: Sequence[str], agreed: Collection[str], *, to_owners: bool) -> list[str]:
    waiting = list_unasked(to, agreed)
    if waiting and len(waiting) == len(to) and not to_owners:
        why = f"Nobody there has agreed to get alerts yet: {', '.join(waiting)}."
        raise Unsendable(why, Reason.NO_CONSENT)
    return [address for address in to if address not in waiting]


def _explain_left_out(
    channel: Channel | None, agreed: Collection[str], declined: Collection[str]
) -> dict[Reason, str]:
    if channel is None or channel.kind != EMAIL:
        return {}
    to = channel.config.get("to") if isinstance(channel.config, dict) else None
    known = [address for address in to if isinstance(address, str)] if isinstance(to, list) else []
    return explain_unasked(known, agreed=agreed, declined=declined)


def give_up_deliveries(whys: Mapping[str, str], *, now: datetime) -> None:
    """Give up the deliveries whose messages no queue can carry. ``whys`` holds the reasons by message id."""
    ids = {int(message_id.partition(":")[2]): why for message_id, why in whys.items()}
    rows = list(Delivery.objects.filter(pk__in=ids).select_related("channel"))
    for row in rows:
        row.answer = f"It could not be sent: {ids[row.pk]}."[:500]
    _give_up_all(rows, now=now)


def _give_up_all(rows: Sequence[Delivery], *, now: datetime) -> None:
    if rows:
        do_together(SEND, rows, lambda some: _give_up(some, now=now), name=_name)


@transaction.atomic
def _give_up(rows: Sequence[Delivery], *, now: datetime) -> None:
    for row in rows:
        row.status, row.due_at, row.settled_at = OutgoingStatus.DEAD, None, now
    Delivery.objects.bulk_update(rows, ["status", "due_at", "settled_at", "answer", "reason"])
    tell_otherwise(rows, now=now)


def _name(row: Delivery) -> tuple[str, int]:
    return "delivery", row.pk


# A test of a channel: a real message and a row in the ledger. A refused test does not count as a refusal.


def begin_test(channel: Channel, *, now: datetime) -> tuple[Delivery, DeliveryMessage]:
    """Store a delivery for the test; return it and the message to send now. Raises ``RuleViolation`` when the
    channel has nobody to send it to."""
    row = Delivery(
        team=channel.team,
        channel=channel,
        channel_name=channel.name,
        event=OwnEvent.TEST,
        key=f"test:{channel.pk}:{uuid4().hex}",
        status=OutgoingStatus.SENDING,
        planned_at=now,
        attempts=1,
    )
    row.save()
    try:
        message = make_message(
            row,
            Renderer([row]),
            read_owners({channel.team_id}).get(channel.team_id, []),
            read_agreed({channel.team_id})[channel.team_id],
        )
    except Unsendable as fault:
        row.delete()
        raise RuleViolation(str(fault)) from None
    row.save(update_fields=["subject"])
    return row, message


def end_test(row: Delivery, receipt: Receipt) -> None:
    """Store the answer. The test is not tried again. A channel that takes the test is switched on again."""
    row.status = OutgoingStatus.SENT if receipt.outcome is Outcome.SENT else OutgoingStatus.DEAD
    if receipt.printed:
        row.status, row.reason = OutgoingStatus.WITHHELD, Reason.EMAIL_CONSOLE
    row.answer, row.answer_status, row.settled_at = receipt.answer[:500], receipt.status, receipt.at
    row.save(update_fields=["status", "reason", "answer", "answer_status", "settled_at"])
    channel = row.channel
    if channel and row.status == OutgoingStatus.SENT and (channel.disabled_reason or channel.refusals):
        save_channel(channel, enabled=True, now=receipt.at)
