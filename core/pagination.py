"""Lists are paged by cursor. So rows that arrive while somebody reads a list are neither repeated nor missed.

A cursor holds the row at which a page ends: its value in every column of the order. Only the database
compares these values, so values that are equal for the database (a collation may ignore case) are equal here,
and many rows may have them.
"""

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination, _reverse_ordering
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from core.isolation import read_rows


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page begins: behind the row with these values, or with ``back`` before it. Without values, at
    the beginning of the list, or with ``back`` at its end."""

    back: bool
    values: list[Any] | None = None


class CursorPaging(CursorPagination):
    """``?cursor=`` and ``?page_size=`` (at most 200); ``?ordering=`` among the view's ``ordering_fields``.

    The view's ``ordering`` is the default. Every ordering ends in the primary key, so that it is total; none
    of its columns may be null.
    """

    page_size_query_param = "page_size"
    max_page_size = 200
    ordering: Any = "-pk"
    invalid_cursor_message = "This cursor is not one of ours: take it from `next` or `previous` of a list."

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        asked = request.query_params.get("ordering", "")
        default = getattr(view, "ordering", self.ordering)
        allowed = set(getattr(view, "ordering_fields", ()))
        chosen = [asked] if asked else [default] if isinstance(default, str) else list(default)
        if asked and asked.removeprefix("-") not in allowed:
            names = ", ".join(sorted(allowed)) or "nothing (this list has one order)"
            raise ValidationError({"ordering": [f"Cannot order by {asked!r}; choose from: {names}."]})
        last = "-pk" if chosen[0].startswith("-") else "pk"
        return tuple(chosen if chosen[-1].lstrip("-") in {"pk", "id"} else [*chosen, last])

    def get_page_size(self, request: Request) -> int:
        """Raises 400 for a size that makes no sense. Otherwise the page would have another number of rows
        than was asked for."""
        asked = request.query_params.get(self.page_size_query_param, "")
        if not asked:
            return int(self.page_size or self.max_page_size)
        if not (
            asked.isascii() and asked.isdigit() and len(asked) < 4 and 1 <= int(asked) <= self.max_page_size
        ):
            why = f"Give a whole number from 1 to {self.max_page_size}."
            raise ValidationError({self.page_size_query_param: [why]})
        return int(asked)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
        if names := sorted(getattr(view, "ordering_fields", ())):
            spelled = [sign + name for name in names for sign in ("", "-")]
            schema = {"type": "string", "enum": spelled}
            about = "By which column; with - in front, from its end."
            parameters.append({"name": "ordering", "in": "query", "description": about, "schema": schema})
        return parameters

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        size = self.get_page_size(request)
        self.ordering = self.get_ordering(request, queryset, view)
        mark = self._read_mark(request)
        ordering = tuple(_reverse_ordering(self.ordering)) if mark.back else self.ordering
        rows = queryset.order_by(*ordering)
        if mark.values is not None:
            rows = rows.filter(_behind(ordering, mark.values))
        page = read_rows("list", rows, size + 1)
        more = len(page) > size
        self.page = page[:size][:: -1 if mark.back else 1]
        self.has_next, self.has_previous = more, mark.values is not None
        if mark.back:
            self.has_next, self.has_previous = self.has_previous, self.has_next
        return self.page

    def get_next_link(self) -> str | None:
        if not self.has_next:
            return None
        if not self.page:  # of all before a row nothing is left: on from the beginning
            return remove_query_param(self.request.build_absolute_uri(), self.cursor_query_param)
        return self._link(Mark(back=False, values=self._values_of(self.page[-1])))

    def get_previous_link(self) -> str | None:
        if not self.has_previous:
            return None
        return self._link(Mark(back=True, values=self._values_of(self.page[0]) if self.page else None))

    def _values_of(self, row: Model) -> list[Any]:
        """The row's values as JSON can hold them. Django's fields read them again."""
        values = [getattr(row, name.lstrip("-")) for name in self.ordering]
        return [value if isinstance(value, int) else str(value) for value in values]

    def _link(self, mark: Mark) -> str:
        cursor = self._signer().sign_object([mark.back, mark.values], compress=True)
        return replace_query_param(self.request.build_absolute_uri(), self.cursor_query_param, cursor)

    def _read_mark(self, request: Request) -> Mark:
        given = request.query_params.get(self.cursor_query_param)
        if not given:
            return Mark(back=False)
        try:
            return Mark(*self._signer().unsign_object(given))
        except (signing.BadSignature, UnicodeError):
            raise ValidationError({self.cursor_query_param: [self.invalid_cursor_message]}) from None

    def _signer(self) -> signing.Signer:
        """A cursor is valid for its ordering only. Because cursors are signed, a valid one was made here, and
        its values need no check."""
        return signing.Signer(salt=f"cursor:{','.join(self.ordering)}")


def _behind(ordering: tuple[str, ...], values: list[Any]) -> Q:
    """The rows that come after the one with ``values``. The bound of each column is written twice, so that
    the database can use an index."""
    first, *others = ordering
    column, compare = first.lstrip("-"), "lt" if first.startswith("-") else "gt"
    later = Q(**{f"{column}__{compare}": values[0]})
    if not others:
        return later
    return Q(**{f"{column}__{compare}e": values[0]}) & (later | _behind(tuple(others), values[1:]))
