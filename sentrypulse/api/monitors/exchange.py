"""Monitors as a file: out as JSON or CSV without their secrets, in again as JSON."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from actions.imports import Fate, ImportOutcome, ImportRefused, ImportRow, import_, preview_import
from core.csv import write_csv
from core.errors import flatten_faults
from core.isolation import do_each, name_row, read_rows
from core.renderers import JsonRenderer
from core.schema import can_answer
from monitors.models import Monitor
from monitors.validation import SECRET_OF
from probes.registry import KINDS
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.monitors.serializers import MonitorSerializer
from sentrypulse.api.serializers import KnownFieldsOnly

MAX_ROWS = 500
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


class ImportInvalid(serializers.ValidationError):
    """Mistakes by row; DRF would make text of each row's index."""

    is_by_row = True

    def __init__(self, mistakes: Mapping[int, Mapping[str, Any]]) -> None:
        super().__init__()
        listed = [{"index": index, "errors": errors} for index, errors in sorted(mistakes.items())]
        self.detail = {"monitors": listed}  # type: ignore[dict-item]  # whole numbers among the sentences


class ImportRowSerializer(MonitorSerializer):
    """A monitor as exported."""

    ignored = frozenset({"secrets_left_out"})
    team = None  # type: ignore[assignment]  # the file has one for all its rows
    key = serializers.CharField(required=False, help_text="What depends_on of other rows calls it: its name")
    depends_on = serializers.ListField(  # type: ignore[assignment]  # ids mean nothing in a file
        child=serializers.CharField(), default=list, help_text="Keys of rows, or names of the team's monitors"
    )


@extend_schema_field(ImportRowSerializer(many=True))
class ImportRowsField(serializers.ListField):
    """Rows that are read one by one, so that each tells its own mistakes."""


class ImportSerializer(KnownFieldsOnly):
    ignored = frozenset({"note"})
    team = TeamField()
    monitors = ImportRowsField(child=serializers.DictField(), max_length=MAX_ROWS)


class PreviewQuerySerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``update`` is a name of every serializer's own."""
        told = "Rows whose monitor is there change it; else it stays as it is"
        return {**super().get_fields(), "update": serializers.BooleanField(default=False, help_text=told)}


class ImportQuerySerializer(PreviewQuerySerializer):
    dry_run = serializers.BooleanField(default=False, help_text="Try, and change nothing")


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


class ImportedSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    imported = serializers.IntegerField(help_text="How many were made, or would be")
    monitors = serializers.ListField(child=serializers.IntegerField())
    changed = serializers.IntegerField(help_text="Rows that changed the monitor that is there")
    unchanged = serializers.IntegerField(help_text="Rows whose monitor is there already; it stays as it is")


class FieldChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    to = serializers.JSONField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.JSONField(allow_null=True)}


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
)
class FaultsField(serializers.DictField):
    """By field, with dots."""


class PreviewRowSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    key = serializers.CharField(help_text="The row's own; else its kind and target")
    name = serializers.CharField()
    kind = serializers.CharField()
    url = serializers.CharField()
    action = serializers.ChoiceField(choices=Fate.choices)
    monitor = serializers.IntegerField(allow_null=True, help_text="The one that is there")
    changes = FieldChangeSerializer(many=True, help_text="Secrets are never told")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``errors`` is a name of every serializer's own."""
        return {**super().get_fields(), "errors": FaultsField(help_text="Of a row that is refused")}


class PreviewedImportSerializer(serializers.Serializer[Any]):
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    same = serializers.IntegerField()
    refused = serializers.IntegerField()
    rows = PreviewRowSerializer(many=True)


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


