"""`incidents/`: what went wrong, and what people say and do about it.

A person is ``{"id","name","email"}`` or null; null as an update's author is SentryPulse itself. The actions
answer with the whole incident, as ``GET`` would. Names that a request does not know are refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
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
from sentrypulse.api.alerts.incidents import attach_withheld
from sentrypulse.api.fields import IdField
from sentrypulse.api.lookups import find_in_team
from sentrypulse.api.monitors.serializers import ResultSerializer
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet

Attributes = dict[str, Any]


class StatusField(serializers.ChoiceField):
    """An incident's status. The schema names it once: other objects have one too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=IncidentStatus.choices, **kwargs)


class StatusFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # it registers itself
    target_class = StatusField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]  # theirs
            name="IncidentStatus",
            type=ResolvedComponent.SCHEMA,
            object="IncidentStatus",
            schema={"type": "string", "enum": IncidentStatus.values},
        )
        auto_schema.registry.register_on_missing(component)
        return component.ref


class AuthorSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "name", "email"]
        read_only_fields = fields


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


class IncidentSerializer(Showable, serializers.ModelSerializer[Incident]):
    status = StatusField(read_only=True)
    cause = CauseField(read_only=True, allow_null=True, help_text="The result that opened it.")
    started_at = serializers.DateTimeField(read_only=True)
    acknowledged_by = AuthorSerializer(read_only=True, allow_null=True)
    resolved_at = serializers.DateTimeField(read_only=True, allow_null=True)
    resolved_by = AuthorSerializer(read_only=True, allow_null=True)
    duration_s = serializers.IntegerField(read_only=True, allow_null=True, help_text="Null while it is open.")
    updates = UpdateSerializer(many=True, read_only=True)
    withheld = WithheldSerializer(
        many=True, read_only=True, help_text="Why was nobody told? What alerts kept back, and why."
    )

    class Meta:
        model = Incident
        fields = ["id", "team", "monitor", "title", "kind", "status", "severity", "cause", "started_at"]
        fields += [
            "acknowledged_at",
            "acknowledged_by",
            "resolved_at",
            "resolved_by",
            "duration_s",
            "retracted",
        ]
        fields += ["updates", "withheld"]
        read_only_fields = fields


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

    def read_rows(self, user: User) -> QuerySet[Incident]:
        return Incident.objects.for_api(user).select_related("resolved_by")

    def complete(self, rows: Sequence[Incident]) -> None:
        attach_withheld(rows)

    def _read(self, serializer_class: type[serializers.BaseSerializer[Any]]) -> Attributes:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
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
        """Add to the timeline, and move the incident on where `status` says so."""
        incident = self.get_object()
        actions.add_update(incident, **self._by(), **self._read(UpdateCreateSerializer))
        return self.show_stored(incident, status.HTTP_201_CREATED)

    def _by(self) -> dict[str, Any]:
        return {"author": cast(User, self.request.user), "now": timezone.now()}
