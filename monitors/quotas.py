"""How many monitors a team has, and how many checks they ask for."""

from collections.abc import Iterable

from django.db.models import Count

from accounts.quotas import lock_quotas, require_within
from monitors.models import Monitor


def lock_teams(monitors: Iterable[Monitor]) -> list[int]:
    """The teams of ``monitors``, locked in order."""
    team_ids = sorted({monitor.team_id for monitor in monitors})
    for team_id in team_ids:
        lock_quotas(team_id)
    return team_ids


def require_room(team_id: int) -> None:
    """Raise ``QuotaReached`` when the team now has more monitors, or checks a minute, than it may."""
    require_within(team_id, "monitors", has=Monitor.objects.filter(team_id=team_id).count())
    require_within(team_id, "checks_a_minute", has=count_checks_a_minute(team_id))


def count_checks(monitor: Monitor) -> float:
    """A minute, from all its regions; a heartbeat waits, and asks for none."""
    if not monitor.enabled or monitor.phase_ms is None:
        return 0.0
    return float(len(monitor.watched_from) * 60 / monitor.interval_s)


def count_checks_a_minute(team_id: int) -> float:
    """The checks a minute of all the team's monitors. Monitors with the same interval and regions are
    computed once."""
    enabled = Monitor.objects.filter(team_id=team_id, enabled=True, phase_ms__isnull=False)
    alike = enabled.order_by().values_list("interval_s", "regions").annotate(number=Count("pk"))
    rates = (
        number * count_checks(Monitor(interval_s=interval_s, regions=regions, phase_ms=0))
        for interval_s, regions, number in alike
    )
    return sum(rates, 0.0)
