"""`alert-rules/`: which monitors, on which events, to whom, and when not."""

from typing import Any, cast
from zoneinfo import available_timezones

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.wire import LineField
from accounts.fields import TeamField
from accounts.models import Role, Team, User
from alerts import services
from alerts.defaults import ensure_defaults
from alerts.models import CHOSEN_EVENTS, DEFAULT_EVENTS, Channel, Rule, RuleQuerySet
from alerts.quiet import DAYS
from monitors.api.conditional import Conditional
from monitors.api.serializers import KnownFieldsOnly
from monitors.models import Monitor
from monitors.tags import known_tags

BIGGEST_ID = 2**63 - 1
MOST_MIN = 7 * 24 * 60


class IdField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)


class StepSerializer(KnownFieldsOnly):
    after_min = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=MOST_MIN,
        help_text="Minutes without acknowledgement; the first has 0",
    )
    channels = serializers.ListField(child=IdField(), max_length=20)

    def to_representation(self, step: Any) -> dict[str, Any]:
        return {
            "after_min": step.after_min,
            "channels": sorted(channel.pk for channel in step.channels.all()),
        }


class ManyIdsField(serializers.ListField):
    child = IdField()

    def to_representation(self, data: Any) -> list[int]:
        return sorted(row.pk for row in data.all())


class TagNamesField(serializers.ListField):
    child = serializers.CharField(max_length=50)

    def to_representation(self, data: Any) -> list[str]:
        return sorted(tag.name for tag in data.all())


class RuleSerializer(KnownFieldsOnly):
    """Without ``monitors`` and ``tags`` it is for all of the team."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    name = LineField(max_length=100)
    enabled = serializers.BooleanField(default=True)
    monitors = ManyIdsField(default=list, max_length=500)
    tags = TagNamesField(default=list, max_length=50, help_text="By name")
    events = serializers.ListField(
        child=serializers.CharField(), default=DEFAULT_EVENTS, help_text=f"Of {', '.join(CHOSEN_EVENTS)}"
    )
    steps = StepSerializer(many=True)
    delay_min = serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_MIN, help_text="Tell only what is still so after these minutes"
    )
    remind_every_min = serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_MIN, help_text="Until somebody acknowledges; 0 never reminds"
    )
    quiet_from = serializers.TimeField(default=None, allow_null=True, help_text="Local time")
    quiet_until = serializers.TimeField(
        default=None, allow_null=True, help_text="What is still so is told then"
    )
    quiet_days = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text=f"On which they begin: {', '.join(DAYS)}; none: all",
    )
    timezone = serializers.CharField(
        default="", allow_blank=True, max_length=64, help_text="IANA name; the team's if empty"
    )
    created_at = serializers.DateTimeField(read_only=True)

    def validate_timezone(self, zone: str) -> str:
        if zone and zone not in available_timezones():
            raise ValidationError(f"There is no time zone {zone!r}; use an IANA name such as Europe/Berlin.")
        return zone

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        team: Team = self.instance.team if self.instance else attrs["team"]
        if "monitors" in attrs:
            attrs["monitors"] = find_all(Monitor, team, attrs["monitors"], field="monitors", noun="monitor")
        if "tags" in attrs:
            attrs["tags"] = _find_tags(team, attrs["tags"])
        if "steps" in attrs:
            wanted = {pk for step in attrs["steps"] for pk in step["channels"]}
            channels = {c.pk: c for c in find_all(Channel, team, list(wanted), field="steps", noun="channel")}
            attrs["steps"] = [
                services.StepWish(step["after_min"], [channels[pk] for pk in dict.fromkeys(step["channels"])])
                for step in attrs["steps"]
            ]
        return attrs


def find_all(model: Any, team: Team, ids: list[int], *, field: str, noun: str) -> list[Any]:
    """The team's rows that ``ids`` name; ``ValidationError`` names one that is missing."""
    found = list(model.objects.filter(team=team, pk__in=ids).order_by("pk"))
    if missing := sorted(set(ids) - {row.pk for row in found}):
        raise ValidationError({field: [f"There is no {noun} {missing[0]} in this team."]})
    return found


def _find_tags(team: Team, names: list[str]) -> list[Any]:
    known = known_tags(team.pk)
    if missing := [name for name in names if name.casefold() not in known]:
        raise ValidationError({"tags": [f"There is no tag {missing[0]!r} in this team; make it first."]})
    return [known[name] for name in {name.casefold() for name in names}]


@extend_schema_view(create=extend_schema(responses={201: RuleSerializer}))
class RuleViewSet(Conditional, viewsets.GenericViewSet[Rule]):
    """Which monitors, on which events, to which channels. A new team has one: everything, to its owners."""

    write_role = Role.MEMBER
    queryset = Rule.objects.none()
    serializer_class = RuleSerializer
    filterset_fields = ["team", "enabled"]
    search_fields = ["name"]
    ordering = "id"
    ordering_fields = ["id", "name"]
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> RuleQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Rule.objects.none()
        return Rule.objects.for_api(cast(User, self.request.user))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def _save(self, rule: Rule, fields: dict[str, Any], code: int = status.HTTP_200_OK) -> Response:
        parts = {name: fields.pop(name) for name in ("monitors", "tags", "steps") if name in fields}
        saved = services.save_rule(rule, fields=fields, **parts)
        return Response(self.get_serializer(self.get_queryset().get(pk=saved.pk)).data, status=code)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        team: Team = fields.pop("team")
        ensure_defaults([team.pk])
        return self._save(Rule(team=team), fields, status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rule = self.get_object()
        serializer = self.get_serializer(rule, data=request.data, partial=kwargs.get("partial", False))
        serializer.is_valid(raise_exception=True)
        return self._save(rule, dict(serializer.validated_data))

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **{**kwargs, "partial": True})

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.get_object().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
