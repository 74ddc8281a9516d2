"""Alerts for the operator: what was told and what was not. Channels and rules are made in the app."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from actions.alerting import save_channel
from alerts.models import Channel, Delivery, Recipient, Rule, Trouble
from alerts.services import retry_delivery
from core.errors import RuleViolation
from sentrypulse.admin.read_only import ReadOnly


@admin.register(Channel)
class ChannelAdmin(ReadOnly, admin.ModelAdmin[Channel]):
    """Secrets are in a field of their own, which is not shown."""

    list_display = ["name", "team", "kind", "enabled", "refusals", "disabled_reason"]
    list_filter = ["kind", "enabled"]
    list_select_related = ["team"]
    search_fields = ["name", "team__name"]
    fields = ["team", "name", "kind", "config", "to_owners", "enabled", "refusals", "disabled_reason"]
    actions = ["enable"]

    @admin.action(description="Switch on again", permissions=["view"])
    def enable(self, request: HttpRequest, channels: QuerySet[Channel]) -> None:
        for channel in channels:
            save_channel(channel, enabled=True, now=timezone.now())
        self.message_user(request, f"{len(channels)} switched on.", messages.SUCCESS)


@admin.register(Recipient)
class RecipientAdmin(ReadOnly, admin.ModelAdmin[Recipient]):
    list_display = ["address", "team", "consent", "asked_at", "decided_at"]
    list_filter = ["consent"]
    list_select_related = ["team"]
    search_fields = ["address", "team__name"]


@admin.register(Rule)
class RuleAdmin(ReadOnly, admin.ModelAdmin[Rule]):
    list_display = ["name", "team", "enabled", "delay_min", "remind_every_min", "quiet_from", "quiet_until"]
    list_filter = ["enabled"]
    list_select_related = ["team"]
    search_fields = ["name", "team__name"]


@admin.register(Trouble)
class TroubleAdmin(ReadOnly, admin.ModelAdmin[Trouble]):
    list_display = ["title", "team", "kind", "event", "opened_at", "closed_at", "look_at"]
    list_filter = ["kind", "event"]
    list_select_related = ["team"]
    search_fields = ["title", "team__name"]
    ordering = ["-pk"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin[Delivery]):
    """The ledger of every team."""

    list_display = [
        "subject",
        "team",
        "channel_name",
        "event",
        "status",
        "reason",
        "attempts",
        "answer_status",
        "answer",
    ]
    list_display += ["planned_at", "settled_at", "due_at"]
    list_filter = ["status", "reason", "event", "channel__kind"]
    list_select_related = ["team"]
    search_fields = ["subject", "channel_name", "team__name", "key"]
    ordering = ["-pk"]
    actions = ["retry"]

    @admin.action(description="Try again now", permissions=["view"])
    def retry(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        for row in rows:
            try:
                retry_delivery(row, now=timezone.now())
            except RuleViolation as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
            else:
                self.message_user(request, f"{row} is tried again.", messages.SUCCESS)
