"""Monitors as a file: out as JSON or CSV without their secrets, in again as JSON."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError as InvalidMonitor
from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Team
from monitors import services
from monitors.api.serializers import KnownFieldsOnly, MonitorSerializer
from monitors.limits import SECRET_OF
from monitors.models import Monitor
from sentrypulse.spreadsheets import write_csv

if TYPE_CHECKING:
    from monitors.api.views import MonitorViewSet

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
]


class JsonAlways(DefaultContentNegotiation):
    """DRF would answer ``?format=csv`` with 404 before the view is asked; here ``format`` is the view's."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return JSONRenderer(), JSONRenderer.media_type


class ImportRefused(serializers.ValidationError):
    """Mistakes by row; DRF would make text of each row's index."""

    def __init__(self, mistakes: list[dict[str, Any]]) -> None:
        super().__init__()
        self.detail = {"monitors": mistakes}  # type: ignore[dict-item]  # whole numbers among the sentences


class ImportRowSerializer(MonitorSerializer):
    """A monitor as exported."""

    ignored = frozenset({"secrets_left_out"})
    team = None  # type: ignore[assignment]  # the file has one for all its rows


class ImportSerializer(KnownFieldsOnly):
    ignored = frozenset({"note"})
    team = TeamField()
    monitors = serializers.ListField(child=serializers.DictField(), max_length=MAX_ROWS)


class ExportRowSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField()
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
    secrets_left_out = serializers.ListField(child=serializers.CharField(), required=False)


class ExportSerializer(serializers.Serializer[Any]):
    note = serializers.CharField()
    monitors = ExportRowSerializer(many=True)


class ImportedSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    imported = serializers.IntegerField(help_text="How many were made, or would be")
    monitors = serializers.ListField(child=serializers.IntegerField())


def export_row(monitor: Monitor) -> dict[str, Any]:
    row = {name: getattr(monitor, name) for name in COLUMNS if name != "tags"}
    row["tags"] = sorted(tag.name for tag in monitor.tags.all())
    row["secrets_left_out"] = list_secrets(monitor.config)
    return row


def list_secrets(config: dict[str, Any]) -> list[str]:
    """Where the stored configuration has a secret, by path; nothing is decrypted to know."""
    auth = config.get("auth") or {}
    name = SECRET_OF.get(auth.get("type", ""))
    headers = [h for h, value in (config.get("headers") or {}).items() if value == {"secret": True}]
    return [*([f"auth.{name}"] if name else []), *(f"headers.{header}" for header in headers)]


def import_rows(team: Team, rows: list[dict[str, Any]], *, view: "MonitorViewSet") -> list[Monitor]:
    """Make a monitor of each row, in the caller's transaction; raises with the mistakes of every row."""
    made: list[Monitor] = []
    mistakes: list[Any] = []
    for index, row in enumerate(rows):
        serializer = ImportRowSerializer(data=row, context=view.get_serializer_context())
        if not serializer.is_valid():
            mistakes.append({"index": index, "errors": serializer.errors})
            continue
        try:
            with transaction.atomic():
                made.append(services.create_monitor(team, now=view.now, **serializer.validated_data))
        except InvalidMonitor as invalid:
            mistakes.append({"index": index, "errors": invalid.message_dict})
    if mistakes:
        raise ImportRefused(mistakes)
    return made


class Exchange:
    """A mixin of the monitors' viewset."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "as", enum=["json", "csv"], default="json", description="`format` says the same"
            ),
        ],
        responses={(200, "application/json"): ExportSerializer, (200, "text/csv"): OpenApiTypes.STR},
    )
    @action(
        detail=False,
        methods=["get"],
        content_negotiation_class=JsonAlways,
        pagination_class=None,
        url_name="export",
    )
    def export(self: "MonitorViewSet", request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Every monitor that the list's filters choose, as a file; secrets are left out and named."""
        query = request.query_params
        wanted = query.get("as") or query.get("format") or "json"
        if wanted not in {"json", "csv"}:
            raise serializers.ValidationError({"as": [f"There is no format {wanted!r}; choose json or csv."]})
        monitors = self.filter_queryset(self.get_queryset()).order_by("pk")
        rows = [export_row(monitor) for monitor in monitors]
        attachment = {"Content-Disposition": f'attachment; filename="monitors.{wanted}"'}
        if wanted == "csv":
            table = write_csv([*COLUMNS, "secrets_left_out"], rows)
            return HttpResponse(table, content_type="text/csv; charset=utf-8", headers=attachment)
        return Response({"note": NOTE, "monitors": rows}, headers=attachment)

    @extend_schema(
        request=ImportSerializer,
        parameters=[OpenApiParameter("dry_run", bool, description="Try, and change nothing")],
        responses={
            201: ImportedSerializer,
            200: OpenApiResponse(ImportedSerializer, description="Of a dry run"),
        },
    )
    @action(detail=False, methods=["post"], url_path="import", url_name="import")
    def import_(self: "MonitorViewSet", request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make monitors of an export, all or none; mistakes come back by row, as `{"index", "errors"}`."""
        data = {"monitors": request.data} if isinstance(request.data, list) else request.data
        body = ImportSerializer(data=data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        dry_run = request.query_params.get("dry_run", "").lower() in {"1", "true", "yes"}
        with transaction.atomic():
            made = import_rows(body.validated_data["team"], body.validated_data["monitors"], view=self)
            if dry_run:
                transaction.set_rollback(True)
            else:
                self.after_change("created", made, now=self.now)
        ids = [] if dry_run else [monitor.pk for monitor in made]
        answer = {"dry_run": dry_run, "imported": len(made), "monitors": ids}
        return Response(answer, status=200 if dry_run else 201)
