"""``GET monitors/overview``: all monitors in one answer, and then only what changed."""

from datetime import datetime
from typing import Any

from django.utils.cache import add_never_cache_headers
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import team_ids_for
from analytics.overview import WINDOWS, Row, read_overview
from analytics.overview_changes import find_changes
from core.formats import spell_rfc3339
from core.instants import from_ms
from core.isolation import do_each
from core.values import BIGGEST_ID
from monitors.selectors import SHOWN
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


class RolledUptimeSerializer(serializers.Serializer[Any]):
    """Over whole hours, from roll-ups, new once an hour; floored to hundredths of a percent."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.FloatField(allow_null=True, help_text="0 to 1") for name in WINDOWS}


class OverviewRowSerializer(serializers.Serializer[Any]):
    """A monitor, as a list shows it."""

    id = IdField()
    team = IdField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    target = serializers.CharField(help_text="As it is stored; of a heartbeat its schedule")
    status = serializers.ChoiceField(choices=SHOWN)
    since = serializers.DateTimeField(allow_null=True, help_text="Of the status; null where it is not known")
    reason = serializers.CharField(help_text="Of trouble one sentence, in maintenance its title, else empty")
    incident = OpenIncidentSerializer(allow_null=True, help_text="The open one")
    enabled = serializers.BooleanField()
    maintenance = RunningMaintenanceSerializer(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    interval_s = serializers.IntegerField()
    response_ms = serializers.IntegerField(
        allow_null=True, help_text="Of the newest check, if it was not down"
    )
    checked_at = serializers.DateTimeField(allow_null=True)
    uptime = RolledUptimeSerializer()
    slo = PromiseSerializer(allow_null=True, help_text="The strictest, of the monitor or of one of its tags")


class CountsSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {status: serializers.IntegerField() for status in SHOWN}


class OverviewSerializer(serializers.Serializer[Any]):
    """Counts are of all monitors, whatever of them is sent."""

    whole = serializers.BooleanField(help_text="`monitors` are all there are: forget what you have")
    token = serializers.CharField(help_text="For `since`; empty where no rows were asked for")
    now = serializers.DateTimeField()
    counts = CountsSerializer()
    open_incidents = serializers.IntegerField()
    monitors = OverviewRowSerializer(many=True)
    gone = serializers.ListField(child=IdField(), help_text="Ids of those that are no more")


def spell_row(row: Row) -> dict[str, Any]:
    """What is alike in most rows stands together, for that packs best."""
    return {
        "id": row.id,
        "name": row.name,
        "target": row.target,
        "tags": row.tags,
        "kind": row.kind,
        "team": row.team,
        "enabled": row.enabled,
        "interval_s": row.interval_s,
        "status": row.status,
        "reason": row.reason,
        "incident": {"id": row.incident[0], "acknowledged": row.incident[1]} if row.incident else None,
        "maintenance": (
            {"id": row.maintenance[0], "title": row.maintenance[1], "until": _spell(row.maintenance[2])}
            if row.maintenance
            else None
        ),
        "slo": {"target": row.slo[0], "window_days": row.slo[1]} if row.slo else None,
        "uptime": dict(zip(WINDOWS, row.uptime, strict=True)),
        "since": _spell(row.since_ms),
        "checked_at": _spell(row.checked_at_ms),
        "response_ms": row.response_ms,
    }


def _spell(ms: int | None) -> str | None:
    """To the second: shorter, and packed better."""
    return None if ms is None else _spell_second(from_ms(ms))


def _spell_second(at: datetime) -> str:
    return spell_rfc3339(at, timespec="seconds")


class OverviewEndpoints(MonitorEndpoints):
    @extend_schema(
        parameters=[OverviewQuerySerializer],
        responses=OverviewSerializer,
    )
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def overview(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All monitors, a light row each, ordered by id; with `since` only the rows that changed.

        Take the `token` of each answer into the next request. `monitors` are whole rows, to be merged by id;
        `gone` are to be dropped. Where the token is not known any more, `whole` is true and all are sent.
        """
        query = OverviewQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        teams = [pk for pk in team_ids_for(request.user) if asked.get("team", pk) == pk]
        overview = read_overview(teams, now=self.now)
        told: dict[str, Any] = {
            "whole": False,
            "token": "",
            "now": _spell_second(self.now),
            "counts": overview.count_by_status(),
            "open_incidents": overview.open_incidents,
            "monitors": [],
            "gone": [],
        }
        if not asked.get("counts"):
            reader = "-".join(map(str, teams))
            changes = find_changes(overview.digests, since=asked.get("since", ""), reader=reader)
            rows = [overview.rows[pk] for pk in changes.changed]
            told |= {
                "whole": changes.whole,
                "token": changes.token,
                "monitors": do_each("show in a list", rows, spell_row, name=lambda row: ("monitor", row.id)),
                "gone": changes.gone,
            }
        answer = Response(told)
        add_never_cache_headers(answer)
        return answer
