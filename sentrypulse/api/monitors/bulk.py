"""Many monitors at once, all or none."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from accounts.permissions import require_role
from accounts.selectors import Person, team_ids_for
from actions import monitors as actions
from core.schema import can_answer
from monitors.models import Monitor, MonitorQuerySet
from monitors.tags import find_named
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.serializers import KnownFieldsOnly

MAX_IDS = 1_000
_EDITS = ("interval_s", "add_tags", "remove_tags")


class BulkSerializer(KnownFieldsOnly):
    action = serializers.ChoiceField(choices=["pause", "resume", "delete", "edit"])
    ids = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=MAX_IDS)
    tag = serializers.CharField(required=False, help_text="Instead of ids: every monitor with this tag")
    team = serializers.IntegerField(required=False, help_text="Whose tag; needed by members of several teams")
    interval_s = serializers.IntegerField(required=False)
    add_tags = serializers.ListField(child=serializers.CharField(), required=False)
    remove_tags = serializers.ListField(child=serializers.CharField(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("tag" in attrs):
            raise serializers.ValidationError({"ids": "Give either ids or a tag."})
        if attrs.get("ids") == []:
            raise serializers.ValidationError({"ids": "Give at least one id."})
        edits = [name for name in _EDITS if name in attrs]
        if attrs["action"] == "edit" and not edits:
            raise serializers.ValidationError({"action": f"Say what to edit: {', '.join(_EDITS)}."})
        if attrs["action"] != "edit" and edits:
            raise serializers.ValidationError(dict.fromkeys(edits, "Goes with the action edit only."))
        return attrs


class BulkDoneSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField()
    monitors = serializers.ListField(child=serializers.IntegerField())


def choose(user: Person, wanted: dict[str, Any]) -> list[Monitor]:
    """The monitors that are meant; raises when one is not the user's, or not his to change."""
    mine = Monitor.objects.filter(team_id__in=team_ids_for(user)).order_by("pk")
    chosen = list(_with_ids(mine, set(wanted["ids"])) if "ids" in wanted else _with_tag(mine, user, wanted))
    for team_id in sorted({monitor.team_id for monitor in chosen}):
        require_role(user, team_id, Role.MEMBER)
    return chosen


def _with_ids(mine: MonitorQuerySet, ids: set[int]) -> MonitorQuerySet:
    possible = [pk for pk in ids if 0 < pk < 2**63]  # SQLite refuses to look for more
    known = set(mine.filter(pk__in=possible).values_list("pk", flat=True))
    if missing := sorted(ids - known):
        raise serializers.ValidationError({"ids": [f"There are no monitors {', '.join(map(str, missing))}."]})
    return mine.filter(pk__in=ids)


def _with_tag(mine: MonitorQuerySet, user: Person, wanted: dict[str, Any]) -> MonitorQuerySet:
    teams = team_ids_for(user)
    if "team" not in wanted and len(teams) > 1:
        which = ", ".join(map(str, teams))
        raise serializers.ValidationError({"team": [f"You belong to several teams; say whose tag: {which}."]})
    chosen = [wanted.get("team", teams[0])] if teams else []
    named = find_named(wanted["tag"], team_ids=chosen)
    tagged = mine.filter(team_id__in=chosen, tags__in=named).distinct()
    if not tagged.exists():
        raise serializers.ValidationError({"tag": [f"No monitor has the tag {wanted['tag']!r}."]})
    return tagged


class BulkEndpoints(MonitorEndpoints):
    @extend_schema(request=BulkSerializer, responses=BulkDoneSerializer)
    @action(detail=False, methods=["post"])
    @can_answer(409)
    def bulk(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pause, resume, delete or edit many monitors, all or none."""
        body = BulkSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        edits = {name: wanted[name] for name in _EDITS if name in wanted}
        changed = _ACTIONS[wanted["action"]](choose(request.user, wanted), now=self.now, **edits)
        ids = [monitor.pk for monitor in changed]
        return Response({"changed": len(ids), "monitors": ids})


_ACTIONS: dict[str, Callable[..., list[Monitor]]] = {
    "pause": actions.pause,
    "resume": actions.resume,
    "delete": actions.delete,
    "edit": actions.edit_many,
}
