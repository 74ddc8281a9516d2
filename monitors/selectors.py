"""What is computed of monitors for reading."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.selectors import Person, team_ids_for
from core.instants import to_ms
from monitors.models import Heartbeat, Monitor, MonitorQuerySet, RegionState, Result, Tag
from monitors.status import MonitorStatus
from monitors.transitions import Health, State, decide_state


def tags_for(user: Person) -> QuerySet[Tag]:
    """The tags of the user's teams; to a stranger there are none."""
    return Tag.objects.filter(team_id__in=team_ids_for(user))


def find_newest_results(monitors: Sequence[Monitor]) -> dict[int, dict[str, Result]]:
    """The newest result of each region of each monitor that has one, in one query; the monitor's newest comes
    last. ``newest_at`` is annotated, also on the prefetched ``region_states``."""
    annotated: Sequence[Any] = monitors
    wanted = {
        (monitor.pk, row.newest_at)
        for monitor in annotated
        for row in (monitor, *monitor.region_states.all())
        if row.newest_at is not None
    }
    if not wanted:
        return {}
    slots = " OR ".join(
        f"(monitor_id = {pk:d} AND scheduled_at = {to_ms(at):d})" for pk, at in sorted(wanted)
    )
    # Whole numbers in SQL, for 200 conditions of Django's cost a page some 20 ms; as ``extra``, for RawSQL is
    # spelled so on MySQL and MariaDB that they read the whole table.
    rows = Result.objects.extra(where=[slots])  # noqa: S610
    found: dict[int, dict[str, Result]] = defaultdict(dict)
    # Of regions that share a slot, the one that answered last wins.
    for result in sorted(rows, key=lambda row: (row.scheduled_at, row.checked_at, row.region)):
        by_region = found[result.monitor_id]
        by_region.pop(result.region, None)
        by_region[result.region] = result
    return found


def show_status(monitor: Monitor, *, in_maintenance: bool) -> str:
    """A ``MonitorStatus``; ``region_states`` are prefetched."""
    if not monitor.enabled:
        return MonitorStatus.PAUSED.value
    if in_maintenance:
        return MonitorStatus.MAINTENANCE.value
    return decide_state([state.health for state in monitor.region_states.all()]).value


def count_by_status() -> dict[str, int]:
    """The number of monitors in each state, of all teams. Maintenance is not counted apart. Two
    statements."""
    healths: dict[int, list[Health]] = defaultdict(list)
    watched = RegionState.objects.filter(monitor__enabled=True)
    for monitor_id, state, no_data_since in watched.values_list("monitor_id", "state", "no_data_since"):
        healths[monitor_id].append(Health(State(state), no_data=no_data_since is not None))
    counts = Counter(decide_state(theirs).value for theirs in healths.values())
    paused = Monitor.objects.filter(enabled=False).count()
    return {**{state.value: counts[state.value] for state in State}, MonitorStatus.PAUSED.value: paused}


def ping_url(monitor: Monitor) -> str | None:
    """The address that a heartbeat's job calls; None for other kinds."""
    try:
        return f"{settings.PUBLIC_URL}/ping/{monitor.heartbeat.uuid}"
    except Heartbeat.DoesNotExist:
        return None


def rank_by_status(monitors: MonitorQuerySet, covered: Collection[int]) -> MonitorQuerySet:
    """Adds ``status`` as a number, trouble first. ``covered`` are in maintenance."""
    ranked = MonitorStatus
    order: list[str] = [
        ranked.DOWN,
        ranked.DEGRADED,
        ranked.NO_DATA,
        ranked.MAINTENANCE,
        ranked.PENDING,
        ranked.UP,
        ranked.PAUSED,
    ]
    believed = [
        When(pk__in=filter_by_state(Monitor.objects.all(), state).values("pk"), then=order.index(state))
        for state in (State.DOWN, State.DEGRADED, State.NO_DATA, State.UP)
    ]
    return monitors.annotate(
        status=Case(
            When(enabled=False, then=order.index(MonitorStatus.PAUSED)),
            When(pk__in=covered, then=order.index(MonitorStatus.MAINTENANCE)),
            *believed,
            default=order.index(MonitorStatus.PENDING),
            output_field=IntegerField(),
        )
    )


def filter_by_state(monitors: MonitorQuerySet, state: State) -> MonitorQuerySet:
    """Those of which ``transitions.decide_state`` says ``state``: the same rule, in SQL."""
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
