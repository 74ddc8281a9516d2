"""`alert-rules/`: which monitors, on which events, to whom, and when not."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Role, Team, User
from actions.alerting import delete_rule, save_rule
from alerts.models import CHOSEN_EVENTS, DEFAULT_EVENTS, Channel, Rule, RuleQuerySet
from alerts.quiet_hours import DAYS
from alerts.services import StepWish
from core.schema import can_answer
from monitors.models import Monitor
from sentrypulse.api.fields import IdField, IdsField, LineField, TagNamesField, check_timezone
from sentrypulse.api.lookups import find_in_team, find_tags
from sentrypulse.api.serializers import KnownFieldsOnly, SentWhole
from sentrypulse.api.viewsets import TeamRowsViewSet

MOST_MIN = 7 * 24 * 60


class StepSerializer(SentWhole):
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


@extend_schema_field({"type": "string", "enum": list(CHOSEN_EVENTS)})
class EventNameField(serializers.CharField):
    """What the rule may list is judged where the whole rule is."""


@extend_schema_field({"type": "string", "enum": list(DAYS)})
class DayNameField(serializers.CharField):
    """As with events."""


class RuleSerializer(KnownFieldsOnly):
    """Without ``monitors`` and ``tags`` it is for all of the team."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    name = LineField(max_length=100)
    enabled = serializers.BooleanField(default=True)
    monitors = IdsField(default=list, max_length=500)
    tags = TagNamesField(default=list, max_length=50, help_text="By name")
    events = serializers.ListField(
        child=EventNameField(), default=DEFAULT_EVENTS, help_text=f"Of {', '.join(CHOSEN_EVENTS)}"
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
        child=DayNameField(),
        default=list,
        help_text=f"On which they begin: {', '.join(DAYS)}; none: all",
    )
    timezone = serializers.CharField(
        default="", allow_blank=True, max_length=64, help_text="IANA name; the team's if empty"
    )
    created_at = serializers.DateTimeField(read_only=True)

    def validate_timezone(self, zone: str) -> str:
        return check_timezone(zone) if zone else zone

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        team: Team = self.instance.team if self.instance else attrs["team"]
        if "monitors" in attrs:
            attrs["monitors"] = find_in_team(Monitor, team, attrs["monitors"], field="monitors")
        if "tags" in attrs:
            attrs["tags"] = find_tags(team, attrs["tags"])
        if "steps" in attrs:
            wanted = {pk for step in attrs["steps"] for pk in step["channels"]}
            channels = {c.pk: c for c in find_in_team(Channel, team, list(wanted), field="steps")}
            attrs["steps"] = [
                StepWish(step["after_min"], [channels[pk] for pk in dict.fromkeys(step["channels"])])
                for step in attrs["steps"]
            ]
        return attrs


@extend_schema_view(create=extend_schema(responses={201: RuleSerializer}))
class RuleViewSet(TeamRowsViewSet[Rule]):
    """Which monitors, on which events, to which channels. A new team has one: everything, to its owners."""

    write_role = Role.MEMBER
    queryset = Rule.objects.none()
    serializer_class = RuleSerializer
    filterset_fields = ["team", "enabled"]
    search_fields = ["name"]
    ordering = "id"
    ordering_fields = ["id", "name"]
    lookup_value_regex = "[0-9]+"

    def read_rows(self, user: User) -> RuleQuerySet:
        return Rule.objects.for_api(user)

    def _save(self, rule: Rule, fields: dict[str, Any], code: int = status.HTTP_200_OK) -> Response:
        parts = {name: fields.pop(name) for name in ("monitors", "tags", "steps") if name in fields}
        saved = save_rule(rule, fields=fields, **parts)
        return self.show_stored(saved, code)

    @can_answer(409)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self.read_body()
        return self._save(Rule(team=fields.pop("team")), fields, status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rule = self.get_object()
        return self._save(rule, self.read_body(rule, partial=kwargs.get("partial", False)))

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **{**kwargs, "partial": True})

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        delete_rule(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
