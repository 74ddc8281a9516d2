"""Which monitors have no data? It is written on the states of their regions. Everything that shows a status
reads it there."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from core.formats import say_utc
from core.instants import from_ms, to_ms, whole_ms
from monitors.models import Monitor, RegionState, Result
from monitors.patience import (
    AT_LEAST_S,
    BACK_FOR_S,
    HEARTBEAT_PATIENCE,
    MISSED_SLOTS,
    ON_ITS_WAY_S,
    Watch,
    is_overdue,
    say_silence,
)
from monitors.transitions import Change, Health, State, compare_beliefs, decide_state
from probes.result import Status

CLOCK_TOLERANCE = timedelta(minutes=1)
NO_RESULTS, NOT_LOOKED_AT = "no_results", "deadline_not_checked"

Why = tuple[str, str]
"""A code and a sentence."""


@dataclass(frozen=True, slots=True)
class NoData:
    """Since when a monitor has no data, and why, for people."""

    since: datetime
    reason_code: str
    reason: str


@dataclass(slots=True)
class Lost:
    """What one round found. ``turned``: what each monitor was and is, where that is another thing now;
    ``changes``: what that a region has no say any more makes of the others' verdict."""

    turned: list[tuple[Monitor, State, State]] = field(default_factory=list)
    changes: dict[Monitor, Sequence[Change]] = field(default_factory=dict)

    @property
    def without_data(self) -> list[Monitor]:
        return [monitor for monitor, _, after in self.turned if after is State.NO_DATA]


def read_no_data(states: Collection[RegionState]) -> NoData | None:
    """What the regions' states say together; None while one of them has data. The one that was heard of last
    says why."""
    if not states or any(state.no_data_since is None for state in states):
        return None
    last = max(states, key=lambda state: (state.no_data_since, state.region))
    assert last.no_data_since is not None  # noqa: S101  # ruled out above
    return NoData(last.no_data_since, last.no_data_code, last.no_data_reason)


def note_lost(
    monitor_ids: Collection[int], *, watch: Watch, now: datetime, explain: Callable[[Monitor], Why | None]
) -> Lost:
    """Write on the states of these monitors which regions give no data any more. Call it in a transaction. It
    is safe to run twice, and while results are recorded: the last to lock a state sees what the other wrote.

    ``explain`` is asked about monitors of which there is not even an ``unknown`` result.
    """
    states: dict[int, list[RegionState]] = defaultdict(list)
    for state in RegionState.objects.select_for_update().filter(monitor_id__in=monitor_ids).order_by("pk"):
        states[state.monitor_id].append(state)
    overdue = {state.pk: state for state in find_silent(monitor_ids, watch=watch, now=now)}
    lost = Lost()
    monitors = Monitor.objects.in_bulk({state.monitor_id for state in overdue.values()})
    changed: list[RegionState] = []
    whys = _explain(list(overdue.values()), now=now)
    for pk, monitor in sorted(monitors.items()):
        before = _healths(states[pk])
        for state in states[pk]:
            if state.pk in overdue:
                since = heard_at(overdue[state.pk])
                code, reason = whys.get(state.pk) or explain(monitor) or _say_nothing(overdue[state.pk])
                state.lose_data(since=since, code=code, reason=reason)
                changed.append(state)
        after = _healths(states[pk])
        if change := compare_beliefs(before, after, now):
            lost.changes[monitor] = [change]
        turn = decide_state(before.values()), decide_state(after.values())
        if turn[0] is not turn[1]:
            lost.turned.append((monitor, *turn))
    RegionState.objects.bulk_update(changed, ["no_data_since", "no_data_code", "no_data_reason"])
    return lost


def _healths(states: Iterable[RegionState]) -> dict[str, Health]:
    return {state.region: state.health for state in states}


def find_candidates(*, watch: Watch, now: datetime) -> list[int]:
    """Monitors of which nothing was heard for too long, unless something excuses that: ``find_silent`` says.

    Two statements. The first looks up the end of each monitor's results in their key, and stops at the first
    that is known: it costs the number of monitors, whatever is stored of them.
    """
    slots = _overdue_slots(_with_data(), watch, now)
    heartbeats = _overdue_heartbeats(_with_data(), watch, now)
    return sorted(
        {*slots.values_list("monitor_id", flat=True), *heartbeats.values_list("monitor_id", flat=True)}
    )


def find_silent(monitor_ids: Collection[int], *, watch: Watch, now: datetime) -> list[RegionState]:
    """The states of these monitors of which nothing was heard for too long, and nobody has said so yet. Each
    has its ``monitor`` and ``known_ms``, the slot of its last known result. Two statements."""
    states = _with_data().filter(monitor_id__in=monitor_ids).order_by("pk")
    states = states.select_related("monitor").defer("monitor__config", "monitor__secrets", "monitor__url")
    known: Iterable[Any] = _overdue_slots(states, watch, now).annotate(known_ms=_known_ms(now))
    heartbeats = _overdue_heartbeats(states, watch, now).select_related("monitor__heartbeat")
    return [*(state for state in known if _is_overdue(state, watch, now)), *heartbeats]


