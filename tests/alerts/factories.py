"""Channels, rules and what was told, as the services make them."""

from datetime import UTC, datetime
from typing import Any

from alerts.defaults import ensure_defaults
from alerts.models import DEFAULT_EVENTS, Channel, Consent, Delivery, Recipient, Rule, Step
from alerts.services import StepWish, save_channel, save_rule

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


CONFIGS: dict[str, dict[str, Any]] = {
    "webhook": {"url": "https://hooks.example.com/sp"},
    "email": {"to": ["ada@example.com"]},
}


def make_channel(team, kind="webhook", name="Hook", **config) -> Channel:
    """A channel of the team, which has its defaults already, so that none are made later."""
    ensure_defaults([team.pk])
    given = config or CONFIGS[kind]
    if kind == "email":
        agree(team, *given.get("to", []))
    return save_channel(Channel(team=team, kind=kind), name=name, config=given, now=T0)


def agree(team, *addresses) -> None:
    """The addresses have said yes to alerts of the team."""
    for address in addresses:
        said = {"consent": Consent.AGREED, "added_at": T0, "asked_at": T0, "decided_at": T0}
        Recipient.objects.update_or_create(team=team, address=address.lower(), defaults=said)


def make_rule(*channels, steps=None, monitors=(), tags=(), **fields) -> Rule:
    """Tells ``channels`` of everything at once; ``steps`` are (minutes, channel) after that."""
    wishes = [StepWish(0, channels), *(StepWish(after, [channel]) for after, channel in steps or ())]
    given = {"name": "All", "events": DEFAULT_EVENTS, **fields}
    rule = Rule(team=channels[0].team)
    return save_rule(rule, fields=given, monitors=list(monitors), tags=list(tags), steps=wishes)


def drop_defaults(team) -> None:
    """Leave the team without its default rule and channel."""
    ensure_defaults([team.pk])
    Step.objects.filter(rule__team=team).delete()
    Rule.objects.filter(team=team).delete()
    Channel.objects.filter(team=team).delete()


def make_delivery(channel, *, at=T0, event="down", **fields) -> Delivery:
    given = {"key": f"test:{channel.pk}:{event}:{Delivery.objects.count()}", "planned_at": at, "due_at": at}
    return Delivery.objects.create(
        team=channel.team, channel=channel, channel_name=channel.name, event=event, **(given | fields)
    )
