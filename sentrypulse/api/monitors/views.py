"""The endpoints of monitors and tags. Reads go to a queryset, writes to an action."""

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from actions import monitors as actions
from core.pagination import CursorPaging
from core.schema import can_answer
from monitors.models import Ping, Result, Tag
from monitors.selectors import tags_for
from monitors.tags import create_tag, rename_tag
from sentrypulse.api.monitors.base import MonitorEndpoints
from sentrypulse.api.monitors.bulk import BulkEndpoints
from sentrypulse.api.monitors.checks import CheckEndpoints
from sentrypulse.api.monitors.exchange import ExchangeEndpoints
from sentrypulse.api.monitors.graphs import GraphEndpoints
from sentrypulse.api.monitors.imports import ImportEndpoints
from sentrypulse.api.monitors.kinds import KindEndpoints
from sentrypulse.api.monitors.maintenance import MaintenanceEndpoints
from sentrypulse.api.monitors.overview import OverviewEndpoints
from sentrypulse.api.monitors.serializers import (
    CloneSerializer,
    MonitorSerializer,
    PingSerializer,
    ResultQuerySerializer,
    ResultSerializer,
    TagSerializer,
)
from sentrypulse.api.monitors.stats import StatsEndpoints
from sentrypulse.api.viewsets import TeamRowsViewSet

_LOOKUPS = {"status": "status", "region": "region", "since": "scheduled_at__gte", "until": "scheduled_at__lt"}


IF_MATCH = extend_schema(
    parameters=[
        OpenApiParameter(
            "If-Match",
            location=OpenApiParameter.HEADER,
            description="The monitor's `version`, in quotation marks: 412 where it is another one by now.",
        )
    ]
)


def read_versions(request: Request) -> list[str]:
    """The versions that If-Match names. Empty when the client does not care."""
    named = parse_etags(request.headers.get("If-Match", ""))
    return [name.removeprefix("W/").strip('"') for name in named]


class ResultPaging(CursorPaging):
    """Newest first; regions that share a slot in a fixed order."""

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        super().get_ordering(request, queryset, view)  # refuses to be asked for another
        return ("-scheduled_at", "-region")


class MonitorViewSet(
    StatsEndpoints,
    OverviewEndpoints,
    GraphEndpoints,
    CheckEndpoints,
    MaintenanceEndpoints,
    BulkEndpoints,
    ExchangeEndpoints,
    ImportEndpoints,
    KindEndpoints,
    MonitorEndpoints,
):
    """What is watched: what is stored of it, whether maintenance covers it, its figures, and checks on
    demand."""

    # Reading

    @extend_schema(parameters=[ResultQuerySerializer], responses=ResultSerializer(many=True))
    @action(
        detail=True, methods=["get"], pagination_class=ResultPaging, filter_backends=[], ordering_fields=[]
    )
    def results(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What its checks found, newest first."""
        query = ResultQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = {_LOOKUPS[name]: value for name, value in query.validated_data.items()}
        rows = Result.objects.filter(monitor=self.get_object(), **wanted)
        page = self.paginate_queryset(cast(Any, rows))
        return self.get_paginated_response(ResultSerializer(cast(Any, page), many=True).data)

    @extend_schema(responses=PingSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], ordering="-id", ordering_fields=["id"])
    def pings(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The newest calls of a heartbeat's address, with what they sent."""
        page = self.paginate_queryset(cast(Any, Ping.objects.filter(monitor=self.get_object())))
        return self.get_paginated_response(PingSerializer(cast(Any, page), many=True).data)

    # Writing

    @extend_schema(responses={201: MonitorSerializer})
    @can_answer(409)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self.read_body()
        monitor = actions.create(fields.pop("team"), now=self.now, **fields)
        return self.show_stored(monitor, status.HTTP_201_CREATED)

    @IF_MATCH
    @can_answer(409, 412)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        partial = kwargs.get("partial", False)
        monitor = self.get_object()
        changes = self.read_body(monitor, partial=partial)
        if partial and "config" in changes:
            changes["config_changes"] = changes.pop("config")
        versions = read_versions(request)
        return self.show_stored(actions.update(monitor, now=self.now, versions=versions, **changes))

    @IF_MATCH
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that are sent; of ``config``, too, only those that are sent."""
        return self.update(request, *args, **{**kwargs, "partial": True})

    @IF_MATCH
    @can_answer(412)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the monitor and all that was found."""
        actions.delete([self.get_object()], now=self.now, versions=read_versions(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stop checking. Pausing twice changes nothing."""
        monitor = self.get_object()
        actions.pause([monitor], now=self.now)
        return self.show_stored(monitor)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    @can_answer(409)
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check again, from pending. Resuming twice changes nothing."""
        monitor = self.get_object()
        actions.resume([monitor], now=self.now)
        return self.show_stored(monitor)

    @extend_schema(request=CloneSerializer, responses={201: MonitorSerializer})
    @action(detail=True, methods=["post"])
    @can_answer(409)
    def clone(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make another that is configured the same, its secrets included."""
        source = self.get_object()
        body = CloneSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        monitor = actions.clone(source, now=self.now, **body.validated_data)
        return self.show_stored(monitor, status.HTTP_201_CREATED)


class TagViewSet(TeamRowsViewSet[Tag], viewsets.ModelViewSet[Tag]):
    """A team's tags. Deleting one takes it off its monitors; the monitors stay."""

    http_method_names = ["get", "post", "patch", "put", "delete", "head", "options"]
    write_role = Role.MEMBER
    serializer_class = TagSerializer
    search_fields = ["name"]
    filterset_fields = ["team"]
    ordering = "name"
    ordering_fields = ["id", "name"]
    lookup_value_regex = "[0-9]+"
    queryset = Tag.objects.none()

    def read_rows(self, user: User) -> QuerySet[Tag]:
        return tags_for(user)

    @can_answer(409)
    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_tag(
            serializer.validated_data["team"], name=serializer.validated_data["name"]
        )

    def perform_update(self, serializer: Any) -> None:
        if "name" in serializer.validated_data:
            rename_tag(serializer.instance, name=serializer.validated_data["name"])
