"""Mark pages as changed, so that they are rendered again. Every change of what a page shows calls this."""

from collections.abc import Collection

from django.db.models import F, Q

from statuspages.models import Publication


def mark_changed(
    *, page_ids: Collection[int] = (), team_ids: Collection[int] = (), monitor_ids: Collection[int] = ()
) -> int:
    """Count one change for these pages, for all pages of these teams, and for the pages that show these
    monitors; return the number of pages. Call it in the transaction of the change. Two statements, three with
    monitors."""
    asked = Q(page_id__in=list(page_ids)) | Q(page__team_id__in=list(team_ids))
    if monitor_ids:
        shown = Publication.objects.filter(page__components__monitors__in=list(monitor_ids))
        asked |= Q(pk__in=list(shown.values_list("pk", flat=True).distinct()))
    return Publication.objects.filter(pk__in=_keys(asked)).update(changes=F("changes") + 1)


def _keys(asked: Q) -> list[int]:
    """The keys, read before the update: MariaDB refuses an UPDATE that joins its own table, and an update by
    keys locks in the order of keys."""
    return list(Publication.objects.filter(asked).order_by("pk").values_list("pk", flat=True))
