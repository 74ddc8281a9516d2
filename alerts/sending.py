"""Rows that are due become messages: who it goes to is read now, what it says is as of when it was
planned."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Membership, Role
from alerts.gathering import gather
from alerts.messages.render import Renderer
from alerts.models import Channel, Delivery, OwnEvent
from alerts.settling import tell_otherwise
from delivery.config import join_secrets
from delivery.message import Delivery as Message
from monitors.secrets import SecretsUnreadable, unseal
from outbox.claiming import claim_due
from outbox.models import OutgoingStatus

logger = logging.getLogger(__name__)

SEND_AT_ONCE = 200


class Unsendable(Exception):
    """There is nobody to send this to; the text is a sentence."""


def take_due(*, now: datetime) -> list[Message]:
    """The messages to send now; each is claimed, and due again when no receipt comes. Safe to run twice."""
    gather(now=now)
    rows = claim_due(Delivery, now=now, most=SEND_AT_ONCE)
    if not rows:
        return []
    whole = Delivery.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "channel", "team", "trouble__incident", "trouble__monitor", "instead_of__channel"
    )
    messages, unsendable = [], []
    renderer = Renderer(whole)
    owners = read_owners({row.team_id for row in whole})
    for row in whole:
        try:
            messages.append(make_message(row, renderer, owners.get(row.team_id, [])))
        except (Unsendable, SecretsUnreadable) as fault:
            row.answer = str(fault)[:500]
            unsendable.append(row)
    Delivery.objects.bulk_update(whole, ["subject"])
    if unsendable:
        _give_up(unsendable, now=now)
    logger.info("alerts sending=%d unsendable=%d", len(messages), len(unsendable))
    return messages


def read_owners(team_ids: set[int]) -> Mapping[int, list[str]]:
    """By team, the addresses of those who own or administer it."""
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


def make_message(row: Delivery, renderer: Renderer, owners: Sequence[str]) -> Message:
    """Raises ``Unsendable`` and ``SecretsUnreadable``. Sets the row's ``subject``."""
    kind, config = read_target(row.channel, owners, tests=row.event == OwnEvent.TEST)
    content = renderer.render(row)
    row.subject = content.subject[:300]
    return Message(
        id=f"alerts:{row.pk}", attempt=row.attempts, key=row.key, kind=kind, config=config, content=content
    )


def read_target(
    channel: Channel | None, owners: Sequence[str], *, tests: bool = False
) -> tuple[str, dict[str, Any]]:
    """The kind and its complete configuration, secrets in the clear; None is the owners' e-mail. What is
    switched off may be tested all the same."""
    if channel is None:
        kind, config = "email", dict[str, Any](to=list(owners))
    elif not channel.enabled and not tests:
        raise Unsendable("The channel was switched off before this could be sent.")
    else:
        kind, config = channel.kind, join_secrets(channel.kind, channel.config, unseal(channel.secrets))
        if channel.to_owners:
            config["to"] = list(dict.fromkeys([*config.get("to", []), *owners]))
    if kind == "email" and not config["to"]:
        raise Unsendable("The team has nobody with an e-mail address to send this to.")
    return kind, config


@transaction.atomic
def _give_up(rows: Sequence[Delivery], *, now: datetime) -> None:
    for row in rows:
        row.status, row.due_at, row.settled_at = OutgoingStatus.DEAD, None, now
    Delivery.objects.bulk_update(rows, ["status", "due_at", "settled_at", "answer"])
    tell_otherwise(rows, now=now)
