"""`maintenance/`: when trouble is planned, and what the monitors' viewset says of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Team, User
from actions.alerting import delete_maintenance, end_maintenance, save_maintenance
from core.filters import FilterSet, FlagFilter, IdFilter
from core.schema import can_answer
from core.timestamps import LocalTimestampField
from incidents.calendar import unfold
from incidents.maintenance import find_crowded_out, problem_of, running, running_ids, upcoming
from incidents.models import MaintenanceWindow
from incidents.occurrences import find_window_faults, place_in
from monitors.models import Monitor
from sentrypulse.api.fields import IdsField, TagNamesField
from sentrypulse.api.incidents.calendar import (
    CoverageSerializer,
    MaintenanceDraftSerializer,
    OccurrencesSerializer,
    RangeQuerySerializer,
    preview,
    tell_occurrences,
    windows_in,
)
from sentrypulse.api.lookups import find_in_team, find_tags
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet

Attributes = dict[str, Any]
_LOCAL = "A time without an offset is one in ``timezone``."


class MaintenanceWindowSerializer(KnownFieldsOnly, serializers.ModelSerializer[MaintenanceWindow]):
    """Needs ``running``, ``next_starts_at``, ``next_ends_at`` and ``problem``, put there by
    ``attach_spans``."""

    team = TeamField()
    starts_at = LocalTimestampField(help_text=_LOCAL)
    ends_at = LocalTimestampField(help_text=_LOCAL)
    timezone = serializers.CharField(
        max_length=64, required=False, help_text="IANA name. The team's, if left out."
    )
    monitors = IdsField(required=False, max_length=1000)
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
    problem = serializers.CharField(
        read_only=True,
        help_text="Why its repeats cannot be computed; it mutes nothing then. Empty when all is well.",
    )

    class Meta:
        model = MaintenanceWindow
        fields = ["id", "team", "title", "starts_at", "ends_at", "rrule", "timezone", "monitors", "tags"]
        fields += ["running", "next_starts_at", "next_ends_at", "problem"]

    def validate(self, attrs: Attributes) -> Attributes:
        window = self.instance
        team: Team = window.team if window else attrs["team"]
        if not window:
            attrs.setdefault("timezone", team.timezone)
        zone = attrs.get("timezone", window.timezone if window else "")
        for name in {"starts_at", "ends_at"} & set(attrs):
            attrs[name] = place_in(zone, attrs[name])
        times = {name: attrs.get(name, getattr(window, name, "")) for name in _TIMES}
        # What has been stays editable otherwise: a title is mended, a window that is over is not moved.
        if not window or any(getattr(window, name) != value for name, value in times.items()):
            faults = find_window_faults(
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
            attrs["monitors"] = find_in_team(Monitor, team, attrs["monitors"], field="monitors")
        if "tags" in attrs:
            attrs["tags"] = find_tags(team, attrs["tags"])
        return attrs


_TIMES = ("starts_at", "ends_at", "rrule", "timezone")


def attach_spans(windows: Iterable[MaintenanceWindow], *, now: datetime) -> None:
    """Put on each window whether it runs, its running or next occurrence, and what is wrong with it; one
    query where one repeats."""
    windows = list(windows)
    teams = {window.team_id for window in windows if window.rrule}
    crowded_out = find_crowded_out(teams, now) if teams else {}
    for window in windows:
        span = upcoming(window, now)
        computed = {
            "running": window.pk not in crowded_out and running(window, now) is not None,
            "next_starts_at": span and span[0],
            "next_ends_at": span and span[1],
            "problem": problem_of(window, now) or crowded_out.get(window.pk, ""),
        }
        vars(window).update(computed)


class MaintenanceWindowFilter(FilterSet):
    running = FlagFilter(method="keep_running", help_text="Whether an occurrence is running now.")
    team = IdFilter(field_name="team_id")

    def keep_running(
        self, queryset: QuerySet[MaintenanceWindow], name: str, value: bool
    ) -> QuerySet[MaintenanceWindow]:
        ids = running_ids(queryset, timezone.now())
        return queryset.filter(pk__in=ids) if value else queryset.exclude(pk__in=ids)


class MaintenanceWindowViewSet(TeamRowsViewSet[MaintenanceWindow], viewsets.ModelViewSet[MaintenanceWindow]):
    """Planned trouble, once or repeated: results are recorded, open no incident, count in no uptime."""

    queryset = MaintenanceWindow.objects.none()
    serializer_class = MaintenanceWindowSerializer
    filterset_class = MaintenanceWindowFilter
    search_fields = ["title"]
    ordering = "-starts_at"
    ordering_fields = ["starts_at", "ends_at"]
    lookup_value_regex = "[0-9]+"

    def read_rows(self, user: User) -> QuerySet[MaintenanceWindow]:
        return MaintenanceWindow.objects.for_api(user).select_related("team")

    def complete(self, rows: Sequence[MaintenanceWindow]) -> None:
        attach_spans(rows, now=timezone.now())

    @extend_schema(
        parameters=[
            OpenApiParameter("team", OpenApiTypes.INT),
            OpenApiParameter("from", OpenApiTypes.DATETIME, required=True),
            OpenApiParameter("to", OpenApiTypes.DATETIME, required=True, description="100 days on at most"),
        ],
        responses=OccurrencesSerializer,
    )
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def occurrences(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """When maintenance happens in a range: for a calendar."""
        query = RangeQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        since, until = query.validated_data["from"], query.validated_data["to"]
        asked = MaintenanceWindowFilter({"team": request.query_params.get("team")}, self.get_queryset())
        if not asked.is_valid():
            raise ValidationError(asked.errors)
        unfolded = unfold(windows_in(asked.qs, since, until), since, until)
        told = tell_occurrences(unfolded, since, until, now=timezone.now())
        return Response(OccurrencesSerializer(told).data)

    @extend_schema(request=MaintenanceDraftSerializer, responses=CoverageSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What a window would cover now, and when it would happen. Nothing is stored."""
        draft = MaintenanceDraftSerializer(data=request.data, context=self.get_serializer_context())
        draft.is_valid(raise_exception=True)
        return Response(CoverageSerializer(preview(draft.validated_data)).data)

    @extend_schema(request=None, responses=MaintenanceWindowSerializer)
    @action(detail=True, methods=["post"])
    @can_answer(409)
    def end(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End a running window now. One that repeats is refused: its rule says when it ends."""
        window = self.get_object()
        end_maintenance(window, now=timezone.now())
        return self.show_stored(window)

    @can_answer(409)
    def perform_create(self, serializer: serializers.BaseSerializer[MaintenanceWindow]) -> None:
        self._save(serializer, MaintenanceWindow())

    def perform_update(self, serializer: serializers.BaseSerializer[MaintenanceWindow]) -> None:
        self._save(serializer, cast(MaintenanceWindow, serializer.instance))

    def perform_destroy(self, instance: MaintenanceWindow) -> None:
        delete_maintenance(instance)

    def _save(
        self, serializer: serializers.BaseSerializer[MaintenanceWindow], window: MaintenanceWindow
    ) -> None:
        asked = dict(serializer.validated_data)
        covered = {name: asked.pop(name) for name in ("monitors", "tags") if name in asked}
        for name, value in asked.items():
            setattr(window, name, value)
        serializer.instance = save_maintenance(window, **covered)
        self.complete([window])
