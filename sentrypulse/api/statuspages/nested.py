"""What lies below a page, and who may come near it."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.models import Role
from accounts.permissions import require_role
from core.values import BIGGEST_ID
from statuspages.models import Component, StatusPage

Attributes = dict[str, Any]


class InPage(viewsets.GenericViewSet[Any]):
    """Reading needs ``read_role`` in the page's team, writing is for members; to a stranger there is no
    page."""

    read_role = Role.VIEWER
    ordering = "-pk"
    page: StatusPage

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        pages = StatusPage.objects.for_user(request.user).select_related("team")
        page = pages.filter(pk=kwargs["page_id"]).first() if kwargs["page_id"] <= BIGGEST_ID else None
        if page is None:
            raise NotFound("No such status page.")
        self.page = page
        require_role(
            request.user, page.team_id, self.read_role if request.method in SAFE_METHODS else Role.MEMBER
        )

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(page_id=self.kwargs.get("page_id"))

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """``initial`` has asked for the page's; what lies below it has no team of its own."""


def find_components(page: StatusPage, ids: list[int]) -> list[Component] | None:
    """The page's components of these ids; None when one is not there."""
    found = list(Component.objects.filter(page=page, pk__in=ids))
    return found if len(found) == len(set(ids)) else None
