"""Finds the rows that a request names, in one team. A row of another team counts as missing."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model
from rest_framework.exceptions import ValidationError

from accounts.models import Team
from core.folding import fold_case
from monitors.models import Tag
from monitors.tags import known_tags

_Row = TypeVar("_Row", bound=Model)


def find_in_team(model: type[_Row], team: Team, ids: Sequence[int], *, field: str) -> list[_Row]:
    """The team's rows of these ids, ordered by id, in one query. ``ValidationError`` of ``field`` names one
    that is missing."""
    rows: Any = model._default_manager.filter(team=team, pk__in=ids).order_by("pk")
    found: list[_Row] = list(rows)
    if missing := sorted(set(ids) - {row.pk for row in found}):
        raise ValidationError({field: [f"There is no {model._meta.verbose_name} {missing[0]} in this team."]})
    return found


def find_tags(team: Team, names: Sequence[str], *, field: str = "tags") -> list[Tag]:
    """The team's tags with these names, in any case. Raises ``ValidationError`` for ``field`` with the first
    name that is missing."""
    known = known_tags(team.pk)
    if missing := [name for name in names if fold_case(name) not in known]:
        raise ValidationError({field: [f"There is no tag {missing[0]!r} in this team; make it first."]})
    return [known[name] for name in dict.fromkeys(map(fold_case, names))]
