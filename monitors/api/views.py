"""The endpoints of monitors and tags. Reads go to a queryset, writes to a service."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from monitors import services
from monitors.api.bulk import Bulk
from monitors.api.conditional import Conditional
from monitors.api.exchange import Exchange
from monitors.api.filters import MonitorFilter
from monitors.api.serializers import (
    WINDOWS,
    CloneSerializer,
    MonitorSerializer,
    PingSerializer,
    ResultQuerySerializer,
    ResultSerializer,
    TagSerializer,
)
from monitors.models import Monitor, MonitorQuerySet, Ping, Result, Tag
from monitors.selectors import find_newest_results, tags_for
from monitors.tags import create_tag, rename_tag
from sentrypulse.paging import CursorPaging

_LOOKUPS = {"status": "status", "region": "region", "since": "scheduled_at__gte", "until": "scheduled_at__lt"}
_ORDERING = OpenApiParameter(
    "ordering",
    enum=[sign + name for name in ("id", "name", "created_at", "interval_s") for sign in ("", "-")],
)


class ResultPaging(CursorPaging):
    """Newest first; regions that share a slot in a fixed order."""

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        return ("-scheduled_at", "-region")


class MonitorViewSet(Conditional, Bulk, Exchange, viewsets.GenericViewSet[Monitor]):
    """Monitors. Apps above extend ``attach``, ``after_change`` and ``ids_in_maintenance`` by mixins."""

    write_role = Role.MEMBER
    serializer_class = MonitorSerializer
    filterset_class = MonitorFilter
    search_fields = ["name", "url"]
    ordering = "-id"
    ordering_fields = ["id", "name", "created_at", "interval_s"]
    conditional_actions = ("list", "retrieve", "results")
    lookup_value_regex = "[0-9]+"
    queryset = Monitor.objects.none()  # tells the schema the type of the id
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        super().initial(request, *args, **kwargs)

    def get_queryset(self) -> MonitorQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Monitor.objects.none()
        return Monitor.objects.for_api(cast(User, self.request.user), now=self.now)

    # What apps above extend

    def attach(self, monitors: list[Monitor], *, now: datetime) -> None:
        """Give each monitor what its JSON shows beside its row, in a constant number of queries."""
        newest = find_newest_results(monitors)
        shown: list[Any] = monitors
        for monitor in shown:
            monitor.newest_result = newest.get(monitor.pk)
            monitor.uptime = dict.fromkeys(WINDOWS)
            monitor.in_maintenance = False

    def after_change(self, event: str, monitors: list[Monitor], *, now: datetime) -> None:
        """Called in the change's transaction: created, edited, resumed, paused; deleting comes before it."""

    def ids_in_maintenance(self, *, now: datetime) -> Collection[int]:
        """The monitors that maintenance covers, for the list's filter by status."""
        return ()

    # Reading

    @extend_schema(parameters=[_ORDERING])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self.attach(page, now=self.now)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self._render(self.get_object()))

    def _render(self, monitor: Monitor) -> dict[str, Any]:
        self.attach([monitor], now=self.now)
        return cast(dict[str, Any], self.get_serializer(monitor).data)

    def _show(self, monitor: Monitor, code: int = status.HTTP_200_OK) -> Response:
        """The monitor as it is stored now."""
        return Response(self._render(self.get_queryset().get(pk=monitor.pk)), status=code)

    @extend_schema(parameters=[ResultQuerySerializer], responses=ResultSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=ResultPaging, filter_backends=[])
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
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        with transaction.atomic():
            monitor = services.create_monitor(fields.pop("team"), now=self.now, **fields)
            self.after_change("created", [monitor], now=self.now)
        return self._show(monitor, status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        partial = kwargs.get("partial", False)
        with transaction.atomic():
            before = self.get_object()
            serializer = self.get_serializer(before, data=request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            changes = dict(serializer.validated_data)
            if partial and "config" in changes:
                changes["config_changes"] = changes.pop("config")
            monitor = services.update_monitor(before, now=self.now, **changes)
            switched = "resumed" if monitor.enabled else "paused"
            event = "edited" if monitor.enabled == before.enabled else switched
            self.after_change(event, [monitor], now=self.now)
        return self._show(monitor)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that are sent; of ``config``, too, only those that are sent."""
        return self.update(request, *args, **{**kwargs, "partial": True})

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the monitor and all that was found."""
        with transaction.atomic():
            locked = services.lock_monitors([self.get_object().pk])
            self.after_change("deleting", locked, now=self.now)
            services.delete_monitors(locked)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stop checking. Pausing twice changes nothing."""
        with transaction.atomic():
            monitor = self.get_object()
            if paused := services.pause_monitors([monitor], now=self.now):
                self.after_change("paused", paused, now=self.now)
        return self._show(monitor)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check again, from pending. Resuming twice changes nothing."""
        with transaction.atomic():
            monitor = self.get_object()
            if resumed := services.resume_monitors([monitor], now=self.now):
                self.after_change("resumed", resumed, now=self.now)
        return self._show(monitor)

    @extend_schema(request=CloneSerializer, responses={201: MonitorSerializer})
    @action(detail=True, methods=["post"])
    def clone(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make another that is configured the same, its secrets included."""
        source = self.get_object()
        body = CloneSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            monitor = services.clone_monitor(source, now=self.now, **body.validated_data)
            self.after_change("created", [monitor], now=self.now)
        return self._show(monitor, status.HTTP_201_CREATED)


class TagViewSet(Conditional, viewsets.ModelViewSet[Tag]):
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

    def get_queryset(self) -> Any:
        return (
            Tag.objects.none() if getattr(self, "swagger_fake_view", False) else tags_for(self.request.user)
        )

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_tag(
            serializer.validated_data["team"], name=serializer.validated_data["name"]
        )

    def perform_update(self, serializer: Any) -> None:
        if "name" in serializer.validated_data:
            rename_tag(serializer.instance, name=serializer.validated_data["name"])
