"""``monitors/{id}/stats``."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from analytics.frames import LONGEST, SHORTEST, Frame, frame_between, frame_window
from analytics.histogram import PHASES
from analytics.reports.freezing import zone_of
from analytics.retention import hours_kept_from, raw_kept_from
from analytics.stats import find_newest_end, name_figures, read_frame
from analytics.windows import WINDOWS
from core.time_zones import find_zone
from core.timestamps import TimestampField
from monitors.models import Monitor
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


class MediansSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField(allow_null=True) for name in PHASES[1:]}


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
    count = serializers.IntegerField(help_text="Checks that measured: up, degraded or down")
    failures = serializers.IntegerField(help_text="Of these, down")
    degraded = serializers.IntegerField(help_text="Of these, degraded")
    maintenance = serializers.IntegerField(help_text="Checks in maintenance; they are in no other count")
    phases_ms = MediansSerializer(help_text="The median of each phase")


class SeriesSerializer(serializers.Serializer[Any]):
    step_s = serializers.IntegerField()
    points = PointSerializer(many=True)


class BandSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["incident", "maintenance"])
    id = serializers.IntegerField(help_text="Of the incident, or of the maintenance window")
    to = serializers.DateTimeField(allow_null=True, help_text="Null while the incident is open")
    word = serializers.CharField(help_text="What to write on it")
    title = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.DateTimeField()}


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
    window = serializers.ChoiceField(choices=list(WINDOWS), allow_null=True, help_text="Null with `from`")
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
    bands = BandSerializer(many=True, help_text="Incidents and maintenance; the newest 200 of each")
    heat_map = HeatMapSerializer(many=True, help_text="The window's days, the last 30; none with `from`")
    days = DaySerializer(many=True, help_text="The last 90 days, whatever the window; none with `from`")

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


class FrameQuerySerializer(serializers.Serializer[Any]):
    """A fixed window that ends now, or any stretch."""

    window = serializers.CharField(default="24h", allow_blank=True)
    to = TimestampField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": TimestampField(required=False)}

    def validate_window(self, window: str) -> str:
        if window not in WINDOWS:
            raise serializers.ValidationError(
                f"There is no window {window!r}; choose from {', '.join(WINDOWS)}."
            )
        return window

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until, now = attrs.get("from"), attrs.get("to"), self.context["now"]
        if until is not None and since is None:
            raise serializers.ValidationError({"from": "Say from when, too."})
        if since is not None and "window" in self.initial_data:
            raise serializers.ValidationError({"window": "Give either a window, or from and to."})
        if since is not None:
            attrs["to"] = until = min(until or now, now)
            if until - since < SHORTEST:
                raise serializers.ValidationError({"from": "Ask for a minute of what has been, at least."})
            if until - since > LONGEST:
                raise serializers.ValidationError({"from": f"Ask for {LONGEST.days} days at most."})
        return attrs


def read_frame_query(request: Request, monitor: Monitor, *, now: datetime) -> Frame:
    """The stretch of time that is asked for. Raises 400."""
    query = FrameQuerySerializer(data=request.query_params, context={"now": now})
    query.is_valid(raise_exception=True)
    asked = query.validated_data
    if "from" not in asked:
        return frame_window(asked["window"], now, hours_from=hours_kept_from(now))
    return frame_between(
        asked["from"],
        asked["to"],
        now=now,
        interval=timedelta(seconds=monitor.interval_s),
        raw_from=raw_kept_from(now),
        hours_from=hours_kept_from(now),
    )


class StatsEndpoints(MonitorEndpoints):
    @extend_schema(
        parameters=[
            OpenApiParameter("window", enum=list(WINDOWS), default="24h"),
            OpenApiParameter("from", OpenApiTypes.DATETIME, description="Instead of a window"),
            OpenApiParameter("to", OpenApiTypes.DATETIME, description="Now, if left out; 366 days at most"),
            OpenApiParameter("timezone", description="An IANA name; the team's, if left out."),
        ],
        responses=StatsSerializer,
    )
    @action(detail=True, methods=["get"])
    def stats(self, request: Request, *args: Any, **kwargs: Any) -> Response | HttpResponse:
        """Uptime, coverage, downtime, incidents and latency over a window that ends now, or from `from` to
        `to`; for a chart, a heat map and bars.

        Where roll-ups are read, a stretch begins and ends on whole hours or days: `from` and `to` tell. A
        point without coverage is a gap. The end moves on with each minute and each result, so If-None-Match
        is answered 304 between them.
        """
        monitor = self.get_object()
        zone = read_zone(request, team=monitor.team)
        frame = read_frame_query(request, monitor, now=find_newest_end(monitor, now=self.now))
        etag = name_figures(monitor, frame, zone=zone)
        unchanged = get_conditional_response(request._request, etag=etag)
        answer = unchanged or Response(StatsSerializer(read_frame(monitor, frame, zone=zone)).data)
        answer["ETag"] = etag
        patch_cache_control(answer, private=True, no_cache=True)
        return answer
