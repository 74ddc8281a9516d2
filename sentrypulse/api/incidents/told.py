"""Who was told of incidents: how many in a list; of one, by whom it was taken, and what comes next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from rest_framework import serializers

from alerts.forecast import forecast
from alerts.models import Delivery, Event, OwnEvent, Reason, Trouble
from core.showing import Showable
from delivery.registry import KINDS
from incidents.models import Incident
from outbox.models import OutgoingStatus

MOST = 100
"""Deliveries shown of one incident, the newest; the ledger has all."""
_WAS_TOLD = Q(status=OutgoingStatus.SENT) | Q(reason=Reason.IN_DIGEST, digest__status=OutgoingStatus.SENT)


class ToldSerializer(Showable, serializers.ModelSerializer[Delivery]):
    channel_kind = serializers.ChoiceField(
        choices=list(KINDS), source="channel.kind", default=None, allow_null=True
    )
    planned_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="When it is tried, or tried again")
    reason = serializers.ChoiceField(choices=Reason.choices, allow_blank=True)
    settled_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Delivery
        fields = ["id", "channel", "channel_name", "channel_kind", "event", "status", "reason", "planned_at"]
        fields += ["due_at", "attempts", "settled_at", "answer_status", "answer"]
        read_only_fields = fields


class ForecastSerializer(serializers.Serializer[Any]):
    """A notice that will be sent, if nothing happens until then."""

    at = serializers.DateTimeField()
    event = serializers.ChoiceField(choices=[*Event.choices, *OwnEvent.choices])
    channel = serializers.IntegerField()
    channel_name = serializers.CharField()
    channel_kind = serializers.ChoiceField(choices=list(KINDS))
    rule = serializers.CharField(help_text="The name of the rule that tells it")
    unless = serializers.ChoiceField(choices=["acknowledged", "over"])


def attach_told(incidents: Sequence[Incident]) -> None:
    """Set ``told``: how many messages of it were sent. One query."""
    ids = [incident.pk for incident in incidents]
    counted = Delivery.objects.filter(_WAS_TOLD, trouble__incident_id__in=ids)
    rows = counted.values_list("trouble__incident_id").annotate(n=Count("pk")).order_by()
    counts = dict(rows) if ids else {}
    for incident in incidents:
        vars(incident)["told"] = counts.get(incident.pk, 0)


def read_deliveries(incident: Incident) -> list[Delivery]:
    """What was sent, or is on its way, the oldest first."""
    rows = Delivery.objects.filter(trouble__incident=incident).exclude(status=OutgoingStatus.WITHHELD)
    return list(reversed(rows.select_related("channel").order_by("-pk")[:MOST]))


def read_planned(incident: Incident, *, now: datetime) -> list[Any]:
    """``forecast`` of the incident's trouble; nothing where alerts have none."""
    trouble = Trouble.objects.select_related("incident").filter(incident=incident).first()
    return list(forecast(trouble, now=now)) if trouble else []
