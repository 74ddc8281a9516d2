"""The operator's side of the pipeline: run now, and what pausing, editing and deleting bring with them."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone

from incidents.admin import IncidentAdmin as StoredIncidentAdmin
from incidents.api import ShowsMaintenance
from incidents.models import Incident
from monitors.admin import MonitorAdmin as StoredMonitorAdmin
from monitors.models import Monitor
from pipeline.api import TellsPeople
from pipeline.dead_letters import show_dead_letters
from pipeline.models import Cursor
from pipeline.run_now import run_now
from pipeline.specs import check_soon
from sentrypulse.errors import DomainError

admin.site.unregister([Incident, Monitor])

MOST_AT_ONCE = 20


class CheckedAdmin(StoredMonitorAdmin):
    """Checks what was changed here at once, as after a change over the API."""

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        super().after_change(event, monitors, now=now)
        if event in {"edited", "resumed"}:
            transaction.on_commit(lambda: check_soon(monitors, now=now))


@admin.register(Monitor)
class MonitorAdmin(TellsPeople, ShowsMaintenance, CheckedAdmin):
    """The monitors' admin with what the apps above them know."""

    actions = [*(StoredMonitorAdmin.actions or ()), "run_now"]

    @admin.action(
        description=f"Run the selected monitors now (at most {MOST_AT_ONCE})", permissions=["change"]
    )
    def run_now(self, request: HttpRequest, monitors: QuerySet[Monitor]) -> None:
        for monitor in monitors[:MOST_AT_ONCE]:
            try:
                result = run_now(monitor, now=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{monitor.name}: {error}", messages.WARNING)
            else:
                level = messages.SUCCESS if result.status == "up" else messages.WARNING
                self.message_user(request, f"{monitor.name}: {result.status}. {result.error}", level)


@admin.register(Incident)
class IncidentAdmin(TellsPeople, StoredIncidentAdmin):
    """The incidents' admin, whose actions are told as those of the API are."""


@admin.register(Cursor)
class CursorAdmin(admin.ModelAdmin[Cursor]):
    """How far the schedule has come. Only looked at."""

    list_display = ["name", "sent_until", "lease_owner", "lease_until", "moved_at"]
    change_list_template = "admin/pipeline/cursor_change_list.html"

    def get_urls(self) -> list[Any]:
        page = path("dead-letters/", self.admin_site.admin_view(show_dead_letters), name="dead_letters")
        return [page, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