def _is_overdue(state: RegionState, watch: Watch, now: datetime) -> bool:
    monitor = state.monitor
    edited_at = monitor.updated_at if monitor.updated_at <= now else state.counted_from
    return is_overdue(
        max(heard_at(state), edited_at),
        interval_s=monitor.interval_s,
        timeout_s=monitor.timeout_s,
        watch=watch,
        now=now,
    )


def _with_data() -> QuerySet[RegionState]:
    return RegionState.objects.filter(monitor__enabled=True, no_data_since__isnull=True)


def _known_ms(now: datetime) -> Coalesce:
    newest = _newest(now, ~Q(status=Status.UNKNOWN))
    return Coalesce(newest, Value(0), output_field=BigIntegerField())


def _overdue_slots(states: QuerySet[RegionState], watch: Watch, now: datetime) -> QuerySet[RegionState]:
    """Those without a known result for as long as patience lasts."""
    patience = Greatest(
        Value(AT_LEAST_S),
        F("monitor__interval_s") * MISSED_SLOTS + F("monitor__timeout_s") + ON_ITS_WAY_S,
        output_field=BigIntegerField(),
    )
    too_old = Value(to_ms(now), output_field=BigIntegerField()) - patience * 1000
    watched_s = int((now - watch.since).total_seconds())
    asked = states.filter(monitor__phase_ms__isnull=False, counted_from__lt=too_old)
    if watched_s < BACK_FOR_S:
        asked = asked.alias(patience_s=patience).filter(patience_s__lte=watched_s)
    return asked.alias(newest_ms=_known_ms(now)).filter(newest_ms__lt=too_old)


def _overdue_heartbeats(states: QuerySet[RegionState], watch: Watch, now: datetime) -> QuerySet[RegionState]:
    """Those whose deadline passed, and nobody found them late: how they are, nobody knows."""
    passed = states.filter(monitor__heartbeat__deadline_at__lt=now - HEARTBEAT_PATIENCE)
    return passed if now - watch.since >= HEARTBEAT_PATIENCE else passed.none()


def _newest(now: datetime, *wanted: Q) -> Subquery:
    """The slot of a state's newest result of those that are ``wanted``; of a clock that ran ahead, none."""
    found = Result.objects.filter(
        *wanted,
        monitor_id=OuterRef("monitor_id"),
        region=OuterRef("region"),
        scheduled_at__lte=now + CLOCK_TOLERANCE,
    )
    return Subquery(found.order_by("-scheduled_at").values("scheduled_at")[:1])


def heard_at(state: RegionState) -> datetime:
    """When something was last known of the monitor, or when it began or was changed, if that is later. For a
    monitor that waits for pings it is its deadline, because until then all was well."""
    deadline = state.monitor.heartbeat.deadline_at if state.monitor.phase_ms is None else None
    known = from_ms(vars(state).get("known_ms") or 0)
    return whole_ms(deadline) if deadline else max(known, state.counted_from)


def _explain(states: Sequence[RegionState], *, now: datetime) -> dict[int, Why]:
    """Why nothing is known, by the state's key, as far as the newest result says so. Two statements."""
    asked = RegionState.objects.filter(pk__in=[state.pk for state in states])
    newest = dict(asked.annotate(newest_at=_newest(now)).values_list("pk", "newest_at"))
    by_result = {
        (state.monitor_id, newest[state.pk], state.region): state.pk
        for state in states
        if (at := newest.get(state.pk)) and at >= heard_at(state)
    }
    wanted = Q()
    for monitor_id, at, region in by_result:
        wanted |= Q(monitor_id=monitor_id, scheduled_at=at, region=region)
    rows = Result.objects.filter(wanted, status=Status.UNKNOWN) if wanted else Result.objects.none()
    return {by_result[r.monitor_id, r.scheduled_at, r.region]: (r.error_code, r.error) for r in rows}


def _say_nothing(state: RegionState) -> Why:
    since = heard_at(state)
    if state.monitor.phase_ms is None:
        return NOT_LOOKED_AT, f"A ping was expected by {say_utc(since, seconds=True)}, and nobody looked."
    ever = from_ms(vars(state).get("known_ms") or 0) >= state.counted_from
    return NO_RESULTS, say_silence(since, ever=ever)


def note_heard(*, now: datetime) -> int:
    """Heartbeats whose deadline lies ahead again are waited for as before, without a result that says so; how
    many. To be called in a transaction."""
    lost = RegionState.objects.filter(no_data_since__isnull=False, monitor__phase_ms__isnull=True)
    waits = Q(monitor__heartbeat__deadline_at__isnull=True) | Q(monitor__heartbeat__deadline_at__gt=now)
    ids = list(lost.filter(waits).order_by("pk").values_list("pk", flat=True))
    return RegionState.objects.filter(pk__in=ids).update(
        no_data_since=None, no_data_code="", no_data_reason=""
    )


def monitors_without_data() -> QuerySet[Monitor]:
    """Those that are watched and of which no region knows anything."""
    states = RegionState.objects.filter(monitor=OuterRef("pk"))
    lost = states.filter(no_data_since__isnull=False)
    return Monitor.objects.filter(
        Exists(lost), ~Exists(states.filter(no_data_since__isnull=True)), enabled=True
    )
