"""What the endpoints of a team's rows share."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.utils.cache import patch_cache_control
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from core.showing import complete_rows

Row = TypeVar("Row", bound=Model)


class TeamRowsViewSet(viewsets.GenericViewSet[Row]):
    """Rows of the user's teams: to a stranger there are none.

    ``queryset`` is an empty one, which tells the model; ``read_rows`` says which there are for a user. The
    client may keep what ``conditional_actions`` answer, and asks by If-None-Match whether it still holds:
    ``ConditionalGetMiddleware`` answers 304.
    """

    conditional_actions: tuple[str, ...] = ("list", "retrieve")

    def read_rows(self, user: User) -> QuerySet[Row]:
        raise NotImplementedError

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):  # made for the document, where nobody asks
            return super().get_queryset()
        return self.read_rows(cast(User, self.request.user))

    def complete(self, rows: Sequence[Row]) -> None:
        """Put on the rows what is shown beside what is stored of them."""

    # No docstrings: the document tells what the viewset says of itself.

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        page = complete_rows(found, self.complete)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.show(self.get_object())

    def read_body(self, row: Row | None = None, *, partial: bool = False) -> dict[str, Any]:
        """The fields that the request sets. Raises ``ValidationError``."""
        serializer = self.get_serializer(row, data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def show(self, row: Row, code: int = status.HTTP_200_OK) -> Response:
        self.complete([row])
        return Response(self.get_serializer(row).data, status=code)

    def show_stored(self, row: Row, code: int = status.HTTP_200_OK) -> Response:
        """The row as it is stored now."""
        return self.show(self.get_queryset().get(pk=row.pk), code)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200 and self.action in self.conditional_actions:
            patch_cache_control(response, private=True, no_cache=True)
        return response
