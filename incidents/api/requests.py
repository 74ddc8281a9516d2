"""What the requests of both viewsets share."""

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import ValidationError

from accounts.models import Team
from monitors.models import Monitor

BIGGEST_ID = 2**63 - 1
Attributes = dict[str, Any]


def find_monitors(team: Team, ids: Sequence[int], *, field: str) -> list[Monitor]:
    """The team's monitors of these ids, in one query; 400 if one is not there, whoever else may have it."""
    found = list(Monitor.objects.filter(team=team, pk__in=ids).only("pk", "team"))
    if len(found) < len(set(ids)):
        raise ValidationError({field: ["No such monitor."]})
    return found
