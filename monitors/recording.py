"""Results into rows, and rows into beliefs: one batch, a constant number of statements, safe to run twice.

A result that is older than one already stored, or that shares its slot with another region's, is folded by
replaying the monitor's history from before it, so that the order of arrival changes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import Q

from core.instants import to_ms, whole_ms
from monitors.models import Monitor, RegionState, Result
from monitors.pace import note_slow, took_long
from monitors.patience import patience_s
from monitors.slots import next_slot
from monitors.transitions import Change, Finding, Health, Policy, State, decide_state, fold
from probes.errors import ErrorCode
from probes.result import CheckResult, Status

REPLAY_WITHIN = timedelta(hours=6)
"""A result later than this is stored for the figures, but opens and closes nothing any more."""
CLOCK_TOLERANCE = timedelta(minutes=1)

Slot = tuple[int, datetime]
Key = tuple[int, datetime, str]


@dataclass(slots=True)
class Watched:
    """A monitor in a batch: what its regions believe, and what the batch brings."""

    monitor: Monitor
    newest_at: datetime | None
    states: dict[str, RegionState]
    before: State
    """What all regions together believed before this batch."""
    findings: list[Finding] = field(default_factory=list)
    late_from: datetime | None = None
    """The slot of the first result that is older than one already stored."""
    newest: CheckResult | None = None
    left: list[RegionState] = field(default_factory=list)
    """What regions believed that watch no more: rows to delete."""
    unknown: dict[str, CheckResult] = field(default_factory=dict)
    """By region, the newest result of the batch that says why nothing is known."""

    @property
    def policy(self) -> Policy:
        return Policy(self.monitor.fail_after, self.monitor.recover_after)

    @property
    def healths(self) -> dict[str, Health]:
        return {region: state.health for region, state in self.states.items()}

    def add(self, result: CheckResult, *, in_maintenance: bool, now: datetime) -> None:
        """Note what a new result means."""
        at = whole_ms(result.scheduled_at)
        fresh = _is_fresh(self.monitor, at, now=now)
        excuses = result.error_code == ErrorCode.OWN_NETWORK
        self.findings.append(
            Finding(at, result.region, result.status, in_maintenance, fresh=fresh, excuses=excuses)
        )
        self.newest = result
        if result.status is Status.UNKNOWN:
            self.unknown[result.region] = result
        late = self.newest_at is not None and at < self.newest_at
        shares_slot = at == self.newest_at and len(self.states) > 1
        if (late or shares_slot) and (self.late_from is None or at < self.late_from):
            self.late_from = at

    def believe(self) -> list[Change]:
        """Fold the findings of the batch, in order, into what the regions believe."""
        healths, changes = fold(self.healths, self.findings, self.policy, watching=self.monitor.judged_from)
        self._take(healths, at=self.findings[-1].at)
        return changes

    def believe_again(self, history: Sequence[Finding], *, was_down: bool) -> list[Change]:
        """Fold the whole ``history``. ``was_down``: was an incident open where it begins?

        A region without data has no say after its last result, as one that watches no more; unless none has
        data.
        """
        start = Health(State.DOWN) if was_down else Health()
        regions = dict.fromkeys([*self.states, *(finding.region for finding in history)], start)
        judges = self.monitor.judged_from
        mute = self._regions_without_data() & set(judges)
        speaking = [region for region in judges if region not in mute]
        healths, changes = fold(regions, history, self.policy, watching=speaking or judges)
        for region in mute:
            healths[region] = replace(healths.get(region, self.states[region].health), no_data=True)
        if history:
            self._take(healths, at=history[-1].at)
        return changes

    def _regions_without_data(self) -> set[str]:
        """Those that this batch does not let us hear of again."""
        heard = {f.region for f in self.findings if f.fresh and f.status is not Status.UNKNOWN}
        return {r for r, state in self.states.items() if state.no_data_since is not None} - heard

    def _take(self, healths: Mapping[str, Health], *, at: datetime) -> None:
        for region, health in healths.items():
            state = self.states.get(region)
            if state is None:
                state = RegionState(monitor=self.monitor, region=region, counted_from=at)
                self.states[region] = state
            state.changed = state.take(health, at=at) or state.pk is None
            if (why := self.unknown.get(region)) and state.no_data_since is not None:
                state.changed |= state.lose_data(
                    since=state.no_data_since, code=why.error_code, reason=why.error
                )
        gone = [region for region in self.states if region not in healths]
        self.left += [self.states.pop(region) for region in gone]


# Each step returns the only object that has the next one, so that they can be taken in this order alone.


@dataclass(frozen=True, slots=True)
class Opened:
    """Step 1: what of a batch is new, and why the rest was left out. Its monitors' states are locked."""

    watched: Mapping[int, Watched]
    new: Sequence[CheckResult]
    duplicates: int
    stale: int
    now: datetime

    def store(self, *, covered: Collection[Slot]) -> "Stored":
        """Insert the new results, each once however often it comes. ``covered``: the slots in maintenance."""
        in_maintenance = {key for result in self.new if (key := make_result_key(result))[:2] in covered}
        _insert(self.new, in_maintenance)
        for result in self.new:
            muted = bool(in_maintenance) and make_result_key(result) in in_maintenance
            self.watched[result.monitor_id].add(result, in_maintenance=muted, now=self.now)
        return Stored(self.watched, self.new)


