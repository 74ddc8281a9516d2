"""`deliveries/`: the ledger. Who was told what, when, how many tries, what came back."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from alerts import services
from alerts.models import Delivery, DeliveryQuerySet, Event, OwnEvent, Reason
from core.filters import FilterSet, IdFilter, InstantFilter
from core.schema import can_answer
from core.showing import Showable
from outbox.models import OutgoingStatus
from sentrypulse.api.viewsets import TeamRowsViewSet


class DeliverySerializer(Showable, serializers.ModelSerializer[Delivery]):
    """``held`` waits for others that may come at once; ``dropped`` was told in another way, or no more;
    ``withheld`` reached nobody: ``reason`` and ``answer`` say why, from ``planned_at`` to ``settled_at``."""

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
    reason = serializers.ChoiceField(
        choices=Reason.choices,
        read_only=True,
        allow_blank=True,
        help_text="Why it reached nobody; else empty",
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
            "reason",
        ]
        fields += ["planned_at", "due_at", "attempts", "settled_at", "answer_status", "answer"]
        fields += ["digest", "instead_of", "key"]
        read_only_fields = fields


class DeliveryFilter(FilterSet):
    team = IdFilter(field_name="team_id")
    channel = IdFilter(field_name="channel_id")
    incident = IdFilter(field_name="trouble__incident_id")
    monitor = IdFilter(field_name="trouble__monitor_id")
    status = filters.ChoiceFilter(choices=OutgoingStatus.choices)
    reason = filters.ChoiceFilter(choices=Reason.choices)
    event = filters.ChoiceFilter(choices=[*Event.choices, *OwnEvent.choices])
    since = InstantFilter(field_name="planned_at", lookup_expr="gte")
    until = InstantFilter(field_name="planned_at", lookup_expr="lt")


class DeliveryViewSet(TeamRowsViewSet[Delivery]):
    """Who was told what, newest first."""

    write_role = Role.MEMBER
    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    search_fields = ["subject", "channel_name"]
    ordering = "-id"
    ordering_fields = ["id"]
    lookup_value_regex = "[0-9]+"

    def read_rows(self, user: User) -> DeliveryQuerySet:
        return Delivery.objects.for_api(user)

    @extend_schema(request=None, responses=DeliverySerializer)
    @action(detail=True, methods=["post"])
    @can_answer(409)
    def retry(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Try again now what was given up, or waits for its next try."""
        return self.show(services.retry_delivery(self.get_object(), now=timezone.now()))
