"""`slos/`: what a team promises of its monitors, how that stands, and when it was at risk."""

from collections.abc import Iterable
from datetime import datetime
from math import floor
from typing import Any, cast

from django.utils import timezone
from django_filters import rest_framework as filters  # type: ignore[import-untyped]  # it ships no types
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.wire import LineField
from accounts.fields import TeamField
from accounts.models import Role, Team, User
from analytics.models import BurnAlert, Slo, SloQuerySet
from analytics.slos import services as slos
from analytics.slos.burn import round_down
from analytics.slos.standing import SHOWN, read_standings
from monitors.api.conditional import Conditional
from monitors.api.serializers import KnownFieldsOnly
from monitors.models import Monitor, Tag
from monitors.tags import known_tags

BIGGEST_ID = 2**63 - 1


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


class BurnAlertSerializer(serializers.ModelSerializer[BurnAlert]):
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
        return {name: serializers.FloatField(allow_null=True) for name in SHOWN}


class SloSerializer(KnownFieldsOnly):
    """A target over the ``window_days`` that end now. Needs what ``attach_standings`` puts there."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    name = LineField(max_length=100)
    monitor = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=BIGGEST_ID, source="monitor_id"
    )
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
            attrs["monitor"] = _find_monitor(team, attrs.pop("monitor_id"))
        if "tag" in attrs:
            attrs["tag"] = _find_tag(team, attrs["tag"])
        return attrs


def _find_monitor(team: Team, pk: int | None) -> Monitor | None:
    monitor = None if pk is None else Monitor.objects.filter(team=team, pk=pk).first()
    if pk is not None and monitor is None:
        raise ValidationError(
            {"monitor": [f"There is no monitor {pk} in this team; give the id of one of its monitors."]}
        )
    return monitor


def _find_tag(team: Team, name: str | None) -> Tag | None:
    if name is None:
        return None
    tag = known_tags(team.pk).get(name.casefold())
    if tag is None:
        raise ValidationError(
            {"tag": [f"There is no tag {name!r} in this team; choose one of its tags, or make it first."]}
        )
    return tag


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


class SloFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    monitor = filters.NumberFilter(
        field_name="monitor_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )
    tag = filters.CharFilter(field_name="tag__name", lookup_expr="iexact")
    team = filters.NumberFilter(field_name="team_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0)


@extend_schema_view(create=extend_schema(responses={201: SloSerializer}))
class SloViewSet(Conditional, viewsets.GenericViewSet[Slo]):
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

    def get_queryset(self) -> SloQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Slo.objects.none()
        return Slo.objects.for_api(cast(User, self.request.user))

    def _answer(self, slo: Slo, code: int = status.HTTP_200_OK) -> Response:
        attach_standings([slo], now=self.now)
        return Response(self.get_serializer(slo).data, status=code)

    def _read(self, slo: Slo | None = None, *, partial: bool = False) -> dict[str, Any]:
        serializer = self.get_serializer(slo, data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        attach_standings(page, now=self.now)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._answer(self.get_object())

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self._read()
        slo = slos.create_slo(fields.pop("team"), **fields)
        return self._answer(self.get_queryset().get(pk=slo.pk), status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Another target, window, monitor or tag closes the open alerts: another rule judged them."""
        before = self.get_object()
        changes = self._read(before, partial=kwargs.get("partial", False))
        slos.update_slo(before, now=self.now, **changes)
        return self._answer(self.get_queryset().get(pk=before.pk))

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
