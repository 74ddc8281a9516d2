"""``monitors/{id}/maintenance``: in maintenance from now on, and out of it again."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from actions.alerting import end_maintenance_of, start_maintenance
from core.schema import can_answer
from sentrypulse.api.fields import LineField
from sentrypulse.api.incidents.maintenance import MaintenanceWindowSerializer, attach_spans
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.serializers import KnownFieldsOnly

LONGEST_S = 31 * 86_400


class StartMaintenanceSerializer(KnownFieldsOnly):
    duration_s = serializers.IntegerField(
        min_value=60, max_value=LONGEST_S, default=3600, help_text="A minute to 31 days"
    )
    title = LineField(
        max_length=200, allow_blank=True, default="", help_text="Else it is named after the monitor"
    )


class MaintenanceEndpoints(MonitorEndpoints):
    @extend_schema(
        methods=["POST"], request=StartMaintenanceSerializer, responses={201: MaintenanceWindowSerializer}
    )
    @extend_schema(methods=["DELETE"], responses={204: None})
    @action(detail=True, methods=["post", "delete"])
    @can_answer(409)
    def maintenance(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put the monitor in maintenance from now on; or (DELETE) end that. A window that covers other
        monitors, too, is not ended here."""
        monitor = self.get_object()
        if request.method == "DELETE":
            end_maintenance_of(monitor, now=self.now)
            return Response(status=status.HTTP_204_NO_CONTENT)
        body = StartMaintenanceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        lasts = timedelta(seconds=body.validated_data["duration_s"])
        window = start_maintenance(monitor, title=body.validated_data["title"], lasts=lasts, now=self.now)
        attach_spans([window], now=self.now)
        return Response(MaintenanceWindowSerializer(window).data, status=status.HTTP_201_CREATED)
