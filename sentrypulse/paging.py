"""Lists are paged by cursor, so that rows which arrive while somebody reads neither repeat nor vanish."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class CursorPaging(CursorPagination):
    """``?cursor=`` and ``?page_size=`` (at most 200); ``?ordering=`` among the view's ``ordering_fields``.

    The view's ``ordering`` is the default. Every ordering ends in the primary key, so that it is total.
    """

    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-pk"
    invalid_cursor_message = "This cursor is not one of ours: take it from `next` or `previous` of a list."

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        asked = request.query_params.get("ordering", "")
        default = getattr(view, "ordering", self.ordering)
        allowed = set(getattr(view, "ordering_fields", ()))
        chosen = [asked] if asked else [default] if isinstance(default, str) else list(default)
        if asked and asked.lstrip("-") not in allowed:
            names = ", ".join(sorted(allowed)) or "nothing (this list has one order)"
            raise ValidationError({"ordering": [f"Cannot order by {asked!r}; choose from: {names}."]})
        last = "-pk" if chosen[0].startswith("-") else "pk"
        return tuple(chosen if chosen[-1].lstrip("-") in {"pk", "id"} else [*chosen, last])
