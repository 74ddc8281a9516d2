"""Incidents and maintenance for the operator."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from actions import incidents as actions
from actions.alerting import save_maintenance
from core.errors import RuleViolation
from incidents.maintenance import running
from incidents.models import Incident, IncidentKind, MaintenanceWindow, Update
from incidents.occurrences import find_window_faults


class UpdateInline(admin.TabularInline[Update, Incident]):
    """The timeline is a record: it is read here, and written by the actions and the API."""

    model = Update
    extra = 0
    can_delete = False
    fields = ["at", "status", "text", "author"]
    readonly_fields = ["at", "status", "text", "author"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Update]:
        return super().get_queryset(request).select_related("author")

    def has_add_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        return False


_RECORDED = ["team", "monitor", "kind", "status", "cause", "started_at", "acknowledged_at", "acknowledged_by"]
_RECORDED += ["resolved_at", "resolved_by", "retracted"]


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin[Incident]):
    list_display = [
        "title",
        "team",
        "monitor",
        "kind",
        "status",
        "severity",
        "started_at",
        "duration_s",
        "retracted",
    ]
    list_filter = ["status", "severity", "kind", "retracted"]
    list_select_related = ["team", "monitor"]
    search_fields = ["title", "monitor__name", "team__name"]
    ordering = ["-started_at"]
    actions = ["acknowledge", "resolve"]
    inlines = [UpdateInline]
    fields = ["title", "severity", *_RECORDED]
    readonly_fields = _RECORDED

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # by the API, where it gets its first update

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        """A record of the checks is not deleted by hand. It goes with its team or user: there the admin asks
        here, too."""
        page = request.resolver_match.url_name if request.resolver_match else None
        by_hand = page is None or page.startswith("incidents_incident_")
        is_record = by_hand and obj is not None and obj.kind == IncidentKind.AUTOMATIC
        return not is_record and super().has_delete_permission(request, obj)

    @admin.action(description="Acknowledge", permissions=["change"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        self._each(request, queryset, actions.acknowledge, "acknowledged")

    @admin.action(description="Resolve", permissions=["change"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        self._each(request, queryset, actions.resolve, "resolved")

    def _each(self, request: HttpRequest, queryset: QuerySet[Incident], do: Any, done: str) -> None:
        count = 0
        for incident in queryset.order_by("pk"):
            try:
                do(incident, author=cast(User, request.user), now=timezone.now())
                count += 1
            except RuleViolation as error:
                self.message_user(request, f"{incident}: {error}", messages.WARNING)
        self.message_user(request, f"{count} {done}.", messages.SUCCESS if count else messages.INFO)


class MaintenanceWindowForm(forms.ModelForm[MaintenanceWindow]):
    """What the API refuses is refused here too: the recorder must be able to follow every rule it reads."""

    class Meta:
        model = MaintenanceWindow
        fields = ["team", "title", "starts_at", "ends_at", "rrule", "timezone", "monitors", "tags"]
        help_texts = dict.fromkeys(("starts_at", "ends_at"), "In UTC, whatever the timezone below.")

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if {"starts_at", "ends_at", "rrule", "timezone"} <= set(asked):
            faults = find_window_faults(
                starts_at=asked["starts_at"],
                ends_at=asked["ends_at"],
                rule=asked["rrule"],
                zone=asked["timezone"],
                now=timezone.now(),
            )
            for field, fault in faults.items():
                self.add_error(field, fault)
        for name in ("monitors", "tags"):
            if any(covered.team_id != asked["team"].pk for covered in asked.get(name, ()) if "team" in asked):
                self.add_error(name, f"Choose {name} of the window's own team.")
        if not asked.get("monitors") and not asked.get("tags") and not self.errors:
            self.add_error("monitors", "A window covers at least one monitor or tag; name one of either.")
        return asked


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(admin.ModelAdmin[MaintenanceWindow]):
    form = MaintenanceWindowForm
    list_display = ["title", "team", "starts_at", "ends_at", "rrule", "timezone", "is_running"]
    list_select_related = ["team"]
    search_fields = ["title", "team__name"]
    ordering = ["-starts_at"]
    filter_horizontal = ["monitors", "tags"]

    def save_model(
        self, request: HttpRequest, obj: MaintenanceWindow, form: forms.BaseForm, change: bool
    ) -> None:
        save_maintenance(obj, within_quota=False)  # an operator gives the quotas

    @admin.display(boolean=True, description="running")
    def is_running(self, window: MaintenanceWindow) -> bool:
        return running(window, timezone.now()) is not None
