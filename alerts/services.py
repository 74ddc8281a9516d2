"""What people may change: channels, rules, the digest's limit, a delivery to send again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from accounts.models import Team
from accounts.quotas import lock_quotas, require_within
from alerts.models import CHOSEN_EVENTS, AlertSettings, Channel, Delivery, Reason, Rule, Step
from alerts.quiet_hours import DAYS
from alerts.recipients import ask_new
from core.errors import RuleViolation
from core.field_encryption import SecretsUnreadable, seal, unseal
from delivery.config import (
    ConfigError,
    check_config,
    join_secrets,
    list_kept_secrets,
    split_secrets,
)
from delivery.registry import EMAIL
from monitors.models import Monitor, Tag
from outbox.models import OutgoingStatus

MOST_STEPS = 10

# Channels


def save_channel(
    channel: Channel,
    *,
    config: Mapping[str, Any] | None = None,
    name: str | None = None,
    to_owners: bool | None = None,
    enabled: bool | None = None,
    now: datetime,
) -> Channel:
    """Create or change a channel, in one transaction. None leaves a part as it is.

    When ``config`` comes without a secret, the stored secret stays, unless the channel moves to another
    address. New addresses of an e-mail channel are asked for consent (``alerts/recipients.py``). Saving an
    enabled channel sets its count of refusals to 0.

    Raises ``ValidationError`` by field (such as ``config.url``), and ``QuotaReached``.
    """
    channel.name = channel.name if name is None else name
    channel.to_owners = channel.to_owners if to_owners is None else to_owners
    if channel.to_owners and channel.kind != EMAIL:
        raise ValidationError({"to_owners": "Only e-mail goes to the team's owners; leave this out."})
    if config is not None or channel.pk is None or to_owners is not None:
        whole = clean_config(channel, channel.config if config is None else config)
        channel.config, secrets = split_secrets(channel.kind, whole)
        channel.secrets = seal(secrets)
    channel.enabled = channel.enabled if enabled is None else enabled
    if channel.enabled:
        channel.refusals, channel.disabled_reason = 0, ""
    new = channel.pk is None
    with transaction.atomic():
        if new:
            lock_quotas(channel.team_id)
        channel.save()
        if new:
            has = Channel.objects.filter(team_id=channel.team_id).count()
            require_within(channel.team_id, "channels", has=has)
        ask_new(channel, now=now)
    return channel


def clean_config(channel: Channel, config: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` checked, with the stored secrets put in. Raises ``ValidationError`` by field."""
    try:
        stored = unseal(channel.secrets)
    except SecretsUnreadable:
        stored = {}  # without them, the check below asks the user to send them again
    whole = join_secrets(channel.kind, config, stored)
    if kept := list_kept_secrets(channel.kind, config, whole, stored, before=channel.config):
        raise ValidationError({f"config.{path}": _SEND_AGAIN for path in kept})
    if channel.to_owners and not whole.get("to"):
        return {"to": []}
    try:
        return check_config(channel.kind, whole)
    except ConfigError as fault:
        raise ValidationError({f"config.{name}": text for name, text in fault.errors.items()}) from None


_SEND_AGAIN = "Send it again: the channel moves to another address, and a stored secret goes to its own only."

# Rules


@dataclass(frozen=True, slots=True)
class StepWish:
    after_min: int
    channels: Sequence[Channel]


def save_rule(
    rule: Rule,
    *,
    fields: Mapping[str, Any],
    monitors: Sequence[Monitor] | None = None,
    tags: Sequence[Tag] | None = None,
    steps: Sequence[StepWish] | None = None,
) -> Rule:
    """Create or change a rule, in one transaction; None leaves a part as it is. Raises ``ValidationError`` by
    field, and ``QuotaReached``."""
    for name, value in fields.items():
        setattr(rule, name, value)
    if faults := find_rule_faults(rule, steps):
        raise ValidationError(faults)
    new = rule.pk is None
    with transaction.atomic():
        if new:
            lock_quotas(rule.team_id)
        rule.save()
        if new:
            has = Rule.objects.filter(team_id=rule.team_id).count()
            require_within(rule.team_id, "rules", has=has)
        if monitors is not None:
            rule.monitors.set(monitors)
        if tags is not None:
            rule.tags.set(tags)
        if steps is not None:
            rule.steps.all().delete()
            for wish in sorted(steps, key=lambda wish: wish.after_min):
                Step.objects.create(rule=rule, after_min=wish.after_min).channels.set(wish.channels)
    return rule


def find_rule_faults(rule: Rule, steps: Sequence[StepWish] | None) -> dict[str, str]:
    faults = {}
    if unknown := [event for event in rule.events if event not in CHOSEN_EVENTS]:
        faults["events"] = f"There is no event {unknown[0]!r}; choose from {', '.join(CHOSEN_EVENTS)}."
    if (rule.quiet_from is None) != (rule.quiet_until is None):
        faults["quiet_until"] = "Quiet hours need both ends; give quiet_from and quiet_until."
    if isinstance(rule.quiet_from, time) and rule.quiet_from == rule.quiet_until and not rule.quiet_days:
        faults["quiet_until"] = "This would be quiet for ever; choose another end, or some quiet_days."
    if unknown := [day for day in rule.quiet_days if day not in DAYS]:
        faults["quiet_days"] = f"There is no day {unknown[0]!r}; choose from {', '.join(DAYS)}."
    if steps is not None and (fault := _find_step_fault(steps)):
        faults["steps"] = fault
    return faults


def _find_step_fault(steps: Sequence[StepWish]) -> str:
    moments = sorted(wish.after_min for wish in steps)
    if not 1 <= len(steps) <= MOST_STEPS:
        return f"A rule has 1 to {MOST_STEPS} steps, not {len(steps)}."
    if moments[0] != 0:
        return "The first step has after_min 0; use delay_min to tell later."
    if len(set(moments)) < len(moments):
        return "Two steps have the same after_min; make them one."
    return "" if all(wish.channels for wish in steps) else "Each step needs a channel."


# The rest


def set_digest_over(team: Team, digest_over: int) -> None:
    AlertSettings.objects.filter(pk=team.pk).update(digest_over=digest_over)


def retry_delivery(row: Delivery, *, now: Any) -> Delivery:
    """Send a delivery now that was given up, or that waits. Raises ``RuleViolation`` for one that was sent,
    dropped or withheld (an e-mail that was only printed may be sent)."""
    again = {OutgoingStatus.DEAD, OutgoingStatus.RETRY, OutgoingStatus.PLANNED, OutgoingStatus.SENDING}
    printed = Q(status=OutgoingStatus.WITHHELD, reason=Reason.EMAIL_CONSOLE)
    changed = Delivery.objects.filter(printed | Q(status__in=again), pk=row.pk).update(
        status=OutgoingStatus.PLANNED, due_at=now, settled_at=None, planned_at=now, reason=""
    )
    if not changed:
        raise RuleViolation(
            "Only what was given up, or waits, can be tried again; this was sent, dropped or withheld."
        )
    row.refresh_from_db()
    return row
