"""What a person can change about alerts: channels, rules, teams and maintenance.

After each change, alerts that are open or wait are planned anew at once.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Team
from accounts.services import update_team
from alerts import sending, services
from alerts.defaults import ensure_defaults
from alerts.models import Channel, Delivery, Rule
from core.errors import RuleViolation
from delivery.message import Receipt
from incidents.maintenance import running, windows_by_monitor
from incidents.models import MaintenanceWindow
from incidents.services import save_window
from monitors.models import Monitor
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
def start_maintenance(monitor: Monitor, *, title: str, lasts: timedelta, now: datetime) -> MaintenanceWindow:
    """Put one monitor in maintenance from now on. Raises ``QuotaReached``."""
    window = MaintenanceWindow(
        team_id=monitor.team_id,
        title=title or f"Maintenance of {monitor.name}"[:200],
        starts_at=now,
        ends_at=now + lasts,
        timezone=monitor.team.timezone,
    )
    return save_maintenance(window, monitors=[monitor], tags=[])


@transaction.atomic
def end_maintenance(window: MaintenanceWindow, *, now: datetime) -> None:
    """End a running window now. Raises ``RuleViolation`` where it repeats or does not run."""
    if window.rrule:
        raise RuleViolation(f"“{window.title}” repeats; change its times, or delete it.")
    if not window.starts_at <= now < window.ends_at:
        raise RuleViolation(f"“{window.title}” is not running.")
    window.ends_at = max(now, window.starts_at + timedelta(milliseconds=1))
    save_maintenance(window)


@transaction.atomic
def end_maintenance_of(monitor: Monitor, *, now: datetime) -> None:
    """End the running windows that cover this monitor alone. Raises ``RuleViolation`` where another window
    covers it, or none does."""
    covering = windows_by_monitor([monitor.pk], team_ids=[monitor.team_id], since=now, until=now)
    found = [window for window in covering.get(monitor.pk, ()) if running(window, now)]
    if not found:
        raise RuleViolation("This monitor is not in maintenance.")
    for window in found:
        if window.monitors.count() > 1 or window.tags.exists():
            raise RuleViolation(f"“{window.title}” covers other monitors, too; end or change that window.")
        end_maintenance(window, now=now)


@transaction.atomic
def delete_maintenance(window: MaintenanceWindow) -> None:
    """Take maintenance back. What it muted is told, if it is still wrong."""
    window.delete()
    look_again({window.team_id})
