"""`incidents/`: what went wrong, and what people say and do about it.

A person is ``{"id","name","email"}`` or null; null as an update's author is SentryPulse itself. The actions
answer with the whole incident, as ``GET`` would. Names that a request does not know are refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters  # type: ignore[import-untyped]  # it ships no types
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import User
from incidents import services
from incidents.api.requests import BIGGEST_ID, Attributes, find_monitors
from incidents.models import Incident, IncidentKind, IncidentStatus, Severity, Update
from incidents.reconcile import IncidentEvent
from monitors.api.conditional import Conditional
from monitors.api.serializers import KnownFieldsOnly


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


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    status = StatusField(read_only=True)
    cause = serializers.DictField(read_only=True, allow_null=True, help_text="The result that opened it.")
    started_at = serializers.DateTimeField(read_only=True)
    acknowledged_by = AuthorSerializer(read_only=True, allow_null=True)
    resolved_at = serializers.DateTimeField(read_only=True, allow_null=True)
    resolved_by = AuthorSerializer(read_only=True, allow_null=True)
    duration_s = serializers.IntegerField(read_only=True, allow_null=True, help_text="Null while it is open.")
    updates = UpdateSerializer(many=True, read_only=True)

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
        fields += ["updates"]
        read_only_fields = fields


class IncidentCreateSerializer(KnownFieldsOnly, serializers.ModelSerializer[Incident]):
    """An incident that a person opens."""

    team = TeamField()
    monitor = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=BIGGEST_ID)
    status = StatusField(default=IncidentStatus.INVESTIGATING)
    text = serializers.CharField(required=False, max_length=10_000, help_text="The first update.")
    started_at = serializers.DateTimeField(required=False, help_text="Now, if left out.")

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
            attrs["monitor"] = find_monitors(attrs["team"], [attrs["monitor"]], field="monitor")[0]
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


class IncidentFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    status = filters.ChoiceFilter(choices=IncidentStatus.choices)
    open = filters.BooleanFilter(method="keep_open", help_text="True: not resolved. False: resolved.")
    severity = filters.ChoiceFilter(choices=Severity.choices)
    kind = filters.ChoiceFilter(choices=IncidentKind.choices)
    monitor = filters.NumberFilter(
        field_name="monitor_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )
    team = filters.NumberFilter(field_name="team_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0)
    since = filters.IsoDateTimeFilter(
        field_name="started_at", lookup_expr="gte", help_text="Started then or later."
    )
    until = filters.IsoDateTimeFilter(
        field_name="started_at", lookup_expr="lt", help_text="Started before then."
    )

    def keep_open(self, queryset: QuerySet[Incident], name: str, value: bool) -> QuerySet[Incident]:
        resolved = {"status": IncidentStatus.RESOLVED}
        return queryset.exclude(**resolved) if value else queryset.filter(**resolved)


@dataclass(slots=True)
class Told:
    """What ``_telling`` hands on."""

    now: datetime
    incident: Incident | None


_ID = OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)
_RESOLVED_ALREADY = OpenApiResponse(OpenApiTypes.OBJECT, description='`{"detail"}`: it is resolved already.')


@extend_schema_view(
    create=extend_schema(request=IncidentCreateSerializer, responses={201: IncidentSerializer}),
    partial_update=extend_schema(
        request=IncidentEditSerializer, responses=IncidentSerializer, parameters=[_ID]
    ),
    destroy=extend_schema(responses={204: None, 409: OpenApiTypes.OBJECT}, parameters=[_ID]),
    retrieve=extend_schema(parameters=[_ID]),
)
class IncidentViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Incident]
):
    """What went wrong, opened by the checks or by people; only what people opened can be deleted."""

    queryset = Incident.objects.none()
    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    search_fields = ["title"]
    ordering = "-started_at"
    ordering_fields = ["started_at", "severity"]

    def get_queryset(self) -> QuerySet[Incident]:
        return Incident.objects.for_api(cast(User, self.request.user)).select_related("resolved_by")

    def _read(self, serializer_class: type[serializers.BaseSerializer[Any]]) -> Attributes:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return cast(Attributes, serializer.validated_data)

    def _answer(self, incident: Incident, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=incident.pk)).data, status=code)

    def tell(self, events: Sequence[IncidentEvent], *, now: datetime) -> None:
        """For apps above that tell people. Called in the change's transaction."""

    @contextmanager
    def _telling(self, event: str, incident: Incident | None = None) -> Iterator["Told"]:
        """Change an incident and hand on what happened, in one transaction."""
        told = Told(timezone.now(), incident)
        with transaction.atomic():
            yield told
            if told.incident is not None:
                if told.incident.pk:
                    told.incident.refresh_from_db()
                self.tell([IncidentEvent(event, told.incident)], now=told.now)

    def create(self, request: Request) -> Response:
        asked = self._read(IncidentCreateSerializer)
        with self._telling("opened") as told:
            told.incident = services.open_manual(
                asked.pop("team"), author=cast(User, request.user), now=told.now, **asked
            )
        return self._answer(told.incident, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, pk: str) -> Response:
        incident = self.get_object()
        serializer = IncidentEditSerializer(incident, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        with self._telling("edited", incident):
            services.edit_incident(incident, **serializer.validated_data)
        return self._answer(incident)

    def destroy(self, request: Request, pk: str) -> Response:
        incident = self.get_object()
        with self._telling("deleted", incident):
            services.delete_incident(incident)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=None, responses={200: IncidentSerializer, 409: _RESOLVED_ALREADY}, parameters=[_ID]
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that you are on it; the first one stays named."""
        incident = self.get_object()
        self._read(AcknowledgeSerializer)
        with self._telling("acknowledged", incident) as told:
            services.acknowledge(incident, author=cast(User, request.user), now=told.now)
        return self._answer(incident)

    @extend_schema(
        request=ResolveSerializer,
        responses={200: IncidentSerializer, 409: _RESOLVED_ALREADY},
        parameters=[_ID],
    )
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Resolve by hand. A monitor that stays down opens no second incident until it has recovered once."""
        incident = self.get_object()
        asked = self._read(ResolveSerializer)
        with self._telling("resolved", incident) as told:
            services.resolve(incident, author=cast(User, request.user), now=told.now, **asked)
        return self._answer(incident)

    @extend_schema(
        request=UpdateCreateSerializer,
        responses={201: IncidentSerializer, 409: _RESOLVED_ALREADY},
        parameters=[_ID],
    )
    @action(detail=True, methods=["post"])
    def updates(self, request: Request, pk: str) -> Response:
        """Add to the timeline, and move the incident on where `status` says so."""
        incident = self.get_object()
        asked = self._read(UpdateCreateSerializer)
        event = "resolved" if asked.get("status") == IncidentStatus.RESOLVED else "updated"
        with self._telling(event, incident) as told:
            services.add_update(incident, author=cast(User, request.user), now=told.now, **asked)
        return self._answer(incident, status.HTTP_201_CREATED)
