"""`maintenance/`: when trouble is planned, and what the monitors' viewset says of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters  # type: ignore[import-untyped]  # it ships no types
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError

from accounts.fields import TeamField
from accounts.models import Team, User
from incidents import services
from incidents.api.requests import BIGGEST_ID, Attributes, find_monitors
from incidents.maintenance import in_maintenance, running, running_ids, upcoming
from incidents.models import MaintenanceWindow
from incidents.occurrences import find_faults
from incidents.reconcile import IncidentEvent
from monitors.api.conditional import Conditional
from monitors.api.serializers import KnownFieldsOnly
from monitors.models import Monitor, Tag
from monitors.tags import known_tags


def find_tags(team: Team, names: Sequence[str]) -> list[Tag]:
    known = known_tags(team.pk)
    if missing := sorted(name for name in names if name.casefold() not in known):
        raise ValidationError({"tags": [f"No such tag: {missing[0]!r}."]})
    return [known[name.casefold()] for name in names]


class MonitorIdsField(serializers.ListField):
    child = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)

    def to_representation(self, data: Any) -> list[int]:
        return sorted(monitor.pk for monitor in data.all())


class TagNamesField(serializers.ListField):
    child = serializers.CharField(max_length=50)

    def to_representation(self, data: Any) -> list[str]:
        return sorted(tag.name for tag in data.all())


class MaintenanceWindowSerializer(KnownFieldsOnly, serializers.ModelSerializer[MaintenanceWindow]):
    """Needs ``running``, ``next_starts_at`` and ``next_ends_at``, put there by ``attach_spans``."""

    team = TeamField()
    timezone = serializers.CharField(
        max_length=64, required=False, help_text="IANA name. The team's, if left out."
    )
    monitors = MonitorIdsField(required=False, max_length=1000)
    tags = TagNamesField(
        required=False, max_length=100, help_text="Covers every monitor with one of these tags."
    )
    running = serializers.BooleanField(read_only=True)
    next_starts_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="Of the running or next occurrence; null once it is over for good.",
    )
    next_ends_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = MaintenanceWindow
        fields = ["id", "team", "title", "starts_at", "ends_at", "rrule", "timezone", "monitors", "tags"]
        fields += ["running", "next_starts_at", "next_ends_at"]

    def validate(self, attrs: Attributes) -> Attributes:
        window = self.instance
        team: Team = window.team if window else attrs["team"]
        if not window:
            attrs.setdefault("timezone", team.timezone)
        times = {name: attrs.get(name, getattr(window, name, "")) for name in _TIMES}
        # What has been stays editable otherwise: a title is mended, a window that is over is not moved.
        if not window or any(getattr(window, name) != value for name, value in times.items()):
            faults = find_faults(
                starts_at=times["starts_at"],
                ends_at=times["ends_at"],
                rule=times["rrule"],
                zone=times["timezone"],
                now=timezone.now(),
            )
            if faults:
                raise ValidationError({field: [fault] for field, fault in faults.items()})
        return self._find_covered(team, attrs)

    def _find_covered(self, team: Team, attrs: Attributes) -> Attributes:
        window = self.instance
        for name in ("monitors", "tags"):
            if name not in attrs and not window:
                attrs[name] = []
        left = [
            attrs[name] if name in attrs else getattr(window, name).all() for name in ("monitors", "tags")
        ]
        if not any(left):
            raise ValidationError(
                {"monitors": ["A window covers at least one monitor or tag; name one of either."]}
            )
        if "monitors" in attrs:
            attrs["monitors"] = find_monitors(team, attrs["monitors"], field="monitors")
        if "tags" in attrs:
            attrs["tags"] = find_tags(team, attrs["tags"])
        return attrs


_TIMES = ("starts_at", "ends_at", "rrule", "timezone")


def attach_spans(windows: Iterable[MaintenanceWindow], *, now: datetime) -> None:
    """Put on each window whether it runs, and its running or next occurrence; no query."""
    for window in windows:
        span = upcoming(window, now)
        computed = {
            "running": running(window, now) is not None,
            "next_starts_at": span and span[0],
            "next_ends_at": span and span[1],
        }
        vars(window).update(computed)


class MaintenanceWindowFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    running = filters.BooleanFilter(method="keep_running", help_text="Whether an occurrence is running now.")
    team = filters.NumberFilter(field_name="team_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0)

    def keep_running(
        self, queryset: QuerySet[MaintenanceWindow], name: str, value: bool
    ) -> QuerySet[MaintenanceWindow]:
        ids = running_ids(queryset, timezone.now())
        return queryset.filter(pk__in=ids) if value else queryset.exclude(pk__in=ids)


class MaintenanceWindowViewSet(Conditional, viewsets.ModelViewSet[MaintenanceWindow]):
    """Planned trouble, once or repeated: results are recorded, open no incident, count in no uptime."""

    queryset = MaintenanceWindow.objects.none()
    serializer_class = MaintenanceWindowSerializer
    filterset_class = MaintenanceWindowFilter
    search_fields = ["title"]
    ordering = "-starts_at"
    ordering_fields = ["starts_at", "ends_at"]

    def get_queryset(self) -> QuerySet[MaintenanceWindow]:
        return MaintenanceWindow.objects.for_api(cast(User, self.request.user)).select_related("team")

    def get_object(self) -> MaintenanceWindow:
        window = super().get_object()
        attach_spans([window], now=timezone.now())
        return window

    def paginate_queryset(self, queryset: Any) -> Any:
        windows = super().paginate_queryset(queryset)
        attach_spans(windows or [], now=timezone.now())
        return windows

    def perform_create(self, serializer: serializers.BaseSerializer[MaintenanceWindow]) -> None:
        self._save(serializer, MaintenanceWindow())

    def perform_update(self, serializer: serializers.BaseSerializer[MaintenanceWindow]) -> None:
        self._save(serializer, cast(MaintenanceWindow, serializer.instance))

    def _save(
        self, serializer: serializers.BaseSerializer[MaintenanceWindow], window: MaintenanceWindow
    ) -> None:
        asked = dict(serializer.validated_data)
        covered = {name: asked.pop(name) for name in ("monitors", "tags") if name in asked}
        for name, value in asked.items():
            setattr(window, name, value)
        serializer.instance = services.save_window(window, **covered)
        attach_spans([window], now=timezone.now())


_CLOSING_TEXTS = {
    "paused": "Resolved because the monitor was paused.",
    "deleting": "Resolved because the monitor was deleted.",
}


class ShowsMaintenance:
    """A mixin for the monitors' viewset, which cannot know of incidents: its app lies below this one."""

    def attach(self, monitors: list[Monitor], *, now: datetime) -> None:
        """Also sets ``in_maintenance``: one query where no window is near, else three, for any number."""
        super().attach(monitors, now=now)  # type: ignore[misc]  # the viewset's hook
        instants = [(monitor.pk, now) for monitor in monitors]
        covered = in_maintenance(instants, team_ids={monitor.team_id for monitor in monitors})
        for monitor, instant in zip(monitors, instants, strict=True):
            vars(monitor)["in_maintenance"] = instant in covered

    def ids_in_maintenance(self, *, now: datetime) -> Collection[int]:
        """The user's monitors that a running window covers, for the list's filter by status."""
        user: User = self.request.user  # type: ignore[attr-defined]  # the viewset's
        windows = [w for w in MaintenanceWindow.objects.for_user(user) if running(w, now)]
        covered = Q(maintenance_windows__in=windows) | Q(tags__maintenance_windows__in=windows)
        return (
            set(Monitor.objects.for_user(user).filter(covered).values_list("pk", flat=True))
            if windows
            else ()
        )

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        """Also resolves what is open for monitors that nobody watches any more."""
        super().after_change(event, monitors, now=now)  # type: ignore[misc]  # the viewset's hook
        if event in _CLOSING_TEXTS:
            closed = services.close_open_incidents(
                [m.pk for m in monitors], at=now, text=_CLOSING_TEXTS[event]
            )
            self.tell([IncidentEvent("resolved", incident) for incident in closed], now=now)

    def tell(self, events: Sequence[IncidentEvent], *, now: datetime) -> None:
        """For apps above that tell people. Called in the change's transaction."""
