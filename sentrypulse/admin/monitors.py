"""Monitors for operators: looked at, paused and mended here; made in the app, which knows every kind."""

import json
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from rest_framework.exceptions import Throttled

from accounts.outside_calls import hold_place
from actions import monitors as actions
from actions.checks import check_now
from core.errors import RuleViolation
from core.folding import make_name_key
from core.formats import say_utc
from monitors import services
from monitors.models import Heartbeat, Monitor, MonitorQuerySet, Ping, RegionState, Result, Tag
from monitors.no_data import read_no_data
from monitors.selectors import filter_by_state, ping_url, show_status
from monitors.transitions import State
from sentrypulse.admin.read_only import ReadOnly

EDITED = ["name", "url", "interval_s", "timeout_s", "fail_after", "recover_after", "recheck_s"]
SHOWN_RESULTS = 20
MOST_AT_ONCE = 20


class EditForm(forms.ModelForm[Monitor]):
    class Meta:
        model = Monitor
        fields = EDITED

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}

    def clean(self) -> dict[str, Any]:
        """The same rules and sentences as the API's."""
        try:
            services.clean_changes(self.instance, self.changes())
        except ValidationError as mistakes:
            for field, sentences in mistakes.message_dict.items():
                known = field if field in self.fields else None
                self.add_error(known, sentences if known else [f"{field}: {text}" for text in sentences])
        return self.cleaned_data


class RegionStateInline(ReadOnly, admin.TabularInline[RegionState, Monitor]):
    model = RegionState
    fields = ("region", "state", "failures", "passes", "counted_from", "changed_at", "no_data_since")
    extra = 0
    can_delete = False


class BelievedFilter(admin.SimpleListFilter):
    """By what ``believed`` shows."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Monitor]) -> QuerySet[Monitor]:
        wanted = self.value()
        if wanted not in set(State):
            return queryset
        return filter_by_state(cast(MonitorQuerySet, queryset.filter(enabled=True)), State(str(wanted)))


@admin.register(Monitor)
class MonitorAdmin(admin.ModelAdmin[Monitor]):
    form = EditForm
    list_display = ["name", "believed", "kind", "url", "team", "interval_s", "enabled"]
    list_filter = ["kind", "enabled", BelievedFilter]
    search_fields = ["name", "url", "team__name", "tags__name"]
    list_select_related = ["team"]
    readonly_fields = [
        "team",
        "kind",
        "enabled",
        "believed",
        "why_no_data",
        "shown_config",
        "regions",
        "worn_tags",
        "ping_address",
        "revision",
        "created_at",
        "updated_at",
        "newest_results",
    ]
    fields = (*EDITED, *readonly_fields)
    inlines = [RegionStateInline]
    actions = ["pause", "resume", "run_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Monitor]:
        return super().get_queryset(request).prefetch_related("region_states", "tags")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    # What is shown

    @admin.display(description="status")
    def believed(self, monitor: Monitor) -> str:
        return show_status(monitor, in_maintenance=False)

    @admin.display(description="why there is no data")
    def why_no_data(self, monitor: Monitor) -> str:
        lost = read_no_data(monitor.region_states.all())
        return (
            f"{lost.reason} ({lost.reason_code}, since {say_utc(lost.since, seconds=True)})" if lost else "-"
        )

    @admin.display(description="config")
    def shown_config(self, monitor: Monitor) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(monitor.config, indent=2))

    @admin.display(description="tags")
    def worn_tags(self, monitor: Monitor) -> str:
        return ", ".join(sorted(tag.name for tag in monitor.tags.all())) or "-"

    @admin.display(description="ping address")
    def ping_address(self, monitor: Monitor) -> str:
        return ping_url(monitor) or "-"

    @admin.display(description=f"last {SHOWN_RESULTS} results")
    def newest_results(self, monitor: Monitor) -> SafeString:
        """The admin cannot register a model with a composite primary key, so its rows are shown here."""
        rows = Result.objects.filter(monitor=monitor).order_by("-scheduled_at", "-region")[:SHOWN_RESULTS]
        lines = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((f"{r.scheduled_at:%Y-%m-%d %H:%M:%S}", r.region, r.status, r.total_ms, r.error) for r in rows),
        )
        head = "<tr><th>slot (UTC)</th><th>region</th><th>status</th><th>total_ms</th><th>error</th></tr>"
        return format_html("<table>{}{}</table>", SafeString(head), lines)

    # What may be done

    def save_model(self, request: HttpRequest, obj: Monitor, form: Any, change: bool) -> None:
        changes = form.changes()
        actions.update(obj, now=timezone.now(), within_quota=False, **changes)

    @admin.action(description="Pause the selected monitors", permissions=["change"])
    def pause(self, request: HttpRequest, monitors: QuerySet[Monitor]) -> None:
        paused = actions.pause(monitors, now=timezone.now())
        self.message_user(request, f"{len(paused)} paused.", messages.SUCCESS)

    @admin.action(description="Resume the selected monitors", permissions=["change"])
    def resume(self, request: HttpRequest, monitors: QuerySet[Monitor]) -> None:
        resumed = actions.resume(monitors, now=timezone.now(), within_quota=False)
        self.message_user(request, f"{len(resumed)} resumed.", messages.SUCCESS)

    @admin.action(
        description=f"Run the selected monitors now (at most {MOST_AT_ONCE})", permissions=["change"]
    )
    def run_now(self, request: HttpRequest, monitors: QuerySet[Monitor]) -> None:
        for monitor in monitors[:MOST_AT_ONCE]:
            try:
                with hold_place(request.user):
                    result = check_now(monitor, now=timezone.now())
            except (RuleViolation, Throttled) as error:
                self.message_user(request, f"{monitor.name}: {error}", messages.WARNING)
            else:
                level = messages.SUCCESS if result.status == "up" else messages.WARNING
                self.message_user(request, f"{monitor.name}: {result.status}. {result.error}", level)

    def get_deleted_objects(
        self, objs: QuerySet[Monitor] | Sequence[Monitor], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Without the results, which can be a million: the admin would load them all to list them."""
        found = list(objs)
        listed = [f"Monitor: {monitor}, with all its results and pings" for monitor in found]
        return listed, {"monitors": len(found)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Monitor) -> None:
        actions.delete([obj], now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Monitor]) -> None:
        actions.delete(queryset, now=timezone.now())


class TagForm(forms.ModelForm[Tag]):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name, team = cleaned.get("name"), cleaned.get("team")
        if name and team:
            self.instance.key = make_name_key(name)
            others = Tag.objects.filter(team=team, key=self.instance.key).exclude(pk=self.instance.pk)
            if others.exists():
                self.add_error("name", f"There is a tag {name!r} already.")
        return cleaned


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin[Tag]):
    form = TagForm
    list_display = ["name", "team"]
    search_fields = ["name", "team__name"]
    list_select_related = ["team"]
    raw_id_fields = ["team"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, admin.ModelAdmin[Heartbeat]):
    list_display = ["monitor", "uuid", "deadline_at", "last_ping_at", "started_at"]
    search_fields = ["monitor__name", "uuid"]
    list_select_related = ["monitor"]


@admin.register(Ping)
class PingAdmin(ReadOnly, admin.ModelAdmin[Ping]):
    list_display = ["monitor", "received_at", "kind", "exit_status", "duration_ms", "address"]
    list_filter = ["kind"]
    search_fields = ["monitor__name", "run_id"]
    list_select_related = ["monitor"]
    ordering = ["-pk"]
