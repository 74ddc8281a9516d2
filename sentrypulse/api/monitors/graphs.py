"""``GET monitors/graphs``: the bars and curves of all monitors of a team."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.utils.http import parse_etags, quote_etag
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Role
from analytics.graphs import MAX_DAYS, MAX_HOURS, DayLetter, Graph, GraphFrame, find_frame, read_graphs
from sentrypulse.api.fields import IdField
from sentrypulse.api.monitors.base import MonitorEndpoints


class GraphsQuerySerializer(serializers.Serializer[Any]):
    team = TeamField(role=Role.VIEWER, help_text="Optional if you belong to one team")
    days = serializers.IntegerField(default=MAX_DAYS, min_value=1, max_value=MAX_DAYS)
    hours = serializers.IntegerField(default=24, min_value=0, max_value=MAX_HOURS)


class GraphColumnsSerializer(serializers.Serializer[Any]):
    """The n-th value of each list is of the n-th monitor."""

    id_steps = serializers.ListField(
        child=IdField(),
        help_text="By how much each monitor's id is more than the one before, the first than 0",
    )
    days = serializers.ListField(
        child=serializers.CharField(),
        help_text="A letter a day, the oldest first: "
        + ", ".join(f"`{letter.value}` {letter.name.lower().replace('_', ' ')}" for letter in DayLetter)
        + ". Down is more than 1 % of what was measured, degraded less, or more than 1 % degraded",
    )
    hours = serializers.ListField(
        child=serializers.CharField(),
        help_text="The mean response of each hour, the oldest first: in 35ths of the greatest of them, as"
        " `0` to `9` and then `a` to `z`; `-` no data",
    )


class GraphsSerializer(serializers.Serializer[Any]):
    timezone = serializers.CharField(help_text="The team's, in which days are days")
    to = serializers.DateField(help_text="The last day")
    hours_from = serializers.DateTimeField(allow_null=True, help_text="Where the first hour begins")
    complete = serializers.BooleanField(
        help_text="False: there was no time yet to draw all monitors anew; ask again in a second"
    )
    monitors = GraphColumnsSerializer()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``from`` is a word of Python's own, so it cannot be declared above."""
        return {"from": serializers.DateField(help_text="The first day"), **super().get_fields()}


def has_seen(request: Request, etag: str) -> bool:
    """Whether If-None-Match names ``etag``. The ETag of a compressed answer is a weak one."""
    named = parse_etags(request.headers.get("If-None-Match", ""))
    return etag in {name.removeprefix("W/") for name in named}


class GraphEndpoints(MonitorEndpoints):
    @extend_schema(parameters=[GraphsQuerySerializer], responses=GraphsSerializer)
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def graphs(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Bars and curves of all monitors of a team, for a list. New once an hour."""
        query = GraphsQuerySerializer(data=request.query_params, context=self.get_serializer_context())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        frame = find_frame(asked["team"], days=asked["days"], hours=asked["hours"], now=self.now)
        etag = quote_etag(frame.name)
        if has_seen(request, etag):
            seen = {"ETag": etag, "Cache-Control": "private, no-cache"}
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=seen)
        graphs = read_graphs(asked["team"], frame)
        told = _tell_frame(frame) | {"complete": graphs.complete, "monitors": _tell_columns(graphs.rows)}
        return Response(told, headers={"ETag": etag} if graphs.complete else None)


def _tell_columns(rows: Sequence[Graph]) -> dict[str, list[Any]]:
    """Steps in place of ids, for these take a fourth of the bytes."""
    ids = [row.id for row in rows]
    return {
        "id_steps": [pk - before for before, pk in pairwise([0, *ids])],
        "days": [row.days for row in rows],
        "hours": [row.hours for row in rows],
    }


def _tell_frame(frame: GraphFrame) -> dict[str, Any]:
    return {
        "timezone": frame.timezone,
        "from": frame.dates[0],
        "to": frame.dates[-1],
        "hours_from": frame.hours[0] if frame.hours else None,
    }
