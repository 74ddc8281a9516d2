"""Monitors for operators: looked at, paused and mended here; made in the app, which knows every kind."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitors import services
from monitors.models import Heartbeat, Monitor, Ping, RegionState, Result, Tag
from monitors.selectors import ping_url, show_status

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin

    AnyAdmin = BaseModelAdmin[Any]
    MonitorForm = forms.ModelForm[Monitor]
    MonitorModelAdmin = admin.ModelAdmin[Monitor]
    TagModelAdmin = admin.ModelAdmin[Tag]
    HeartbeatModelAdmin = admin.ModelAdmin[Heartbeat]
    PingModelAdmin = admin.ModelAdmin[Ping]
    StatesInline = admin.TabularInline[RegionState, Monitor]
else:
    AnyAdmin = object
    MonitorForm = forms.ModelForm
    MonitorModelAdmin = TagModelAdmin = HeartbeatModelAdmin = PingModelAdmin = admin.ModelAdmin
    StatesInline = admin.TabularInline

EDITED = ["name", "url", "interval_s", "timeout_s", "fail_after", "recover_after", "recheck_s"]
SHOWN_RESULTS = 20


class ReadOnly(AnyAdmin):
    """A mixin: rows that are looked at, not made or changed by hand. They go with what they are of."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not on their own pages; the admin asks here, too, before it deletes a team with all that it has."""
        page = request.resolver_match.url_name if request.resolver_match else None
        own = page is None or page.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")
        return not own and super().has_delete_permission(request, obj)


class EditForm(MonitorForm):
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


class RegionStateInline(ReadOnly, StatesInline):
    model = RegionState
    fields = ("region", "state", "failures", "passes", "counted_from", "changed_at")
    extra = 0
    can_delete = False


@admin.register(Monitor)
class MonitorAdmin(MonitorModelAdmin):
    """Apps above may extend ``after_change`` (as in the API) and ``actions``."""

    form = EditForm
    list_display = ["name", "believed", "kind", "url", "team", "interval_s", "enabled"]
    list_filter = ["kind", "enabled", "region_states__state"]
    search_fields = ["name", "url", "team__name", "tags__name"]
    list_select_related = ["team"]
    readonly_fields = [
        "team",
        "kind",
        "enabled",
        "believed",
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
    actions = ["pause", "resume"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Monitor]:
        return super().get_queryset(request).prefetch_related("region_states", "tags")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        """Called in the transaction of the change, like the viewset's hook of this name."""

    # What is shown

    @admin.display(description="status")
    def believed(self, monitor: Monitor) -> str:
        return show_status(monitor, in_maintenance=False)

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
        now = timezone.now()
        with transaction.atomic():
            self.after_change("edited", [services.update_monitor(obj, now=now, **form.changes())], now=now)

    @admin.action(description="Pause the selected monitors", permissions=["change"])
    def pause(self, request: HttpRequest, monitors: QuerySet[Monitor]) -> None:
        now = timezone.now()
        with transaction.atomic():
            paused = services.pause_monitors(monitors, now=now)
            self.after_change("paused", paused, now=now)
        self.message_user(request, f"{len(paused)} paused.", messages.SUCCESS)

    @admin.action(description="Resume the selected monitors", permissions=["change"])
    def resume(self, request: HttpRequest, monitors: QuerySet[Monitor]) -> None:
        now = timezone.now()
        with transaction.atomic():
            resumed = services.resume_monitors(monitors, now=now)
            self.after_change("resumed", resumed, now=now)
        self.message_user(request, f"{len(resumed)} resumed.", messages.SUCCESS)

    def get_deleted_objects(
        self, objs: QuerySet[Monitor] | Sequence[Monitor], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Without the results, which can be a million: the admin would load them all to list them."""
        found = list(objs)
        listed = [f"Monitor: {monitor}, with all its results and pings" for monitor in found]
        return listed, {"monitors": len(found)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Monitor) -> None:
        self._delete([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Monitor]) -> None:
        self._delete(queryset)

    def _delete(self, monitors: Iterable[Monitor]) -> None:
        with transaction.atomic():
            locked = services.lock_monitors([monitor.pk for monitor in monitors])
            self.after_change("deleting", locked, now=timezone.now())
            services.delete_monitors(locked)


@admin.register(Tag)
class TagAdmin(TagModelAdmin):
    list_display = ["name", "team"]
    search_fields = ["name", "team__name"]
    list_select_related = ["team"]
    raw_id_fields = ["team"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, HeartbeatModelAdmin):
    list_display = ["monitor", "uuid", "deadline_at", "last_ping_at", "started_at"]
    search_fields = ["monitor__name", "uuid"]
    list_select_related = ["monitor"]


@admin.register(Ping)
class PingAdmin(ReadOnly, PingModelAdmin):
    list_display = ["monitor", "received_at", "kind", "exit_status", "duration_ms", "address"]
    list_filter = ["kind"]
    search_fields = ["monitor__name", "run_id"]
    list_select_related = ["monitor"]
    ordering = ["-pk"]