@dataclass(frozen=True, slots=True)
class Stored:
    """Step 2: the new results are rows."""

    watched: Mapping[int, Watched]
    new: Sequence[CheckResult]

    def believe(self) -> "Believed":
        """Let the regions believe what was found. Monitors with late results wait for their history."""
        changes = {}
        for watched in self.watched.values():
            if watched.findings and watched.late_from is None and (found := watched.believe()):
                changes[watched.monitor] = found
        late = [watched for watched in self.watched.values() if watched.late_from and not _too_late(watched)]
        return Believed(self.watched, self.new, changes, _read_histories(late))


@dataclass(frozen=True, slots=True)
class Believed:
    """Step 3: ``changes`` by monitor, and the ``late`` ones, whose history was read again."""

    watched: Mapping[int, Watched]
    new: Sequence[CheckResult]
    changes: Mapping[Monitor, Sequence[Change]]
    late: Sequence["Late"]

    def save(self) -> None:
        """Write the states that changed (most do not), and delete those of regions that are gone."""
        for result in self.new:  # whose checks took long, hold up no others (``monitors.pace``)
            if took_long(result) and (state := self.watched[result.monitor_id].states.get(result.region)):
                state.changed = note_slow(state, at=whole_ms(result.scheduled_at)) or state.changed
        save_states(self.watched.values())

    def rechecks(self, *, now: datetime) -> list[tuple[Monitor, str, datetime]]:
        """(monitor, region, when) for each region whose run of results one more look can decide."""
        wanted = []
        for watched in self.watched.values():
            monitor = watched.monitor
            if monitor.phase_ms is None:
                continue
            at = now + timedelta(seconds=monitor.recheck_s)
            slot_ms = next_slot(monitor.phase_ms, monitor.interval_s, from_ms=to_ms(now))
            if slot_ms <= to_ms(at):
                continue  # the next slot is sooner
            fresh = {finding.region for finding in watched.findings}
            undecided = [r for r, state in watched.states.items() if r in fresh and state.health.undecided]
            wanted += [(monitor, region, at) for region in undecided]
        return wanted


