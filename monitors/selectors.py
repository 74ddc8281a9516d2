"""What is computed of monitors for reading."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.selectors import Person, team_ids_for
from core.instants import to_ms
from monitors.models import Heartbeat, Monitor, MonitorQuerySet, RegionState, Result, Tag
from monitors.transitions import Health, State, verdict

SHOWN = ["pending", "up", "degraded", "down", "no_data", "paused", "maintenance"]


def tags_for(user: Person) -> QuerySet[Tag]:
    """The tags of the user's teams; to a stranger there are none."""
    return Tag.objects.filter(team_id__in=team_ids_for(user))


def find_newest_results(monitors: Sequence[Monitor]) -> dict[int, Result]:
    """The newest result of each monitor that has one (``newest_at`` is annotated), in one query."""
    annotated: Sequence[Any] = monitors
    slots = " OR ".join(
        f"(monitor_id = {monitor.pk:d} AND scheduled_at = {to_ms(monitor.newest_at):d})"
        for monitor in annotated
        if monitor.newest_at is not None
    )
    if not slots:
        return {}
    # Whole numbers in SQL, for 200 conditions of Django's cost a page some 20 ms; as ``extra``, for RawSQL is
    # spelled so on MySQL and MariaDB that they read the whole table.
    rows = Result.objects.extra(where=[slots])  # noqa: S610
    # Regions share a slot: the one that answered last wins.
    found = sorted(rows, key=lambda result: (result.checked_at, result.region))
    return {result.monitor_id: result for result in found}


def show_status(monitor: Monitor, *, in_maintenance: bool) -> str:
    """One word of ``SHOWN``; ``region_states`` are prefetched."""
    if not monitor.enabled:
        return "paused"
    if in_maintenance:
        return "maintenance"
    return verdict([state.health for state in monitor.region_states.all()]).value


def count_by_status() -> dict[str, int]:
    """How many monitors are in each state, whoever's they are; maintenance is not asked for. Two
    statements."""
    healths: dict[int, list[Health]] = defaultdict(list)
    watched = RegionState.objects.filter(monitor__enabled=True)
    for monitor_id, state, no_data_since in watched.values_list("monitor_id", "state", "no_data_since"):
        healths[monitor_id].append(Health(State(state), no_data=no_data_since is not None))
    counts = Counter(verdict(theirs).value for theirs in healths.values())
    paused = Monitor.objects.filter(enabled=False).count()
    return {**{state.value: counts[state.value] for state in State}, "paused": paused}


def ping_url(monitor: Monitor) -> str | None:
    """Where a heartbeat's job calls; None for every other kind."""
    try:
        return f"{settings.PUBLIC_URL}/ping/{monitor.heartbeat.uuid}"
    except Heartbeat.DoesNotExist:
        return None


def filter_by_verdict(monitors: MonitorQuerySet, state: State) -> MonitorQuerySet:
    """Those of which ``transitions.verdict`` says ``state``: the same rule, in SQL."""
    regions = RegionState.objects.filter(monitor=OuterRef("pk"))
    voices = regions.filter(no_data_since__isnull=True)

    def some(wanted: State) -> Exists:
        return Exists(voices.filter(state=wanted))

    def count(**wanted: State) -> Coalesce:
        rows = voices.filter(**wanted).order_by().values("monitor")
        return Coalesce(
            Subquery(rows.annotate(n=Count("pk")).values("n")), Value(0), output_field=IntegerField()
        )

    if state is State.NO_DATA:
        return monitors.filter(Exists(regions), ~Exists(voices))
    if state in (State.DOWN, State.DEGRADED):
        counted = monitors.alias(regions_all=count(), regions_down=count(state=State.DOWN))
        quorum = Q(regions_down__gt=F("regions_all") - F("regions_down"))
        if state is State.DOWN:
            return counted.filter(quorum)
        return counted.filter(~quorum).filter(Q(some(State.DOWN)) | Q(some(State.DEGRADED)))
    if state is State.UP:
        return monitors.filter(~some(State.DOWN), ~some(State.DEGRADED), some(State.UP))
    heard = Exists(voices) | ~Exists(regions)
    return monitors.filter(heard, ~some(State.DOWN), ~some(State.DEGRADED), ~some(State.UP))