def read_import(
    data: Sequence[dict[str, Any]], context: Mapping[str, Any]
) -> tuple[list[ImportRow], dict[int, Mapping[str, Any]]]:
    """The rows that can be read, and the mistakes of the others by index."""
    rows, mistakes = [], dict[int, Mapping[str, Any]]()
    for index, each in enumerate(data):
        serializer = ImportRowSerializer(data=each, context=context)
        if not serializer.is_valid():
            mistakes[index] = serializer.errors
            continue
        fields = dict(serializer.validated_data)
        key, needs = fields.pop("key", fields["name"]), fields.pop("depends_on")
        rows.append(ImportRow(index, key, needs, fields, frozenset(each)))
    return rows, mistakes


def tell_outcome(outcome: ImportOutcome, given: Mapping[str, Any]) -> dict[str, Any]:
    changes = [{"field": name, "from": was, "to": becomes} for name, was, becomes in outcome.changes]
    return {
        **_name_row(outcome.row.index, given),
        "action": outcome.fate.value,
        "monitor": outcome.monitor.pk if outcome.monitor else None,
        "changes": changes,
        "errors": flatten_faults(outcome.errors) if outcome.errors else {},
    }


def tell_refused(index: int, given: Mapping[str, Any], errors: Mapping[str, Any]) -> dict[str, Any]:
    """What is answered for a row that could not be read."""
    refused: dict[str, Any] = {
        "action": Fate.REFUSED.value,
        "monitor": None,
        "changes": [],
        "errors": flatten_faults(errors),
    }
    return _name_row(index, given) | refused


def _name_row(index: int, given: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: str(given.get(name) or "")[:200] for name in ("name", "kind", "url")}
    key = str(given.get("key") or f"{named['kind']} {named['url'] or named['name']}")
    return {"index": index, "key": key[:400], **named}


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

    @extend_schema(
        request=ImportSerializer,
        parameters=[ImportQuerySerializer],
        responses={
            201: ImportedSerializer,
            200: OpenApiResponse(ImportedSerializer, description="Of a dry run"),
        },
    )
    @action(detail=False, methods=["post"], url_path="import", url_name="import")
    @can_answer(409)
    def import_(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make monitors of an export, all or none; mistakes come back by row, as `{"index", "errors"}`.

        A row whose monitor is there already (same kind, name and target) changes nothing."""
        query = ImportQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        dry_run = query.validated_data["dry_run"]
        data = {"monitors": request.data} if isinstance(request.data, list) else request.data
        body = ImportSerializer(data=data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        rows, mistakes = read_import(body.validated_data["monitors"], self.get_serializer_context())
        try:
            imported = import_(
                body.validated_data["team"],
                rows,
                now=self.now,
                mistakes=mistakes,
                dry_run=dry_run,
                update=query.validated_data["update"],
            )
        except ImportRefused as refused:
            raise ImportInvalid(refused.mistakes) from None
        ids = [] if dry_run else [monitor.pk for monitor in imported.made]
        answer = {"dry_run": dry_run, "imported": len(imported.made), "monitors": ids}
        answer |= {"changed": imported.changed, "unchanged": imported.unchanged}
        return Response(answer, status=200 if dry_run else 201)

    @extend_schema(
        request=ImportSerializer, parameters=[PreviewQuerySerializer], responses=PreviewedImportSerializer
    )
    @action(detail=False, methods=["post"], url_path="import/preview", url_name="import-preview")
    def preview_import(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What would become of each row: new, changed, the same, or refused and why. Nothing is stored."""
        query = PreviewQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        data = {"monitors": request.data} if isinstance(request.data, list) else request.data
        body = ImportSerializer(data=data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        given = body.validated_data["monitors"]
        rows, mistakes = read_import(given, self.get_serializer_context())
        update = query.validated_data["update"]
        outcomes = preview_import(body.validated_data["team"], rows, now=self.now, update=update)
        told = [tell_outcome(outcome, given[outcome.row.index]) for outcome in outcomes]
        told += [tell_refused(index, given[index], errors) for index, errors in mistakes.items()]
        counts = {fate: sum(row["action"] == fate for row in told) for fate in Fate.values}
        return Response({**counts, "rows": sorted(told, key=lambda row: row["index"])})
