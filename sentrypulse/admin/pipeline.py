"""The operator's side of the pipeline."""

from typing import Any

from django.contrib import admin
from django.urls import path

from pipeline.models import Cursor
from sentrypulse.admin.read_only import ReadOnly
from sentrypulse.views.dead_letters import show_dead_letters


@admin.register(Cursor)
class CursorAdmin(ReadOnly, admin.ModelAdmin[Cursor]):
    """How far the schedule has come. Only looked at."""

    list_display = ["name", "sent_until", "lease_owner", "lease_until", "moved_at"]
    change_list_template = "admin/pipeline/cursor_change_list.html"

    def get_urls(self) -> list[Any]:
        page = path("dead-letters/", self.admin_site.admin_view(show_dead_letters), name="dead_letters")
        return [page, *super().get_urls()]
