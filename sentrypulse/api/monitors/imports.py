"""Import: monitors of a file, of our own JSON or of another tool's; first what would become of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Team
from actions.imports import Fate, ImportOutcome, ImportRefused, ImportRow, import_, preview_import
from core.errors import flatten_faults
from core.schema import can_answer
from monitors.importing import MAX_ENTRIES, SOURCES, Reading, Unreadable, read_monitors
from probes.registry import KINDS
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.monitors.serializers import MonitorSerializer
from sentrypulse.api.serializers import KnownFieldsOnly

MAX_ROWS = 500
"""In one request."""


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


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """A file, and which of its rows are meant: ``chosen`` are their indexes."""

    reading: Reading
    chosen: range


class ImportSerializer(KnownFieldsOnly):
    """Either `monitors` or `text`."""

    ignored = frozenset({"note"})
    team = TeamField()
    monitors = ImportRowsField(child=serializers.DictField(), max_length=MAX_ROWS, required=False)
    text = serializers.CharField(
        required=False,
        trim_whitespace=False,
        help_text="Instead of monitors: a file of another tool, or CSV, as text of at most 2,000,000 bytes",
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a name of every field's own
        choices=SOURCES,
        required=False,
        help_text="What text is a file of; recognised where it is left out",
        error_messages={
            "invalid_choice": f"There is no source {{input}}; choose one of {', '.join(SOURCES)}."
        },
    )
    count = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ROWS,
        help_text="How many rows from there; the whole file is sent each time",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``from`` is a word of Python's own."""
        first = serializers.IntegerField(
            default=0, min_value=0, max_value=MAX_ENTRIES, help_text="The first row that is meant, from 0"
        )
        return {**super().get_fields(), "from": first}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Adds ``rows``, which are ``ChosenRows``."""
        if "text" in attrs and "monitors" in attrs:
            raise serializers.ValidationError({"text": ["Send either monitors or text, not both."]})
        if "text" in attrs:
            try:
                reading = read_monitors(attrs["text"], attrs.get("source", ""))
            except Unreadable as why:
                raise serializers.ValidationError({"text": [str(why)]}) from None
        elif "monitors" not in attrs:
            raise serializers.ValidationError({"monitors": ["This field is required."]})
        elif "source" in attrs:
            raise serializers.ValidationError({"source": ["It goes with text; monitors are our own JSON."]})
        else:
            rows = attrs["monitors"]
            reading = Reading("json", rows, [[] for _ in rows])
        total, first = len(reading.rows), attrs["from"]
        if total > MAX_ROWS and "count" not in attrs:
            told = f"The file has {total:,} monitors; take at most {MAX_ROWS} at a time, with from and count."
            raise serializers.ValidationError({"count": [told]})
        return {**attrs, "rows": ChosenRows(reading, range(total)[first : first + attrs.get("count", total)])}


class PreviewQuerySerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``update`` is a name of every serializer's own."""
        told = "Rows whose monitor is there change it; else it stays as it is"
        return {**super().get_fields(), "update": serializers.BooleanField(default=False, help_text=told)}


class ImportQuerySerializer(PreviewQuerySerializer):
    dry_run = serializers.BooleanField(default=False, help_text="Try, and change nothing")


class SkippedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True, help_text="In the words of its source")
    reason = serializers.CharField(help_text="One sentence")


class ImportedSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    imported = serializers.IntegerField(help_text="How many were made, or would be")
    monitors = serializers.ListField(child=serializers.IntegerField())
    changed = serializers.IntegerField(help_text="Rows that changed the monitor that is there")
    unchanged = serializers.IntegerField(help_text="Rows whose monitor is there already; it stays as it is")
    total = serializers.IntegerField(help_text="Rows of the whole file")
    skipped = SkippedSerializer(
        many=True, help_text="Of the file, told where from is 0: what becomes no monitor"
    )


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
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="What of its source the row does not carry, in sentences"
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``errors`` is a name of every serializer's own."""
        return {**super().get_fields(), "errors": FaultsField(help_text="Of a row that is refused")}


class PreviewedImportSerializer(serializers.Serializer[Any]):
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    same = serializers.IntegerField()
    refused = serializers.IntegerField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a name of every field's own
        choices=SOURCES, help_text="What the file was read as"
    )
    total = serializers.IntegerField(help_text="Rows of the whole file")
    rows = PreviewRowSerializer(many=True)
    skipped = SkippedSerializer(
        many=True, help_text="Of the file, told where from is 0: what becomes no monitor"
    )


