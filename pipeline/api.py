"""Run a monitor now, or before there is one; check what is new, edited or resumed without waiting for its
slot."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from monitors.api.serializers import MonitorSerializer, ResultSerializer
from monitors.models import Monitor
from monitors.results import result_json
from monitors.services import draft_monitor
from pipeline.run_now import check_draft, run_now
from pipeline.specs import check_soon


class RunsNow:
    """A mixin for the monitors' viewset: ``POST monitors/{id}/check``, ``POST monitors/test``, and a check
    besides the slots after a change."""

    @extend_schema(request=None, responses=ResultSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check the monitor now and return what was found."""
        monitor: Monitor = self.get_object()  # type: ignore[attr-defined]  # the viewset's
        return Response(result_json(run_now(monitor, now=timezone.now())))

    @extend_schema(request=MonitorSerializer, responses=ResultSerializer)
    @action(detail=False, methods=["post"])
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check a monitor before it is created, and return what was found. Nothing is stored."""
        serializer = self.get_serializer(data=request.data)  # type: ignore[attr-defined]  # the viewset's
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        draft, _ = draft_monitor(fields.pop("team"), **fields)
        return Response(result_json(check_draft(draft, now=timezone.now())) | {"monitor": None})

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        super().after_change(event, monitors, now=now)  # type: ignore[misc]  # the viewset's hook
        if event in {"created", "edited", "resumed"}:
            transaction.on_commit(lambda: check_soon(monitors, now=now))
