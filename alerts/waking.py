"""Plan a team's troubles again at once, because its rules or channels have changed."""

from collections.abc import Collection

from django.db.models import F

from alerts.models import Trouble


def wake_teams(team_ids: Collection[int]) -> int:
    """Make the teams' troubles due for planning: those that are open, and those whose end waits to be told.
    The next ``planning.follow_troubles`` takes them. Returns their number.

    ``look_at`` becomes ``told_from``, which has passed, so this function needs no clock.
    """
    troubles = Trouble.objects.filter(team_id__in=team_ids)
    open_now = troubles.filter(closed_at__isnull=True)
    ends = troubles.filter(closed_at__isnull=False, look_at__isnull=False)
    return open_now.update(look_at=F("told_from")) + ends.update(look_at=F("told_from"))
