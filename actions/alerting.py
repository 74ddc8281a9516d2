"""What a person can change about who is told, when and how: channels, rules, teams and maintenance.

After each change, alerts that are open or wait are planned anew at once.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Team
from accounts.services import update_team
from alerts import sending, services
from alerts.defaults import ensure_defaults
from alerts.models import Channel, Delivery, Rule
from delivery.message import Receipt
from incidents.models import MaintenanceWindow
from incidents.services import save_window
from pipeline.edge import send_one
from pipeline.fanout import look_again

# Channels


@transaction.atomic
def save_channel(channel: Channel, *, now: datetime, **fields: Any) -> Channel:
    """Create or change a channel. Fields and errors: ``alerts.services.save_channel``.

    A team's first channel comes beside the default one, by which its owners are told.
    """
    if channel.pk is None:
        ensure_defaults([channel.team_id])
    saved = services.save_channel(channel, now=now, **fields)
    look_again({channel.team_id})
    return saved


@transaction.atomic
def delete_channel(channel: Channel) -> None:
    """Delete a channel. Rules lose it. What it was told stays in the ledger."""
    channel.delete()
    look_again({channel.team_id})


def test_channel(channel: Channel, *, now: datetime) -> tuple[Delivery, Receipt]:
    """Send a test for real: its row in the ledger, and what the receiver answered. Blocks meanwhile.

    A channel that takes it is switched on. Raises ``RuleViolation`` when there is nobody to send it to, and
    where the edge does not answer. No transaction: nothing is locked while the receiver takes its time.
    """
    row, message = sending.begin_test(channel, now=now)
    receipt = send_one(message)
    sending.end_test(row, receipt)
    look_again({channel.team_id})
    return row, receipt


# Rules


@transaction.atomic
def save_rule(rule: Rule, **fields: Any) -> Rule:
    """Create or change a rule. Fields and errors: ``alerts.services.save_rule``."""
    if rule.pk is None:
        ensure_defaults([rule.team_id])
    saved = services.save_rule(rule, **fields)
    look_again({rule.team_id})
    return saved


@transaction.atomic
def delete_rule(rule: Rule) -> None:
    """Delete a rule: nobody is told by it any more."""
    rule.delete()
    look_again({rule.team_id})


# What else decides it


@transaction.atomic
def edit_team(team: Team, **fields: Any) -> Team:
    """Change name and time zone of a team: default quiet hours and maintenance are read in it."""
    changed = update_team(team, **fields)
    look_again({team.pk})
    return changed


@transaction.atomic
def save_maintenance(window: MaintenanceWindow, **covered: Any) -> MaintenanceWindow:
    """Plan or change maintenance. Arguments and errors: ``incidents.services.save_window``."""
    saved = save_window(window, **covered)
    look_again({window.team_id})
    return saved


@transaction.atomic
def delete_maintenance(window: MaintenanceWindow) -> None:
    """Take maintenance back. What it muted is told, if it is still wrong."""
    window.delete()
    look_again({window.team_id})
