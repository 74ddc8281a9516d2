"""Which pages must be rendered anew? Whoever changes something they show says so here."""

from collections.abc import Collection

from django.db.models import F, Q

from statuspages.models import Publication


def mark_changed(
    *, page_ids: Collection[int] = (), team_ids: Collection[int] = (), monitor_ids: Collection[int] = ()
) -> int:
    """Count a change of these pages, of all pages of these teams, and of those that show these monitors; how
    many pages that are. Called in the transaction of the change; one statement (two with monitors)."""
    asked = Q(page_id__in=list(page_ids)) | Q(page__team_id__in=list(team_ids))
    if monitor_ids:
        shown = Publication.objects.filter(page__components__monitors__in=list(monitor_ids))
        asked |= Q(pk__in=list(shown.values_list("pk", flat=True).distinct()))
    return Publication.objects.filter(pk__in=_keys(asked)).update(changes=F("changes") + 1)


def _keys(asked: Q) -> list[int]:
    """Read first: MariaDB refuses an UPDATE that joins itself, and its locks come in the order of keys."""
    return list(Publication.objects.filter(asked).order_by("pk").values_list("pk", flat=True))
