"""``POST monitors/{id}/check`` and ``POST monitors/test``: a check at once, because somebody asked for it."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.outside_calls import hold_place
from actions.checks import check_now, try_draft
from core.schema import can_answer
from monitors.result_json import result_json
from monitors.services import draft_monitor
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.monitors.serializers import MonitorSerializer, ResultSerializer


class DraftSerializer(MonitorSerializer):
    """A monitor that is not stored, and needs no name yet."""

    name = serializers.CharField(default="Test", help_text="1 to 100 characters", allow_blank=True)


class CheckEndpoints(MonitorEndpoints):
    @extend_schema(request=None, responses=ResultSerializer)
    @action(detail=True, methods=["post"])
    @can_answer(409, 429)
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check the monitor now and return what was found."""
        monitor = self.get_object()
        with hold_place(request.user):
            result = check_now(monitor, now=timezone.now())
        return Response(result_json(result))

    @extend_schema(request=DraftSerializer, responses=ResultSerializer)
    @action(detail=False, methods=["post"])
    @can_answer(409, 429)
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check a monitor before it is created, and return what was found. Nothing is stored."""
        body = DraftSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        fields = dict(body.validated_data)
        fields.pop("depends_on", None)  # says whom to tell, not what to check
        draft, _ = draft_monitor(fields.pop("team"), **fields)
        with hold_place(request.user):
            result = try_draft(draft, now=timezone.now())
        return Response(result_json(result) | {"monitor": None})
