"""`sla-reports/`: a month of a team, a tag or a monitor; as JSON, as a table, as a page to print."""

from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Role, Team, User
from analytics.calendar import date_of
from analytics.models import SlaLine, SlaReport
from analytics.reports.figures import Month, read_sla_lines
from analytics.reports.freezing import are_hours_kept, correct, zone_of
from analytics.reports.page import paint
from analytics.reports.payload import SUBJECTS, TABLE, Report, check_line, list_rows, tell_report
from core.csv import write_csv
from core.filters import FilterSet, IdFilter
from core.folding import fold_case
from core.isolation import do_each, read_rows
from core.schema import can_answer
from core.showing import Showable
from core.time_zones import find_zone
from monitors.models import Monitor
from monitors.tags import find_named
from probes.registry import KINDS
from sentrypulse.api.fields import IdField
from sentrypulse.api.monitors.exchange import JsonAlways
from sentrypulse.api.monitors.stats import PercentilesSerializer, RatiosSerializer
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet

BIGGEST_VERSION = 2**15 - 1
FORMATS = ("json", "csv", "html")
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class ReportTeamField(TeamField):
    """For reading, too: another team's reports are a 404."""

    def fail(self, key: str, **kwargs: Any) -> Any:
        if key == "does_not_exist":
            raise NotFound("No such team.")
        super().fail(key, **kwargs)