@dataclass(frozen=True, slots=True)
class Late:
    """A monitor whose results came late, with the ``history`` from ``start`` on.

    Only what it tells from ``counts_from`` on counts: half-way to the late result, by when any run before it
    was decided. A run that the late result completes may have begun, and so be dated, before it.
    """

    watched: Watched
    history: Sequence[Finding]
    start: datetime

    @property
    def monitor(self) -> Monitor:
        return self.watched.monitor

    @property
    def counts_from(self) -> datetime:
        assert self.watched.late_from is not None  # noqa: S101  # only such monitors are late
        knows_more = any(state.counted_from < self.start for state in self.watched.states.values())
        return self.start + (self.watched.late_from - self.start) / 2 if knows_more else self.start

    def believe(self, *, was_down: bool) -> list[Change]:
        return self.watched.believe_again(self.history, was_down=was_down)


def make_result_key(result: CheckResult) -> Key:
    return result.monitor_id, whole_ms(result.scheduled_at), result.region


def open_batch(results: Iterable[CheckResult], *, now: datetime) -> Opened:
    """Lock the monitors' states and sort out what is new. To be called in a transaction.

    Left out: duplicates, and answers for a monitor that was deleted, paused or edited while its check was
    in flight, or from a region that watches it no more.
    """
    unique = {make_result_key(result): result for result in reversed(list(results))}
    watched = _lock({result.monitor_id for result in unique.values()}, now=now)
    wanted = [r for r in unique.values() if (w := watched.get(r.monitor_id)) and _is_current(w.monitor, r)]
    known = _known_keys(wanted, watched)
    new = sorted(
        (r for r in wanted if make_result_key(r) not in known), key=attrgetter("scheduled_at", "region")
    )
    stale = len(unique) - len(wanted)
    return Opened(watched, new, duplicates=len(wanted) - len(new), stale=stale, now=now)


def _is_current(monitor: Monitor, result: CheckResult) -> bool:
    current = monitor.enabled and monitor.revision == result.revision
    return current and result.region in monitor.judged_from


_NOT_READ = ("config", "secrets", "url", "created_at", "updated_at")
"""What of a monitor recording does not need."""


def _lock(ids: set[int], *, now: datetime) -> dict[int, Watched]:
    states: dict[int, dict[str, RegionState]] = defaultdict(dict)
    for state in RegionState.objects.select_for_update().filter(monitor_id__in=ids).order_by("pk"):
        states[state.monitor_id][state.region] = state
    monitors = Monitor.objects.filter(pk__in=ids).defer(*_NOT_READ).with_newest(now=now)
    found = {}
    for monitor in monitors:
        before = decide_state([state.health for state in states[monitor.pk].values()])
        found[monitor.pk] = Watched(monitor, vars(monitor)["newest_at"], states[monitor.pk], before)
    return found


def _known_keys(results: Sequence[CheckResult], watched: Mapping[int, Watched]) -> set[Key]:
    """Which of ``results`` are stored already; asks only about those not newer than all that is known."""
    doubtful = [
        make_result_key(r) for r in results if (n := watched[r.monitor_id].newest_at) and r.scheduled_at <= n
    ]
    if not doubtful:
        return set()
    asked = Q()
    for monitor_id, at, region in doubtful:
        asked |= Q(monitor_id=monitor_id, scheduled_at=at, region=region)
    return set(Result.objects.filter(asked).values_list("monitor_id", "scheduled_at", "region"))


def _is_fresh(monitor: Monitor, at: datetime, *, now: datetime) -> bool:
    """Whether a result of the slot ``at`` says how the monitor is now. An older one would count as no
    data."""
    return monitor.phase_ms is None or at >= now - timedelta(
        seconds=patience_s(monitor.interval_s, monitor.timeout_s)
    )


_COLUMNS = [
    "monitor_id",
    "scheduled_at",
    "region",
    "checked_at",
    "status",
    "in_maintenance",
    "error_code",
    "error",
    "http_status",
    "dns_ms",
    "connect_ms",
    "tls_ms",
    "first_byte_ms",
    "download_ms",
    "total_ms",
    "address",
    "http_version",
    "size_bytes",
    "tls_expires_at",
    "domain_expires_at",
]


