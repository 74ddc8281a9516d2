"""`incidents/`: what went wrong, and what people say and do about it.

A person is ``{"id","name","email"}`` or null; null as an update's author is SentryPulse itself. The actions
answer with the whole incident, as ``GET`` would. Names that a request does not know are refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import User
from actions import incidents as actions
from alerts.models import Event, OwnEvent, Reason
from core.filters import FilterSet, FlagFilter, IdFilter, InstantFilter
from core.schema import can_answer
from core.showing import Showable
from core.timestamps import TimestampField
from incidents.models import Incident, IncidentKind, IncidentStatus, Severity, Update
from monitors.models import Monitor
from probes.registry import KINDS
from sentrypulse.api.alerts.incidents import attach_withheld
from sentrypulse.api.fields import IdField
from sentrypulse.api.incidents.fields import AuthorSerializer, StatusField
from sentrypulse.api.incidents.timeline import (
    IncidentPageSerializer,
    TimelineEntrySerializer,
    build_timeline,
    read_pages,
)
from sentrypulse.api.incidents.told import (
    ForecastSerializer,
    ToldSerializer,
    attach_told,
    read_deliveries,
    read_planned,
)
from sentrypulse.api.lookups import find_in_team
from sentrypulse.api.monitors.serializers import ResultSerializer
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet
from statuspages.models import StatusPage

Attributes = dict[str, Any]


class UpdateSerializer(serializers.ModelSerializer[Update]):
    status = StatusField(read_only=True)
    author = AuthorSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Update
        fields = ["id", "at", "status", "text", "author"]
        read_only_fields = fields


class WithheldSerializer(serializers.Serializer[Any]):
    """A notice that reached nobody, and why; its row is in the ledger (``deliveries/``)."""

    delivery = serializers.IntegerField(source="pk")
    event = serializers.ChoiceField(choices=[*Event.choices, *OwnEvent.choices])
    channel = serializers.CharField(source="channel_name", help_text="Empty where it is no matter of one.")
    reason = serializers.ChoiceField(choices=Reason.choices, help_text="See `deliveries/`.")
    text = serializers.CharField(source="answer", help_text="The same in a sentence.")
    since = serializers.DateTimeField(source="planned_at")
    until = serializers.DateTimeField(source="settled_at", allow_null=True, help_text="Null while it lasts.")


@extend_schema_field(ResultSerializer(allow_null=True))
class CauseField(serializers.DictField):
    """A result, as it was shown when the incident began."""


class IncidentRowSerializer(Showable, serializers.ModelSerializer[Incident]):
    """An incident in a list: all but its timeline."""

    monitor_name = serializers.CharField(source="monitor.name", read_only=True, default=None, allow_null=True)
    monitor_kind = serializers.ChoiceField(
        choices=list(KINDS), source="monitor.kind", read_only=True, default=None, allow_null=True
    )
    status = StatusField(read_only=True)
    cause = CauseField(read_only=True, allow_null=True, help_text="The result that opened it.")
    started_at = serializers.DateTimeField(read_only=True)
    acknowledged_by = AuthorSerializer(read_only=True, allow_null=True)
    resolved_at = serializers.DateTimeField(read_only=True, allow_null=True)
    resolved_by = AuthorSerializer(read_only=True, allow_null=True)
    duration_s = serializers.IntegerField(read_only=True, allow_null=True, help_text="Null while it is open.")
    told = serializers.IntegerField(read_only=True, help_text="How many messages of it were sent.")
    withheld = WithheldSerializer(
        many=True, read_only=True, help_text="Why was nobody told? What alerts kept back, and why."
    )

    class Meta:
        model = Incident
        fields = ["id", "team", "monitor", "monitor_name", "monitor_kind", "title", "kind", "status"]
        fields += ["severity", "cause", "started_at", "acknowledged_at", "acknowledged_by", "resolved_at"]
        fields += ["resolved_by", "duration_s", "retracted", "told", "withheld"]
        read_only_fields = fields


class IncidentSerializer(IncidentRowSerializer):
    """A whole incident. ``timeline`` is ``updates`` with what was posted and who was told."""

    updates = UpdateSerializer(many=True, read_only=True)
    timeline = TimelineEntrySerializer(many=True, read_only=True, help_text="The newest first.")
    deliveries = ToldSerializer(
        many=True, read_only=True, help_text="Who was told, the oldest first; the newest 100."
    )
    planned = ForecastSerializer(
        many=True, read_only=True, help_text="What will be told, if it stays as it is; the next 20."
    )
    pages = IncidentPageSerializer(many=True, read_only=True, help_text="Where it can be said in public.")

    class Meta(IncidentRowSerializer.Meta):
        fields = [*IncidentRowSerializer.Meta.fields, "updates", "timeline", "deliveries", "planned", "pages"]
        read_only_fields = fields


class OpenBySeveritySerializer(serializers.Serializer[Any]):
    minor = serializers.IntegerField()
    major = serializers.IntegerField()
    critical = serializers.IntegerField()


class OpenIncidentsSerializer(serializers.Serializer[Any]):
    """Of open incidents."""

    open = serializers.IntegerField()
    unacknowledged = serializers.IntegerField()
    by_severity = OpenBySeveritySerializer()


class IncidentCreateSerializer(KnownFieldsOnly, serializers.ModelSerializer[Incident]):
    """An incident that a person opens."""

    team = TeamField()
    monitor = IdField(required=False, allow_null=True)
    status = StatusField(default=IncidentStatus.INVESTIGATING)
    text = serializers.CharField(required=False, max_length=10_000, help_text="The first update.")
    started_at = TimestampField(required=False, help_text="Now, if left out.")

    class Meta:
        model = Incident
        fields = ["team", "monitor", "title", "severity", "status", "text", "started_at"]

    def validate_status(self, value: str) -> str:
        if value == IncidentStatus.RESOLVED:
            raise ValidationError("A new incident cannot be resolved already; open it, then resolve it.")
        return value

    def validate_started_at(self, value: datetime) -> datetime:
        if value > timezone.now() or value.year < 1971:
            raise ValidationError(
                "An incident cannot start in the future, nor before 1971; correct started_at."
            )
        return value

    def validate(self, attrs: Attributes) -> Attributes:
        if attrs.get("monitor") is not None:
            attrs["monitor"] = find_in_team(Monitor, attrs["team"], [attrs["monitor"]], field="monitor")[0]
        return attrs


class IncidentEditSerializer(KnownFieldsOnly, serializers.ModelSerializer[Incident]):
    class Meta:
        model = Incident
        fields = ["title", "severity"]


class ResolveSerializer(KnownFieldsOnly, serializers.Serializer[None]):
    text = serializers.CharField(required=False, max_length=10_000, help_text="What solved it.")


class AcknowledgeSerializer(KnownFieldsOnly, serializers.Serializer[None]):
    """Takes nothing."""


class UpdateCreateSerializer(KnownFieldsOnly, serializers.Serializer[None]):
    text = serializers.CharField(max_length=10_000)
    status = StatusField(required=False, help_text="Moves the incident; unchanged, if left out.")
    public = serializers.BooleanField(default=False, help_text="Say it on `pages`, too.")
    pages = serializers.ListField(
        child=IdField(), required=False, max_length=200, help_text="Status pages, by id; with `public`."
    )
    notify = serializers.BooleanField(default=True, help_text="False: subscribers are not told.")

    def validate(self, attrs: Attributes) -> Attributes:
        public, pages = attrs.pop("public"), attrs.get("pages", [])
        if public and not pages:
            raise ValidationError({"pages": "Name the status pages that are to say it."})
        if pages and not public:
            raise ValidationError({"public": "What is said on pages is public; send true, or no pages."})
        attrs["pages"] = find_in_team(StatusPage, self.context["incident"].team, pages, field="pages")
        return attrs


class IncidentFilter(FilterSet):
    status = filters.ChoiceFilter(choices=IncidentStatus.choices)
    open = FlagFilter(method="keep_open", help_text="True: not resolved. False: resolved.")
    severity = filters.ChoiceFilter(choices=Severity.choices)
    kind = filters.ChoiceFilter(choices=IncidentKind.choices)
    monitor = IdFilter(field_name="monitor_id")
    team = IdFilter(field_name="team_id")
    since = InstantFilter(field_name="started_at", lookup_expr="gte", help_text="Started then or later.")
    until = InstantFilter(field_name="started_at", lookup_expr="lt", help_text="Started before then.")

    def keep_open(self, queryset: QuerySet[Incident], name: str, value: bool) -> QuerySet[Incident]:
        resolved = {"status": IncidentStatus.RESOLVED}
        return queryset.exclude(**resolved) if value else queryset.filter(**resolved)


_ID = OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)


@extend_schema_view(
    create=extend_schema(request=IncidentCreateSerializer, responses={201: IncidentSerializer}),
    partial_update=extend_schema(
        request=IncidentEditSerializer, responses=IncidentSerializer, parameters=[_ID]
    ),
    destroy=extend_schema(responses={204: None}, parameters=[_ID]),
    retrieve=extend_schema(parameters=[_ID]),
)
class IncidentViewSet(TeamRowsViewSet[Incident]):
    """What went wrong, opened by the checks or by people; only what people opened can be deleted."""

    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    search_fields = ["title"]
    ordering = "-started_at"
    ordering_fields = ["started_at", "severity"]
    lookup_value_regex = "[0-9]+"

    def get_serializer_class(self) -> Any:
        return IncidentRowSerializer if self.action == "list" else IncidentSerializer

    def read_rows(self, user: User) -> QuerySet[Incident]:
        return Incident.objects.for_api(user)

    def complete(self, rows: Sequence[Incident]) -> None:
        attach_withheld(rows)
        attach_told(rows)
        if self.action == "list":
            return
        prefetch_related_objects(list(rows), "updates__author")
        for incident in rows:
            deliveries = read_deliveries(incident)
            vars(incident)["deliveries"] = deliveries
            vars(incident)["timeline"] = build_timeline(incident, deliveries)
            vars(incident)["planned"] = read_planned(incident, now=timezone.now())
            vars(incident)["pages"] = read_pages(incident)

    @extend_schema(responses=OpenIncidentsSerializer, parameters=[OpenApiParameter("team", OpenApiTypes.INT)])
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def counts(self, request: Request) -> Response:
        """How many are open, and how many of these nobody has acknowledged."""
        asked = IncidentFilter(
            {"team": request.query_params.get("team"), "open": "true"}, self.get_queryset()
        )
        if not asked.is_valid():
            raise ValidationError(asked.errors)
        rows = asked.qs.order_by().values_list("severity", "acknowledged_at")
        open_ = [(severity, at is None) for severity, at in rows]
        by_severity = {name: sum(name == severity for severity, _ in open_) for name in Severity.values}
        unacknowledged = sum(waits for _, waits in open_)
        return Response({"open": len(open_), "unacknowledged": unacknowledged, "by_severity": by_severity})

    def _read(
        self, serializer_class: type[serializers.BaseSerializer[Any]], incident: Incident | None = None
    ) -> Attributes:
        context = {**self.get_serializer_context(), "incident": incident}
        serializer = serializer_class(data=self.request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return cast(Attributes, serializer.validated_data)

    def create(self, request: Request) -> Response:
        asked = self._read(IncidentCreateSerializer)
        incident = actions.open_(asked.pop("team"), **self._by(), **asked)
        return self.show_stored(incident, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        incident = self.get_object()
        serializer = IncidentEditSerializer(incident, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        actions.edit(incident, now=timezone.now(), **serializer.validated_data)
        return self.show_stored(incident)

    @can_answer(409)
    def destroy(self, request: Request, pk: str) -> Response:
        actions.delete(self.get_object(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=AcknowledgeSerializer, responses={200: IncidentSerializer}, parameters=[_ID])
    @action(detail=True, methods=["post"])
    @can_answer(409, 415)
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that you are on it; the first one stays named."""
        incident = self.get_object()
        self._read(AcknowledgeSerializer)
        actions.acknowledge(incident, **self._by())
        return self.show_stored(incident)

    @extend_schema(
        request=ResolveSerializer,
        responses={200: IncidentSerializer},
        parameters=[_ID],
    )
    @action(detail=True, methods=["post"])
    @can_answer(409)
    def resolve(self, request: Request, pk: str) -> Response:
        """Resolve by hand. A monitor that stays down opens no second incident until it has recovered once."""
        incident = self.get_object()
        actions.resolve(incident, **self._by(), **self._read(ResolveSerializer))
        return self.show_stored(incident)

    @extend_schema(
        request=UpdateCreateSerializer,
        responses={201: IncidentSerializer},
        parameters=[_ID],
    )
    @action(detail=True, methods=["post"])
    @can_answer(409)
    def updates(self, request: Request, pk: str) -> Response:
        """Add to the timeline, say it on status pages where `public` is true, and move the incident on where
        `status` says so."""
        incident = self.get_object()
        actions.add_update(incident, **self._by(), **self._read(UpdateCreateSerializer, incident))
        return self.show_stored(incident, status.HTTP_201_CREATED)

    def _by(self) -> dict[str, Any]:
        return {"author": cast(User, self.request.user), "now": timezone.now()}
