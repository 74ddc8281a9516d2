"""Frozen reports for the operator: looked at, never changed."""

from typing import TYPE_CHECKING

from django.contrib import admin

from analytics.models import SlaReport
from monitors.admin import ReadOnly

if TYPE_CHECKING:  # Django's own classes take no parameters at runtime
    ReportModelAdmin = admin.ModelAdmin[SlaReport]
else:
    ReportModelAdmin = admin.ModelAdmin


@admin.register(SlaReport)
class SlaReportAdmin(ReadOnly, ReportModelAdmin):
    list_display = ["team", "month", "version", "supersedes", "timezone", "frozen_at", "reason", "digest"]
    list_filter = ["month"]
    list_select_related = ["team", "supersedes"]
    search_fields = ["team__name", "digest"]
    ordering = ["-month", "team", "-version"]