def _insert(results: Sequence[CheckResult], in_maintenance: set[Key]) -> None:
    """One prepared multi-row insert. `bulk_create` costs three times the CPU; `INSERT IGNORE` would also
    swallow values that do not fit, so MySQL gets an update that changes nothing."""
    if not results:
        return
    tail = (
        "ON DUPLICATE KEY UPDATE region = region"
        if connection.vendor == "mysql"
        else "ON CONFLICT (monitor_id, scheduled_at, region) DO NOTHING"
    )
    values = ", ".join(["%s"] * len(_COLUMNS))
    statement = f"INSERT INTO monitors_result ({', '.join(_COLUMNS)}) VALUES ({values}) {tail}"  # noqa: S608  # constants only
    with connection.cursor() as cursor:
        cursor.executemany(statement, [_row(r, in_maintenance) for r in results])


def _row(result: CheckResult, in_maintenance: set[Key]) -> tuple[Any, ...]:
    timings = result.timings
    return (
        result.monitor_id,
        to_ms(result.scheduled_at),
        result.region,
        to_ms(result.checked_at),
        result.status.value,
        int(make_result_key(result) in in_maintenance),
        result.error_code,
        result.error[:500],
        result.http_status,
        timings.dns_ms,
        timings.connect_ms,
        timings.tls_ms,
        timings.first_byte_ms,
        timings.download_ms,
        timings.total_ms,
        result.address,
        result.http_version,
        result.size_bytes,
        to_ms(result.tls_expires_at) if result.tls_expires_at else None,
        to_ms(result.domain_expires_at) if result.domain_expires_at else None,
    )


def _too_late(watched: Watched) -> bool:
    newest, since = watched.newest_at, watched.late_from
    return newest is not None and since is not None and newest - since > REPLAY_WITHIN


def _start_of(watched: Watched) -> datetime:
    """How far back the history is read: long enough before the late result for any run of results to be
    decided."""
    assert watched.late_from is not None  # noqa: S101  # only such monitors are late
    runs = 3 * max(watched.monitor.fail_after, watched.monitor.recover_after)
    back = max(timedelta(hours=1), timedelta(seconds=runs * watched.monitor.interval_s))
    counted_from = min((state.counted_from for state in watched.states.values()), default=watched.late_from)
    return max(watched.late_from - back, min(counted_from, watched.late_from))


def _read_histories(late: Sequence[Watched]) -> list[Late]:
    """The stored results of the ``late`` monitors, in order; one statement for all."""
    if not late:
        return []
    starts = {watched.monitor.pk: _start_of(watched) for watched in late}
    asked = Q()
    for monitor_id, start in starts.items():
        asked |= Q(monitor_id=monitor_id, scheduled_at__gte=start)
    histories: dict[int, list[Finding]] = {monitor_id: [] for monitor_id in starts}
    rows = Result.objects.filter(asked).order_by("monitor_id", "scheduled_at", "region")
    for monitor_id, at, region, status, in_maintenance, code in rows.values_list(
        "monitor_id", "scheduled_at", "region", "status", "in_maintenance", "error_code"
    ):
        histories[monitor_id].append(
            Finding(at, region, Status(status), bool(in_maintenance), excuses=code == ErrorCode.OWN_NETWORK)
        )
    return [Late(each, histories[each.monitor.pk], starts[each.monitor.pk]) for each in late]


_BELIEF = ["state", "failures", "first_failed_at", "passes", "first_passed_at", "changed_at"]
_BELIEF += ["no_data_since", "no_data_code", "no_data_reason", "slow_until"]


def save_states(watched: Collection[Watched]) -> None:
    states = [state for each in watched for state in each.states.values() if state.changed]
    RegionState.objects.bulk_update([state for state in states if state.pk], _BELIEF)
    RegionState.objects.bulk_create([state for state in states if not state.pk])
    if left := [state.pk for each in watched for state in each.left]:
        RegionState.objects.filter(pk__in=left).delete()
