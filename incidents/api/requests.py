"""What the requests of both viewsets share."""

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework.exceptions import ValidationError

from accounts.models import Team
from monitors.models import Monitor

BIGGEST_ID = 2**63 - 1
Attributes = dict[str, Any]


class StrictFields:
    """A mixin for serializers that refuse names they do not know; a misspelt field would be lost in silence.

    Read-only names are known and ignored, so what was read can be sent back.
    """

    def to_internal_value(self, data: Any) -> Any:
        known: Iterable[str] = self.fields  # type: ignore[attr-defined]  # the serializer's
        unknown = sorted(set(data) - set(known)) if hasattr(data, "keys") else []
        if unknown:
            raise ValidationError(
                {name: [f"There is no field {name!r} here; leave it out."] for name in unknown}
            )
        return super().to_internal_value(data)  # type: ignore[misc]  # the serializer's


def find_monitors(team: Team, ids: Sequence[int], *, field: str) -> list[Monitor]:
    """The team's monitors of these ids, in one query; 400 if one is not there, whoever else may have it."""
    found = list(Monitor.objects.filter(team=team, pk__in=ids).only("pk", "team"))
    if len(found) < len(set(ids)):
        raise ValidationError({field: ["No such monitor."]})
    return found
