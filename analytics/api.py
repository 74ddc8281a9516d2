"""The figures on the wire: ``uptime`` in the monitor's JSON, and ``monitors/{id}/stats``."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.stats import read_stats
from analytics.uptime import LISTED, WINDOWS, measure
from monitors.models import Monitor


class ChecksSerializer(serializers.Serializer[Any]):
    up = serializers.IntegerField()
    degraded = serializers.IntegerField()
    down = serializers.IntegerField()
    unknown = serializers.IntegerField()
    maintenance = serializers.IntegerField()


class LatencySerializer(serializers.Serializer[Any]):
    min = serializers.IntegerField(allow_null=True)
    avg = serializers.IntegerField(allow_null=True)
    p50 = serializers.IntegerField(allow_null=True)
    p95 = serializers.IntegerField(allow_null=True)
    p99 = serializers.IntegerField(allow_null=True)
    max = serializers.IntegerField(allow_null=True)


class StatsSerializer(serializers.Serializer[Any]):
    window = serializers.ChoiceField(choices=list(WINDOWS))
    to = serializers.DateTimeField()
    uptime = serializers.FloatField(allow_null=True, help_text="0 to 1; null where nothing was measured")
    coverage = serializers.FloatField(allow_null=True, help_text="The share of the time that was measured")
    downtime_s = serializers.IntegerField()
    incidents = serializers.IntegerField()
    checks = ChecksSerializer()
    latency_ms = LatencySerializer()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``from`` is a word of Python's own, so it cannot be declared above."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class ShowsUptime:
    """A mixin for the monitors' viewset."""

    @extend_schema(
        parameters=[OpenApiParameter("window", enum=list(WINDOWS), default="24h")], responses=StatsSerializer
    )
    @action(detail=True, methods=["get"])
    def stats(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Uptime, downtime, incidents and latency over a window that ends now."""
        window = request.query_params.get("window", "24h")
        if window not in WINDOWS:
            raise ValidationError(
                {"window": [f"There is no window {window!r}; choose from {', '.join(WINDOWS)}."]}
            )
        monitor: Monitor = self.get_object()  # type: ignore[attr-defined]  # the viewset's
        return Response(StatsSerializer(read_stats(monitor, window, now=timezone.now())).data)

    def attach(self, monitors: list[Monitor], *, now: datetime) -> None:
        super().attach(monitors, now=now)  # type: ignore[misc]  # the viewset's hook
        measured = measure(monitors, LISTED, now=now)
        for monitor in monitors:
            monitor.uptime = {w: m.uptime_ratio for w, m in measured[monitor.pk].items()}  # type: ignore[attr-defined]  # for the serializer