def read_import(
    data: Sequence[Mapping[str, Any]], context: Mapping[str, Any], *, chosen: range
) -> tuple[list[ImportRow], dict[int, Mapping[str, Any]]]:
    """Those of the chosen rows that can be read, and the mistakes of the others by index."""
    rows, mistakes = [], dict[int, Mapping[str, Any]]()
    for index in chosen:
        serializer = ImportRowSerializer(data=data[index], context=context)
        if not serializer.is_valid():
            mistakes[index] = serializer.errors
            continue
        fields = dict(serializer.validated_data)
        key, needs = fields.pop("key", fields["name"]), fields.pop("depends_on")
        rows.append(ImportRow(index, key, needs, fields, frozenset(data[index])))
    return rows, mistakes


def list_others(data: Sequence[Mapping[str, Any]], *, chosen: range) -> list[ImportRow]:
    """The rows of the file that are not chosen, as far as needed to know which monitors they mean."""
    others = []
    for index, row in enumerate(data):
        named = {name: row.get(name, "") for name in ("kind", "name", "url")}
        if index in chosen or not all(isinstance(value, str) for value in named.values()):
            continue
        if named["kind"] in KINDS and named["name"]:
            others.append(ImportRow(index, str(row.get("key") or named["name"]), (), named))
    return others


def tell_preview(
    team: Team, rows: ChosenRows, context: Mapping[str, Any], *, now: Any, update: bool
) -> dict[str, Any]:
    """What would become of the chosen rows of a file."""
    given, chosen = rows.reading.rows, rows.chosen
    read, mistakes = read_import(given, context, chosen=chosen)
    others = list_others(given, chosen=chosen)
    outcomes = preview_import(team, read, now=now, update=update, others=others)
    told = [tell_outcome(outcome, given[outcome.row.index]) for outcome in outcomes]
    told += [tell_refused(index, given[index], errors) for index, errors in mistakes.items()]
    told = [row | {"left_out": rows.reading.left_out[row["index"]]} for row in told]
    counts = {fate: sum(row["action"] == fate for row in told) for fate in Fate.values}
    file = {"source": rows.reading.source, **tell_file(rows)}
    return {**counts, **file, "rows": sorted(told, key=lambda row: row["index"])}


def tell_file(rows: ChosenRows) -> dict[str, Any]:
    skipped = [] if rows.chosen.start else rows.reading.skipped
    listed = [{"name": one.name, "kind": one.kind, "reason": one.reason} for one in skipped]
    return {"total": len(rows.reading.rows), "skipped": listed}


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


class ImportEndpoints(MonitorEndpoints):
    def _read_body(self, request: Request) -> tuple[Team, ChosenRows]:
        data = {"monitors": request.data} if isinstance(request.data, list) else request.data
        body = ImportSerializer(data=data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return body.validated_data["team"], body.validated_data["rows"]

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
        """Make monitors of an export, or of another tool's file, all or none; mistakes come back by row, as
        `{"index", "errors"}`.

        A row whose monitor is there already (same kind, name and target) changes nothing. To show progress,
        send the same file again and again with `from` and `count`: each slice is all or none, and may depend
        on earlier ones."""
        query = ImportQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        dry_run = query.validated_data["dry_run"]
        team, rows = self._read_body(request)
        given = rows.reading.rows
        read, mistakes = read_import(given, self.get_serializer_context(), chosen=rows.chosen)
        try:
            imported = import_(
                team,
                read,
                now=self.now,
                mistakes=mistakes,
                dry_run=dry_run,
                update=query.validated_data["update"],
                others=list_others(given, chosen=rows.chosen),
            )
        except ImportRefused as refused:
            raise ImportInvalid(refused.mistakes) from None
        ids = [] if dry_run else [monitor.pk for monitor in imported.made]
        answer = {"dry_run": dry_run, "imported": len(imported.made), "monitors": ids}
        answer |= {"changed": imported.changed, "unchanged": imported.unchanged, **tell_file(rows)}
        return Response(answer, status=200 if dry_run else 201)

    @extend_schema(
        request=ImportSerializer, parameters=[PreviewQuerySerializer], responses=PreviewedImportSerializer
    )
    @action(detail=False, methods=["post"], url_path="import/preview", url_name="import-preview")
    def preview_import(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What would become of each row: new, changed, the same, or refused and why; what of its source it
        does not carry; and what becomes no monitor. Nothing is stored."""
        query = PreviewQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        team, rows = self._read_body(request)
        update = query.validated_data["update"]
        context = self.get_serializer_context()
        return Response(tell_preview(team, rows, context, now=self.now, update=update))
