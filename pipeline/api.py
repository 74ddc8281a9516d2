"""Run a monitor now, or before there is one; check what is new, edited or resumed without waiting for its
slot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.throttles import count_attempt
from alerts import testing
from alerts.defaults import ensure_defaults
from alerts.models import Channel
from delivery.message import Outcome
from incidents.reconcile import IncidentEvent
from monitors.api.serializers import MonitorSerializer, ResultSerializer
from monitors.models import Monitor
from monitors.results import result_json
from monitors.services import draft_monitor
from pipeline.run_now import check_draft, run_now
from pipeline.sending import send_one
from pipeline.specs import check_soon
from pipeline.telling import tell


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
        fields.pop("depends_on", None)  # says whom to tell, not what to check
        draft, _ = draft_monitor(fields.pop("team"), **fields)
        return Response(result_json(check_draft(draft, now=timezone.now())) | {"monitor": None})

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        super().after_change(event, monitors, now=now)  # type: ignore[misc]  # the viewset's hook
        if event in {"created", "edited", "resumed"}:
            transaction.on_commit(lambda: check_soon(monitors, now=now))


class TellsPeople:
    """A mixin for viewsets by which incidents change: what happened is told, in the same transaction.

    A team's first monitor brings the channel and the rule by which its owners are told.
    """

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        super().after_change(event, monitors, now=now)  # type: ignore[misc]  # the viewset's hook
        if event == "created":
            ensure_defaults({monitor.team_id for monitor in monitors})

    def tell(self, events: Sequence[IncidentEvent], *, now: datetime) -> None:
        tell(events, now=now)


class TestResultSerializer(serializers.Serializer[Any]):
    """What the receiver answered. ``outcome`` is ``retry`` where it may work another time."""

    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    status = serializers.IntegerField(allow_null=True, help_text="HTTP or SMTP status of the answer")
    answer = serializers.CharField()
    took_ms = serializers.IntegerField()
    delivery = serializers.IntegerField(help_text="Its row in the ledger")


class TestsChannels:
    """A mixin for the channels' viewset: ``POST channels/{id}/test`` sends for real."""

    @extend_schema(request=None, responses=TestResultSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send a test now and show what the receiver answered. A channel that takes it is switched on."""
        channel: Channel = self.get_object()  # type: ignore[attr-defined]  # the viewset's
        now = timezone.now()
        if wait_s := count_attempt("test_channel", str(channel.pk), now=now.timestamp()):
            raise Throttled(wait_s)
        row, message = testing.begin_test(channel, now=now)
        receipt = send_one(message)
        testing.end_test(row, receipt)
        return Response(
            {
                "outcome": receipt.outcome,
                "status": receipt.status,
                "answer": receipt.answer,
                "took_ms": receipt.took_ms,
                "delivery": row.pk,
            }
        )
