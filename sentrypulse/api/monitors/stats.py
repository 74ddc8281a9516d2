"""``monitors/{id}/stats``."""

from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from analytics.histogram import PHASES
from analytics.reports.freezing import zone_of
from analytics.stats import read_stats
from analytics.windows import WINDOWS
from core.time_zones import find_zone
from sentrypulse.api.monitors.base import MonitorEndpoints


class ChecksSerializer(serializers.Serializer[Any]):
    up = serializers.IntegerField()
    degraded = serializers.IntegerField()
    down = serializers.IntegerField()
    unknown = serializers.IntegerField()
    maintenance = serializers.IntegerField()


class PercentilesSerializer(serializers.Serializer[Any]):
    """Each within 1 % and half a millisecond of the exact nearest rank."""

    p50 = serializers.IntegerField(allow_null=True)
    p95 = serializers.IntegerField(allow_null=True)
    p99 = serializers.IntegerField(allow_null=True)


class LatencySerializer(PercentilesSerializer):
    min = serializers.IntegerField(allow_null=True)
    avg = serializers.IntegerField(allow_null=True)
    max = serializers.IntegerField(allow_null=True)


class PhasesSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {name: PercentilesSerializer() for name in PHASES[1:]}


class RatiosSerializer(serializers.Serializer[Any]):
    uptime = serializers.FloatField(allow_null=True, help_text="0 to 1; null where nothing was measured")
    coverage = serializers.FloatField(
        allow_null=True,
        help_text="0 to 1: the share of the time, less maintenance, that was measured; the rest is no data",
    )


class PointSerializer(RatiosSerializer):
    at = serializers.DateTimeField()
    p50_ms = serializers.IntegerField(allow_null=True)
    p95_ms = serializers.IntegerField(allow_null=True)
    p99_ms = serializers.IntegerField(allow_null=True)


class SeriesSerializer(serializers.Serializer[Any]):
    step_s = serializers.IntegerField()
    points = PointSerializer(many=True)


class HeatMapSerializer(serializers.Serializer[Any]):
    on = serializers.DateField()
    hours = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        min_length=24,
        max_length=24,
        help_text="Uptime of each local hour, 0 to 1",
    )


class DaySerializer(RatiosSerializer):
    on = serializers.DateField()
    downtime_s = serializers.IntegerField()
    maintenance_s = serializers.IntegerField()
    incidents = serializers.IntegerField(help_text="That began on that day")


class StatsSerializer(RatiosSerializer):
    window = serializers.ChoiceField(choices=list(WINDOWS))
    to = serializers.DateTimeField()
    timezone = serializers.CharField(help_text="Of the days and of the heat map's hours")
    downtime_s = serializers.IntegerField()
    maintenance_s = serializers.IntegerField()
    incidents = serializers.IntegerField(help_text="That overlap the window")
    mttr_s = serializers.IntegerField(
        allow_null=True, help_text="Mean time to recover, of the incidents resolved in the window"
    )
    mtbf_s = serializers.IntegerField(
        allow_null=True, help_text="Mean time between failures: time seen up, for each incident that began"
    )
    checks = ChecksSerializer()
    latency_ms = LatencySerializer()
    phases_ms = PhasesSerializer()
    series = SeriesSerializer()
    heat_map = HeatMapSerializer(many=True, help_text="The window's days, the last 30 at most")
    days = DaySerializer(many=True, help_text="The last 90 days, whatever the window")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``from`` is a word of Python's own, so it cannot be declared above."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


def read_zone(request: Request, *, team: Team) -> ZoneInfo:
    """The zone that ``?timezone=`` names, else the team's. Raises 400 for one that there is not."""
    asked = request.query_params.get("timezone")
    if not asked:
        return zone_of(team)
    try:
        return find_zone(asked)
    except ValueError as mistake:
        raise ValidationError({"timezone": [str(mistake)]}) from None


class StatsEndpoints(MonitorEndpoints):
    @extend_schema(
        parameters=[
            OpenApiParameter("window", enum=list(WINDOWS), default="24h"),
            OpenApiParameter("timezone", description="An IANA name; the team's, if left out."),
        ],
        responses=StatsSerializer,
    )
    @action(detail=True, methods=["get"])
    def stats(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Uptime, coverage, downtime, incidents and latency over a window that ends now; for a chart, a heat
        map and bars.

        A window of more than an hour begins on the whole hour: ``from`` tells.
        """
        window = request.query_params.get("window", "24h")
        if window not in WINDOWS:
            raise ValidationError(
                {"window": [f"There is no window {window!r}; choose from {', '.join(WINDOWS)}."]}
            )
        monitor = self.get_object()
        zone = read_zone(request, team=monitor.team)
        return Response(StatsSerializer(read_stats(monitor, window, now=timezone.now(), zone=zone)).data)