class ReportQuerySerializer(KnownFieldsOnly):
    team = ReportTeamField(role=Role.VIEWER)
    monitor = IdField(required=False, help_text="Of this monitor alone; not with tag")
    tag = serializers.CharField(required=False, max_length=50, help_text="Of the monitors with this tag")
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=BIGGEST_VERSION, help_text="The newest, if left out"
    )
    format = serializers.ChoiceField(
        choices=FORMATS,
        default="json",
        error_messages={"invalid_choice": "There is no format {input}; choose json, csv or html."},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "monitor" in attrs and "tag" in attrs:
            raise ValidationError(
                {"tag": ["A report is of one monitor or of one tag; leave one of them out."]}
            )
        return attrs


class CorrectSerializer(KnownFieldsOnly):
    team = ReportTeamField(role=Role.ADMIN)
    reason = serializers.CharField(max_length=1000, help_text="Printed on the new version")


@extend_schema_field({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "example": "2026-11"})
class MonthField(serializers.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m", **kwargs)


class FrozenReportSerializer(Showable, serializers.ModelSerializer[SlaReport]):
    month = MonthField()
    frozen_at = serializers.DateTimeField()
    supersedes = serializers.IntegerField(
        source="supersedes.version", default=None, allow_null=True, help_text="The version that it corrects"
    )

    class Meta:
        model = SlaReport
        fields = ["team", "month", "version", "timezone", "frozen_at", "supersedes", "reason", "digest"]
        read_only_fields = fields


class ReportFiguresSerializer(RatiosSerializer):
    downtime_s = serializers.IntegerField()
    maintenance_s = serializers.IntegerField()
    incidents = serializers.IntegerField(help_text="Of a day: those that began; else: those that overlap")


class ReportDaySerializer(ReportFiguresSerializer):
    on = serializers.DateField()


class ReportLineSerializer(ReportFiguresSerializer):
    monitor = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    interval_s = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    mttr_s = serializers.IntegerField(allow_null=True)
    mtbf_s = serializers.IntegerField(allow_null=True)
    latency_ms = PercentilesSerializer()
    days = ReportDaySerializer(many=True)


class SubjectSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=SUBJECTS)
    name = serializers.CharField()


class SlaReportSerializer(ReportFiguresSerializer):
    """For the document: what ``payload.tell_report`` returns is the answer as it is."""

    team = serializers.IntegerField()
    month = serializers.CharField()
    timezone = serializers.CharField()
    frozen = serializers.BooleanField(help_text="False: the month's figures may still change")
    version = serializers.IntegerField(allow_null=True)
    supersedes = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    frozen_at = serializers.DateTimeField(allow_null=True)
    digest = serializers.CharField(allow_null=True)
    subject = SubjectSerializer()
    days = ReportDaySerializer(many=True)
    monitors = ReportLineSerializer(many=True)


def read_month(text: str) -> date:
    """The first day of a month spelled ``2026-11``. Raises 400 for one that there is not."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  # a date has no zone
    except ValueError:
        raise ValidationError(
            {"month": [f"There is no month {text!r}; write one such as 2026-11."]}
        ) from None


def find_month(first: date, zone: ZoneInfo, *, now: datetime) -> Month:
    """Raises 400 for a month that lies ahead."""
    if first > date_of(now, zone):
        raise ValidationError({"month": [f"The month {first:%Y-%m} has not begun yet."]})
    return Month(first, zone)


class SlaReportFilter(FilterSet):
    month = filters.CharFilter(method="keep_month", help_text="Such as 2026-11")
    team = IdFilter(field_name="team_id")

    def keep_month(self, queryset: QuerySet[SlaReport], name: str, value: str) -> QuerySet[SlaReport]:
        return queryset.filter(month=read_month(value))


_MONTH = OpenApiParameter("month", OpenApiTypes.STR, OpenApiParameter.PATH, description="Such as 2026-11")


class SlaReportViewSet(TeamRowsViewSet[SlaReport]):
    """A month's figures: provisional while it runs, frozen once it is over, corrected by a next version."""

    name = "SLA reports"
    queryset = SlaReport.objects.none()
    serializer_class = FrozenReportSerializer
    filterset_class = SlaReportFilter
    search_fields: list[str] = []
    ordering = ("-month", "-version")
    ordering_fields = ["month", "frozen_at"]
    lookup_field = "month"
    lookup_value_regex = "[0-9]{4}-[0-9]{2}"

    def read_rows(self, user: User) -> QuerySet[SlaReport]:
        return SlaReport.objects.for_user(user)

    def get_content_negotiator(self) -> BaseContentNegotiation:
        """Of a report, ``format`` is ours; its list is shown as every other."""
        return JsonAlways() if self.detail else super().get_content_negotiator()

    @extend_schema(
        parameters=[_MONTH, ReportQuerySerializer],
        responses={
            (200, "application/json"): SlaReportSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "text/html"): OpenApiTypes.STR,
        },
    )
    def retrieve(self, request: Request, month: str) -> HttpResponse:  # type: ignore[override]  # not by id
        """The newest version, or the one asked for. A month that is not frozen is computed as it is now."""
        first = read_month(month)
        query = ReportQuerySerializer(data=request.query_params.dict(), context=self.get_serializer_context())
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, timezone.now()
        team: Team = asked["team"]
        found = find_month(first, zone_of(team), now=now)
        versions = SlaReport.objects.for_user(cast(User, request.user)).filter(team=team, month=found.first)
        newest = versions.order_by("-version").first()
        frozen = _find_version(versions, asked["version"], found) if "version" in asked else newest
        report = _read_frozen(team, frozen, asked) if frozen else _read_now(team, found, asked, now=now)
        return _answer(report, asked["format"], newest=newest, now=now)

    @extend_schema(
        parameters=[_MONTH],
        request=CorrectSerializer,
        responses={
            201: FrozenReportSerializer,
        },
    )
    @action(detail=True, methods=["post"], filter_backends=[])
    @can_answer(409)
    def correct(self, request: Request, month: str) -> Response:
        """Make the next version, from the figures as they are now. The one before stays readable."""
        first, data = read_month(month), request.data
        if isinstance(data, dict) and "team" in request.query_params:
            data = {"team": request.query_params["team"], **data}
        body = CorrectSerializer(data=data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        asked, now = body.validated_data, timezone.now()
        find_month(first, zone_of(asked["team"]), now=now)
        report = correct(asked["team"], first, reason=asked["reason"], now=now)
        return Response(self.get_serializer(report).data, status=201)


def _find_version(versions: QuerySet[SlaReport], version: int, month: Month) -> SlaReport:
    found = versions.filter(version=version).first()
    if found is None:
        raise NotFound(f"There is no version {version} of the report of {month}.")
    return found


def _read_frozen(team: Team, frozen: SlaReport, asked: dict[str, Any]) -> Report:
    lines = frozen.lines.order_by("monitor_id")
    if "monitor" in asked:
        lines = lines.filter(monitor_id=asked["monitor"])
    month = Month(frozen.month, find_zone(frozen.timezone))
    days = list(month.days(month.end))
    whole = do_each(
        "tell report",
        read_rows("tell report", lines),
        lambda line: check_line(line, days),
        name=lambda line: ("line", line.pk),
    )
    return _make_report(team, month, whole, asked, until=month.end, frozen=frozen)


def _read_now(team: Team, month: Month, asked: dict[str, Any], *, now: datetime) -> Report:
    if not are_hours_kept(month, now=now):
        raise NotFound(f"No report of {month} was frozen, and its hours are no longer kept.")
    monitors = Monitor.objects.filter(team=team)
    if "monitor" in asked:
        monitors = monitors.filter(pk=asked["monitor"])
    if "tag" in asked:
        monitors = monitors.filter(tags__in=find_named(asked["tag"], team_ids=[team.pk])).distinct()
    lines = list(read_sla_lines(monitors, month, now=now))
    return _make_report(team, month, lines, asked, until=min(month.end, now))


def _make_report(
    team: Team,
    month: Month,
    lines: list[SlaLine],
    asked: dict[str, Any],
    *,
    until: datetime,
    frozen: SlaReport | None = None,
) -> Report:
    if "tag" in asked:  # in Python: MariaDB and SQLite share no spelling to look into JSON
        wanted = fold_case(asked["tag"])
        lines = [line for line in lines if wanted in {fold_case(tag) for tag in line.tags}]
    kind = next((kind for kind in ("monitor", "tag") if kind in asked), "team")
    if kind != "team" and not lines:
        raise ValidationError({kind: [f"The report of {month} has no {kind} {asked[kind]!r}."]})
    name = {"team": team.name, "tag": asked.get("tag", ""), "monitor": lines[0].name if lines else ""}[kind]
    return Report(team.pk, month, list(month.days(until)), kind, name, lines, frozen)


def _answer(report: Report, wanted: str, *, newest: SlaReport | None, now: datetime) -> HttpResponse:
    if wanted == "json":
        return Response(tell_report(report))
    if wanted == "csv":
        version = f"v{report.frozen.version}" if report.frozen else "provisional"
        name = f"sla-{report.month}-{report.subject}-{version}.csv"
        answer = HttpResponse(
            write_csv(TABLE, list_rows(tell_report(report))),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    else:
        page = render_to_string("analytics/report.html", paint(report, newest=newest, now=now))
        answer = HttpResponse(
            page.encode(errors="backslashreplace"),  # as in JSON and CSV
            headers={"Content-Security-Policy": PAGE_POLICY},
        )
    patch_cache_control(answer, private=True, no_cache=True)
    return answer
