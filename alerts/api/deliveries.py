"""`deliveries/`: the ledger. Who was told what, when, how many tries, what came back."""

from typing import Any, cast

from django.utils import timezone
from django_filters import rest_framework as filters  # type: ignore[import-untyped]  # it ships no types
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from alerts import services
from alerts.api.rules import BIGGEST_ID
from alerts.models import Delivery, DeliveryQuerySet, Event, OwnEvent
from monitors.api.conditional import Conditional
from outbox.models import OutgoingStatus


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """``held`` waits for others that may come at once; ``dropped`` was told in another way, or no more."""

    channel_name = serializers.CharField(read_only=True)
    incident = serializers.IntegerField(
        source="trouble.incident_id", default=None, read_only=True, allow_null=True
    )
    monitor = serializers.IntegerField(
        source="trouble.monitor_id", default=None, read_only=True, allow_null=True
    )
    planned_at = serializers.DateTimeField(read_only=True)
    due_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When it is tried next, or tried again if no receipt came"
    )
    settled_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "team",
            "channel",
            "channel_name",
            "event",
            "incident",
            "monitor",
            "subject",
            "status",
        ]
        fields += ["planned_at", "due_at", "attempts", "settled_at", "answer_status", "answer"]
        fields += ["digest", "instead_of", "key"]
        read_only_fields = fields


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    team = filters.NumberFilter(field_name="team_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0)
    channel = filters.NumberFilter(
        field_name="channel_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )
    incident = filters.NumberFilter(
        field_name="trouble__incident_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )
    monitor = filters.NumberFilter(
        field_name="trouble__monitor_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )
    status = filters.ChoiceFilter(choices=OutgoingStatus.choices)
    event = filters.ChoiceFilter(choices=[*Event.choices, *OwnEvent.choices])
    since = filters.IsoDateTimeFilter(field_name="planned_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="planned_at", lookup_expr="lt")


class DeliveryViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Delivery]
):
    """Who was told what, newest first."""

    write_role = Role.MEMBER
    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    search_fields = ["subject", "channel_name"]
    ordering = "-id"
    ordering_fields = ["id"]
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> DeliveryQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Delivery.objects.none()
        return Delivery.objects.for_api(cast(User, self.request.user))

    @extend_schema(request=None, responses=DeliverySerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Try again now what was given up, or waits for its next try."""
        row = services.retry_delivery(self.get_object(), now=timezone.now())
        return Response(self.get_serializer(row).data)
