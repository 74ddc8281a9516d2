"""Monitors as a file, JSON or CSV, without their secrets. `imports` reads such files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from core.csv import write_csv
from core.isolation import do_each, name_row, read_rows
from core.renderers import JsonRenderer
from monitors.models import Monitor
from monitors.validation import SECRET_OF
from probes.registry import KINDS
from sentrypulse.api.monitors.base import MonitorEndpoints

NOTE = "Secrets are left out; secrets_left_out names them. Put them back into config before importing."
COLUMNS = [
    "name",
    "kind",
    "url",
    "interval_s",
    "timeout_s",
    "fail_after",
    "recover_after",
    "recheck_s",
    "config",
    "regions",
    "tags",
    "enabled",
    "key",
    "depends_on",
]


class JsonAlways(DefaultContentNegotiation):
    """DRF would answer ``?format=csv`` with 404 before the view is asked; here ``format`` is the view's."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return JsonRenderer(), str(JsonRenderer.media_type)


class ExportRowSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    url = serializers.CharField()
    interval_s = serializers.IntegerField()
    timeout_s = serializers.IntegerField()
    fail_after = serializers.IntegerField()
    recover_after = serializers.IntegerField()
    recheck_s = serializers.IntegerField()
    config = serializers.DictField()
    regions = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    enabled = serializers.BooleanField()
    key = serializers.CharField()
    depends_on = serializers.ListField(child=serializers.CharField())
    secrets_left_out = serializers.ListField(child=serializers.CharField(), required=False)


class ExportSerializer(serializers.Serializer[Any]):
    note = serializers.CharField()
    monitors = ExportRowSerializer(many=True)


_COMPUTED = {"tags", "key", "depends_on"}


def export_row(monitor: Monitor, keys: Mapping[int, str]) -> dict[str, Any]:
    """``keys``: what each monitor is called in the file, see ``name_keys``."""
    row = {name: getattr(monitor, name) for name in COLUMNS if name not in _COMPUTED}
    row["tags"] = sorted(tag.name for tag in monitor.tags.all())
    row["key"] = keys[monitor.pk]
    row["depends_on"] = sorted(keys.get(needed.pk, needed.name) for needed in monitor.depends_on.all())
    row["secrets_left_out"] = list_secret_paths(monitor.config)
    return row


def name_keys(monitors: Iterable[Monitor]) -> dict[int, str]:
    """A key for each: its name, with a number behind it where an earlier one has that already."""
    keys: dict[int, str] = {}
    taken = set[str]()
    numbers: dict[str, int] = defaultdict(lambda: 1)
    for monitor in monitors:
        key = monitor.name
        while key in taken:
            numbers[monitor.name] += 1
            key = f"{monitor.name} #{numbers[monitor.name]}"
        taken.add(key)
        keys[monitor.pk] = key
    return keys


def list_secret_paths(config: dict[str, Any]) -> list[str]:
    """The paths at which the stored configuration has secrets. Nothing is decrypted for this."""
    auth = config.get("auth") or {}
    name = SECRET_OF.get(auth.get("type", ""))
    headers = [h for h, value in (config.get("headers") or {}).items() if value == {"secret": True}]
    return [*([f"auth.{name}"] if name else []), *(f"headers.{header}" for header in headers)]


class ExchangeEndpoints(MonitorEndpoints):
    @extend_schema(
        parameters=[
            OpenApiParameter(
                "as", enum=["json", "csv"], default="json", description="`format` says the same"
            ),
        ],
        responses={(200, "application/json"): ExportSerializer, (200, "text/csv"): OpenApiTypes.STR},
        filters=True,
    )
    @action(
        detail=False,
        methods=["get"],
        content_negotiation_class=JsonAlways,
        pagination_class=None,
        url_name="export",
    )
    def export(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Every monitor that the list's filters choose, as a file; secrets are left out and named."""
        query = request.query_params
        wanted = query.get("as") or query.get("format") or "json"
        if wanted not in {"json", "csv"}:
            raise serializers.ValidationError({"as": [f"There is no format {wanted!r}; choose json or csv."]})
        chosen = self.filter_queryset(self.get_queryset()).order_by("pk")
        monitors = read_rows("export monitors", chosen)
        keys = name_keys(monitors)
        rows = do_each("export monitors", monitors, lambda one: export_row(one, keys), name=name_row)
        attachment = {"Content-Disposition": f'attachment; filename="monitors.{wanted}"'}
        if wanted == "csv":
            table = write_csv([*COLUMNS, "secrets_left_out"], rows)
            return HttpResponse(table, content_type="text/csv; charset=utf-8", headers=attachment)
        return Response({"note": NOTE, "monitors": rows}, headers=attachment)
