"""Who is told, when and how has changed: what is open, or waits, must be looked at again, at once."""

from collections.abc import Collection

from django.db.models import F

from alerts.models import Trouble


def wake_teams(team_ids: Collection[int]) -> int:
    """Have the troubles of these teams that are open, or whose end waits to be told, planned anew by the next
    round; how many those are.

    Due since we know of them, so that no clock is asked here.
    """
    troubles = Trouble.objects.filter(team_id__in=team_ids)
    open_now = troubles.filter(closed_at__isnull=True)
    ends = troubles.filter(closed_at__isnull=False, look_at__isnull=False)
    return open_now.update(look_at=F("told_from")) + ends.update(look_at=F("told_from"))
