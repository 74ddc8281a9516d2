"""`maintenance/occurrences` and `maintenance/preview`: what windows come to, and what a draft would cover."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.fields import TeamField
from accounts.models import Team
from core.time_zones import find_zone
from core.timestamps import LocalTimestampField, TimestampField
from incidents.calendar import Unfolded
from incidents.models import MaintenanceWindow
from incidents.occurrences import Times, find_next_spans, find_window_faults, place_in
from monitors.models import Monitor
from probes.registry import KINDS
from sentrypulse.api.fields import IdField
from sentrypulse.api.lookups import find_in_team, find_tags
from sentrypulse.api.serializers import KnownFieldsOnly

LONGEST, USUAL = timedelta(days=100), timedelta(days=31)
MONITORS_SHOWN, NEXT = 50, 5
"""Monitors, and coming occurrences, that a preview names."""


class RangeQuerySerializer(serializers.Serializer[Any]):
    """``from`` and ``to``, of 100 days at most."""

    to = TimestampField(required=False, help_text="31 days after `from`, unless said")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        since = TimestampField(required=False, help_text="This minute, unless said")
        return {**super().get_fields(), "from": since}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.setdefault("from", timezone.now().replace(second=0, microsecond=0))
        attrs.setdefault("to", attrs["from"] + USUAL)
        if attrs["to"] <= attrs["from"]:
            raise ValidationError({"to": ["The range ends before it begins; give a later to."]})
        if attrs["to"] - attrs["from"] > LONGEST:
            raise ValidationError({"to": [f"Ask for {LONGEST.days} days at most."]})
        return attrs


class OccurrenceSerializer(serializers.Serializer[Any]):
    window = serializers.IntegerField()
    team = serializers.IntegerField()
    title = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    repeats = serializers.BooleanField()
    running = serializers.BooleanField()


class LeftOutSerializer(serializers.Serializer[Any]):
    window = serializers.IntegerField()
    title = serializers.CharField()
    why = serializers.CharField(help_text="One sentence")


class OccurrencesSerializer(serializers.Serializer[Any]):
    to = serializers.DateTimeField()
    occurrences = OccurrenceSerializer(many=True, help_text="The earliest first; 2,000 at most")
    left_out = LeftOutSerializer(many=True, help_text="Windows that cannot be unfolded here, and why")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


def tell_occurrences(
    unfolded: Unfolded, since: datetime, until: datetime, *, now: datetime
) -> dict[str, Any]:
    return {
        "from": since,
        "to": until,
        "occurrences": [
            {
                "window": window.pk,
                "team": window.team_id,
                "title": window.title,
                "starts_at": start,
                "ends_at": end,
                "repeats": bool(window.rrule),
                "running": start <= now < end,
            }
            for window, (start, end) in unfolded.found
        ],
        "left_out": [
            {"window": window.pk, "title": window.title, "why": why} for window, why in unfolded.left_out
        ],
    }


class MaintenanceDraftSerializer(KnownFieldsOnly):
    """A window as it is typed: whatever is there already."""

    team = TeamField()
    monitors = serializers.ListField(child=IdField(), default=list, max_length=1000)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), default=list, max_length=100)
    starts_at = LocalTimestampField(required=False, allow_null=True)
    ends_at = LocalTimestampField(required=False, allow_null=True)
    rrule = serializers.CharField(default="", allow_blank=True, max_length=500)
    timezone = serializers.CharField(default="", allow_blank=True, max_length=64)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        team: Team = attrs["team"]
        attrs["monitors"] = find_in_team(Monitor, team, attrs["monitors"], field="monitors")
        attrs["tags"] = find_tags(team, attrs["tags"])
        attrs["timezone"] = attrs["timezone"] or team.timezone
        try:
            find_zone(attrs["timezone"])
        except ValueError as unknown:
            raise ValidationError({"timezone": [str(unknown)]}) from None
        return attrs


class CoveredSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS))


class SpanSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class CoverageSerializer(serializers.Serializer[Any]):
    covers = serializers.IntegerField(help_text="Monitors, as of now; later ones with a tag come beside")
    monitors = CoveredSerializer(many=True, help_text="The first 50 of them, by name")
    occurrences = SpanSerializer(many=True, help_text="The next 5; none while times are missing or wrong")
    faults = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="What saving would refuse"
    )


def preview(draft: dict[str, Any]) -> dict[str, Any]:
    """What a window of these fields would cover, and when. Three queries."""
    chosen = Q(pk__in=[monitor.pk for monitor in draft["monitors"]])
    chosen |= Q(tags__in=[tag.pk for tag in draft["tags"]])
    covered = Monitor.objects.filter(chosen, team=draft["team"]).distinct()
    spans, faults = _find_times(draft)
    return {
        "covers": covered.count(),
        "monitors": covered.order_by("name", "pk").values("id", "name", "kind")[:MONITORS_SHOWN],
        "occurrences": [{"starts_at": start, "ends_at": end} for start, end in spans],
        "faults": {field: [fault] for field, fault in faults.items()},
    }


def _find_times(draft: dict[str, Any]) -> tuple[Sequence[tuple[datetime, datetime]], dict[str, str]]:
    if not draft.get("starts_at") or not draft.get("ends_at"):
        return [], {}
    zone, now = draft["timezone"], timezone.now()
    starts_at, ends_at = place_in(zone, draft["starts_at"]), place_in(zone, draft["ends_at"])
    faults = find_window_faults(starts_at=starts_at, ends_at=ends_at, rule=draft["rrule"], zone=zone, now=now)
    if faults:
        return [], faults
    return find_next_spans(Times(starts_at, ends_at, draft["rrule"], zone), now, most=NEXT), {}


def windows_in(windows: Any, since: datetime, until: datetime) -> Sequence[MaintenanceWindow]:
    """Those that may happen in ``[since, until)``, in the order in which they were made; one query."""
    near = windows.filter(~Q(rrule="") | Q(ends_at__gt=since), starts_at__lt=until)
    return list(near.prefetch_related(None).order_by("pk"))
