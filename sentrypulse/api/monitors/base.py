"""What the endpoints of monitors share: which monitors a user has, and how one is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.utils import timezone
from rest_framework.request import Request

from accounts.models import Role, User
from incidents.maintenance import find_covered
from monitors.models import Monitor, MonitorQuerySet
from sentrypulse.api.monitors.description import describe_monitors
from sentrypulse.api.monitors.filters import MonitorFilter
from sentrypulse.api.monitors.ordering import order_for
from sentrypulse.api.monitors.serializers import MonitorSerializer
from sentrypulse.api.viewsets import TeamRowsViewSet


class MonitorEndpoints(TeamRowsViewSet[Monitor]):
    """``now`` is the instant at which the request came."""

    write_role = Role.MEMBER
    serializer_class = MonitorSerializer
    filterset_class = MonitorFilter
    search_fields = ["name", "url", "tags__name"]
    ordering = "-id"
    ordering_fields = ["id", "name", "created_at", "interval_s", "status", "uptime", "response"]
    conditional_actions = ("list", "retrieve", "results", "stats", "kinds", "graphs")
    lookup_value_regex = "[0-9]+"
    queryset = Monitor.objects.none()  # tells the schema the type of the id
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        super().initial(request, *args, **kwargs)

    def read_rows(self, user: User) -> MonitorQuerySet:
        return Monitor.objects.for_api(user, now=self.now)

    def filter_queryset(self, queryset: Any) -> Any:
        found: Any = super().filter_queryset(queryset)
        return order_for(
            found,
            self.request.query_params.get("ordering", ""),
            covered=lambda: find_covered(cast(User, self.request.user), now=self.now),
            now=self.now,
        )

    def complete(self, rows: Sequence[Monitor]) -> None:
        describe_monitors(rows, now=self.now)
