"""A list of the API shows the rows that can be shown. A row that cannot be shown is left out and reported."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Manager
from rest_framework import serializers

from core.isolation import Stored, do_each, do_together, name_row


class ShownAlone(serializers.ListSerializer[Any]):
    """A list from which a row that cannot be shown is left out."""

    def to_representation(self, data: Any) -> list[Any]:
        if self.parent is not None or self.child is None:  # a part of a row: that goes as a whole
            return super().to_representation(data)
        rows = data.all() if isinstance(data, Manager) else data
        return do_each("show in a list", rows, self.child.to_representation, name=name_row)


# The base of every serializer whose rows lists show. In a list, a row that cannot be shown is left out.
# A comment, because the API's document would describe each of these serializers by a docstring.
class Showable(serializers.BaseSerializer[Any]):
    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().many_init(*args, **kwargs)
        if type(made) is serializers.ListSerializer:
            made.__class__ = ShownAlone  # a Meta of a serializer would not inherit list_serializer_class
        return made


def complete_rows(rows: Sequence[Stored], attach: Callable[[Sequence[Stored]], Any]) -> list[Stored]:
    """Call ``attach``, which puts on all rows at once what a list shows besides the stored columns. Returns
    the rows for which that succeeded."""
    left_out = {id(row) for row in do_together("show in a list", rows, attach, name=name_row)}
    return [row for row in rows if id(row) not in left_out]
