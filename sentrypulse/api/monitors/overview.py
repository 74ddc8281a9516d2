"""``GET monitors/overview``: all monitors in one answer, and then only what changed."""

from collections.abc import Sequence
from typing import Any

from django.utils.cache import add_never_cache_headers
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import team_ids_for
from analytics.overview import Row, RowSettings, RowState, read_overview, spell_second
from analytics.overview_changes import find_changes
from core.values import BIGGEST_ID
from monitors.status import MonitorStatus
from probes.registry import KINDS
from sentrypulse.api.fields import IdField
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.monitors.serializers import OpenIncidentSerializer


class OverviewQuerySerializer(serializers.Serializer[Any]):
    team = serializers.IntegerField(
        required=False, min_value=0, max_value=BIGGEST_ID, help_text="Left out: all teams of the user"
    )
    since = serializers.CharField(
        required=False, max_length=100, help_text="The `token` of an answer: only what changed since then"
    )
    counts = serializers.BooleanField(required=False, help_text="`true`: the counts alone, without rows")


class RunningMaintenanceSerializer(serializers.Serializer[Any]):
    id = IdField()
    title = serializers.CharField()
    until = serializers.DateTimeField()


class PromiseSerializer(serializers.Serializer[Any]):
    target = serializers.FloatField(help_text="0 to 1")
    window_days = serializers.IntegerField()


@extend_schema_field(OpenIncidentSerializer(allow_null=True))
class OpenIncidentField(serializers.DictField):
    """So that a column may hold null: the document forgets that of a serializer in a list."""


@extend_schema_field(RunningMaintenanceSerializer(allow_null=True))
class RunningMaintenanceField(serializers.DictField):
    pass


@extend_schema_field(PromiseSerializer(allow_null=True))
class PromiseField(serializers.DictField):
    pass


def column(field: serializers.Field[Any, Any, Any, Any], **kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=field, **kwargs)


class StateColumnsSerializer(serializers.Serializer[Any]):
    """What changes with the checks of some monitors. The n-th value of each list is of the n-th monitor."""

    id = column(IdField())
    status = column(serializers.ChoiceField(choices=MonitorStatus.choices))
    since = column(
        serializers.DateTimeField(allow_null=True), help_text="Of the status; null where it is not known"
    )
    reason = column(
        serializers.CharField(), help_text="Of trouble one sentence, in maintenance its title, else empty"
    )
    incident = column(OpenIncidentField(allow_null=True), help_text="The open one")
    enabled = column(serializers.BooleanField())
    maintenance = column(RunningMaintenanceField(allow_null=True))
    response_ms = column(
        serializers.IntegerField(allow_null=True), help_text="Of the newest check, if it was not down"
    )


class MonitorColumnsSerializer(StateColumnsSerializer):
    """All that a list shows of some monitors. The n-th value of each list is of the n-th monitor."""

    team = column(IdField())
    name = column(serializers.CharField())
    kind = column(serializers.ChoiceField(choices=list(KINDS)))
    target = column(serializers.CharField(), help_text="As it is stored; of a heartbeat its schedule")
    tags = column(serializers.ListField(child=serializers.CharField()))
    interval_s = column(serializers.IntegerField())
    slo = column(
        PromiseField(allow_null=True), help_text="The strictest, of the monitor or of one of its tags"
    )
    uptime_24h = column(
        serializers.FloatField(allow_null=True),
        help_text="0 to 1, of whole hours, new once an hour; floored to hundredths of a percent",
    )
    uptime_30d = column(serializers.FloatField(allow_null=True), help_text="As `uptime_24h`")


class CountsSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {status: serializers.IntegerField() for status in MonitorStatus.values}


class OverviewSerializer(serializers.Serializer[Any]):
    """Counts are of all monitors, whatever of them is sent."""

    whole = serializers.BooleanField(help_text="`monitors` are all there are: forget what you have")
    token = serializers.CharField(help_text="For `since`; empty where no rows were asked for")
    now = serializers.DateTimeField()
    counts = CountsSerializer()
    open_incidents = serializers.IntegerField()
    monitors = MonitorColumnsSerializer(
        help_text="New ones, and those whose settings or uptime changed; by id"
    )
    states = StateColumnsSerializer(help_text="Those of which nothing else changed; by id")
    gone = serializers.ListField(child=IdField(), help_text="Ids of those that are no more")


def tell_states(rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """In columns, for these take a third of the bytes of rows and half of the time."""
    return {
        "id": [row.id for row in rows],
        **_turn(RowState._fields, [row.state for row in rows]),
    }


def tell_monitors(rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    return tell_states(rows) | _turn(RowSettings._fields, [row.settings for row in rows])


def _turn(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return dict(zip(names, columns, strict=True))


class OverviewEndpoints(MonitorEndpoints):
    @extend_schema(
        parameters=[OverviewQuerySerializer],
        responses=OverviewSerializer,
    )
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def overview(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All monitors, what a list shows of each, in columns; with `since` only what changed.

        Take the `token` of each answer into the next request. `monitors` replace or join those that you have,
        `states` replace these fields of those that you have, `gone` are to be dropped. Where the token is not
        known any more, `whole` is true and all are sent as `monitors`.
        """
        query = OverviewQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        teams = [pk for pk in team_ids_for(request.user) if asked.get("team", pk) == pk]
        overview = read_overview(teams, now=self.now)
        told: dict[str, Any] = {
            "whole": False,
            "token": "",
            "now": spell_second(self.now),
            "counts": overview.count_by_status(),
            "open_incidents": overview.open_incidents,
            "monitors": tell_monitors([]),
            "states": tell_states([]),
            "gone": [],
        }
        if not asked.get("counts"):
            reader = "-".join(map(str, teams))
            changes = find_changes(overview.rows, since=asked.get("since", ""), reader=reader)
            told |= {
                "whole": changes.whole,
                "token": changes.token,
                "monitors": tell_monitors(changes.changed),
                "states": tell_states(changes.moved),
                "gone": changes.gone,
            }
        answer = Response(told)
        add_never_cache_headers(answer)
        return answer
