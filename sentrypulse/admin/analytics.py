"""For operators: SLOs, frozen reports, and how far rolling up has come."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from analytics.models import Archiving, BurnAlert, Progress, SlaReport, Slo, StaleSpan
from analytics.slos.services import find_slo_faults, update_slo
from sentrypulse.admin.read_only import ReadOnly


class SloForm(forms.ModelForm[Slo]):
    """What the API refuses is refused here too, in the same words."""

    class Meta:
        model = Slo
        fields = ["team", "name", "monitor", "tag", "target_ratio", "window_days"]

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if {"target_ratio", "window_days", "monitor", "tag"} <= set(asked):
            team = asked.get("team", getattr(self.instance, "team", None))
            for field, fault in find_slo_faults(Slo(**{**asked, "team": team})).items():
                self.add_error("target_ratio" if field == "target" else field, fault)
        return asked


@admin.register(Slo)
class SloAdmin(admin.ModelAdmin[Slo]):
    form = SloForm
    list_display = ["name", "team", "monitor", "tag", "target_ratio", "window_days"]
    list_filter = ["window_days", ("monitor", admin.EmptyFieldListFilter)]
    list_select_related = ["team", "monitor", "tag"]
    search_fields = ["name", "team__name", "monitor__name", "tag__name"]
    raw_id_fields = ["team", "monitor", "tag"]
    ordering = ["-pk"]

    def get_readonly_fields(self, request: HttpRequest, obj: Slo | None = None) -> list[str]:
        return ["team"] if obj else []  # objects do not move between teams

    def save_model(self, request: HttpRequest, obj: Slo, form: Any, change: bool) -> None:
        if not change:
            return super().save_model(request, obj, form, change)
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        update_slo(obj, now=timezone.now(), **changes)
        return None


@admin.register(BurnAlert)
class BurnAlertAdmin(ReadOnly, admin.ModelAdmin[BurnAlert]):
    list_display = ["slo", "speed", "burn_rate_long", "burn_rate_short", "opened_at", "closed_at"]
    list_filter = ["speed", ("closed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["slo"]
    search_fields = ["slo__name", "slo__team__name"]
    ordering = ["-opened_at"]


@admin.register(SlaReport)
class SlaReportAdmin(ReadOnly, admin.ModelAdmin[SlaReport]):
    list_display = ["team", "month", "version", "frozen_at", "reason"]
    list_filter = ["month"]
    list_select_related = ["team", "supersedes"]
    search_fields = ["team__name", "digest"]
    ordering = ["-month", "team", "-version"]


@admin.register(Progress)
class ProgressAdmin(ReadOnly, admin.ModelAdmin[Progress]):
    list_display = ["name", "rolled_until", "raw_from", "lease_owner", "lease_until"]


@admin.register(StaleSpan)
class StaleSpanAdmin(ReadOnly, admin.ModelAdmin[StaleSpan]):
    list_display = ["monitor", "start_at", "end_at"]
    list_select_related = ["monitor"]


@admin.register(Archiving)
class ArchivingAdmin(ReadOnly, admin.ModelAdmin[Archiving]):
    list_display = ["name", "written_at", "problem", "lease_owner", "lease_until"]
