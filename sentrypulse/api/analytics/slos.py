"""`slos/`: what a team promises of its monitors, how that stands, and when it was at risk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import floor
from typing import Any, cast

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Role, Team, User
from analytics.models import BurnAlert, Slo, SloQuerySet
from analytics.slos import services as slos
from analytics.slos.burn import round_down
from analytics.slos.status import SHOWN_WINDOWS, read_standings
from core.filters import FilterSet, IdFilter
from core.schema import can_answer
from core.showing import Showable
from monitors.models import Monitor
from sentrypulse.api.fields import IdField, LineField
from sentrypulse.api.lookups import find_in_team, find_tags
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet


@extend_schema_field({"type": "number", "minimum": 0.5, "maximum": 1, "exclusiveMaximum": True})
class TargetField(serializers.DecimalField):
    """Exact when stored, a number of JSON when told."""

    def __init__(self, **kwargs: Any) -> None:
        messages: Any = dict.fromkeys(("invalid", "max_string_length"), slos.TARGET)
        super().__init__(max_digits=None, decimal_places=None, error_messages=messages, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        target = super().to_internal_value(data)
        if fault := slos.find_target_fault(target):
            raise ValidationError(fault)
        return target

    def to_representation(self, value: Any) -> Any:
        return float(value)


class BurnAlertSerializer(Showable, serializers.ModelSerializer[BurnAlert]):
    """The burn rates are those it opened with."""

    opened_at = serializers.DateTimeField(read_only=True)
    closed_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = BurnAlert
        fields = ["speed", "burn_rate_long", "burn_rate_short", "opened_at", "closed_at"]
        read_only_fields = fields


class BurnRatesSerializer(serializers.Serializer[Any]):
    """At 1 the budget lasts just the SLO's window; null where nothing was measured."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.FloatField(allow_null=True) for name in SHOWN_WINDOWS}


class SloSerializer(KnownFieldsOnly):
    """A target over the ``window_days`` that end now. Needs what ``attach_standings`` puts there."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    name = LineField(max_length=100)
    monitor = IdField(default=None, allow_null=True, source="monitor_id")
    tag = serializers.CharField(
        default=None,
        allow_null=True,
        max_length=50,
        help_text="By name: the time of all its monitors together. Either a monitor or a tag.",
    )
    target = TargetField(source="target_ratio", help_text="0.999 is 99.9 %; at most six decimals")
    window_days = serializers.IntegerField(
        default=30,
        min_value=1,
        max_value=90,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), slos.WINDOW),
    )
    created_at = serializers.DateTimeField(read_only=True)
    uptime = serializers.FloatField(
        read_only=True, allow_null=True, help_text="0 to 1; null where nothing was measured"
    )
    coverage = serializers.FloatField(
        read_only=True, allow_null=True, help_text="0 to 1: the share of the time that was measured"
    )
    budget_s = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="How long it may be down in the time that was measured"
    )
    budget_left_s = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Negative: the target is missed"
    )
    budget_left_ratio = serializers.FloatField(
        read_only=True, allow_null=True, help_text="1: untouched; 0: used up; negative: the target is missed"
    )
    burn_rates = BurnRatesSerializer(read_only=True)
    alerts = BurnAlertSerializer(source="open_alerts", many=True, read_only=True, help_text="The open ones")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        team: Team = self.instance.team if self.instance else attrs["team"]
        if "monitor_id" in attrs:
            pk = attrs.pop("monitor_id")
            attrs["monitor"] = pk and find_in_team(Monitor, team, [pk], field="monitor")[0]
        if attrs.get("tag") is not None:
            attrs["tag"] = find_tags(team, [attrs["tag"]], field="tag")[0]
        return attrs


def attach_standings(found: Iterable[Slo], *, now: datetime) -> None:
    """Put on each SLO how it stands, rounded down for the wire."""
    shown = list(found)
    standings = read_standings(shown, now=now)
    for slo in shown:
        standing = standings[slo.pk]
        budget = standing.budget
        computed = {
            "uptime": standing.uptime,
            "coverage": standing.coverage,
            "budget_s": budget and floor(budget.total_ms / 1000),
            "budget_left_s": budget and floor(budget.left_ms / 1000),
            "budget_left_ratio": budget and round_down(budget.left_ratio),
            "burn_rates": {name: round_down(rate) for name, rate in standing.burn_rates.items()},
        }
        vars(slo).update(computed)


class SloFilter(FilterSet):
    monitor = IdFilter(field_name="monitor_id")
    tag = filters.CharFilter(field_name="tag__name", lookup_expr="iexact")
    team = IdFilter(field_name="team_id")


@extend_schema_view(create=extend_schema(responses={201: SloSerializer}))
class SloViewSet(TeamRowsViewSet[Slo]):
    """SLOs: a target for a monitor's or a tag's uptime, the error budget left, and how fast it burns."""

    name = "SLOs"
    write_role = Role.MEMBER
    queryset = Slo.objects.none()
    serializer_class = SloSerializer
    filterset_class = SloFilter
    search_fields = ["name"]
    ordering = "-id"
    ordering_fields = ["id", "name", "created_at"]
    lookup_value_regex = "[0-9]+"
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        super().initial(request, *args, **kwargs)

    def read_rows(self, user: User) -> SloQuerySet:
        return Slo.objects.for_api(user)

    def complete(self, rows: Sequence[Slo]) -> None:
        attach_standings(rows, now=self.now)

    @can_answer(409)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self.read_body()
        slo = slos.create_slo(fields.pop("team"), **fields)
        return self.show_stored(slo, status.HTTP_201_CREATED)

    @can_answer(409)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Another target, window, monitor or tag closes the open alerts: another rule judged them."""
        before = self.get_object()
        changes = self.read_body(before, partial=kwargs.get("partial", False))
        slos.update_slo(before, now=self.now, **changes)
        return self.show_stored(before)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Another target, window, monitor or tag closes the open alerts: another rule judged them."""
        return self.update(request, *args, **{**kwargs, "partial": True})

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the SLO and its alerts; its monitors stay."""
        slos.delete_slo(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=BurnAlertSerializer(many=True))
    @action(
        detail=True,
        methods=["get"],
        filter_backends=[],
        ordering="-opened_at",
        ordering_fields=["opened_at"],
    )
    def alerts(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """When its budget burnt too fast, newest first; the open ones too."""
        page = self.paginate_queryset(cast(Any, BurnAlert.objects.filter(slo=self.get_object())))
        return self.get_paginated_response(BurnAlertSerializer(cast(Any, page), many=True).data)
