"""Results into rows, and rows into beliefs: one batch, a constant number of statements, safe to run twice.

A result that is older than one already stored, or that shares its slot with another region's, is folded by
replaying the monitor's history from before it, so that the order of arrival changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import Q

from monitors.instants import to_ms, whole_ms
from monitors.models import Monitor, RegionState, Result
from monitors.slots import next_slot
from monitors.transitions import Change, Finding, Health, Policy, State, fold
from probes.result import CheckResult, Status

REPLAY_WITHIN = timedelta(hours=6)
"""A result later than this is stored for the figures, but opens and closes nothing any more."""
CLOCK_TOLERANCE = timedelta(minutes=1)

Key = tuple[int, datetime, str]


@dataclass(slots=True)
class Watched:
    """A monitor in a batch: its policy, what its regions believe, and what the batch brings."""

    monitor: Monitor
    newest_at: datetime | None
    states: dict[str, RegionState]
    findings: list[Finding] = field(default_factory=list)
    replay_from: datetime | None = None
    newest: CheckResult | None = None
    left: list[RegionState] = field(default_factory=list)
    """What regions believed that watch no more: rows to delete."""

    @property
    def policy(self) -> Policy:
        return Policy(self.monitor.fail_after, self.monitor.recover_after)

    @property
    def healths(self) -> dict[str, Health]:
        return {region: state.health for region, state in self.states.items()}


@dataclass(slots=True)
class Batch:
    """What of a batch is new, by monitor, and why the rest was left out."""

    watched: dict[int, Watched]
    new: list[CheckResult] = field(default_factory=list)
    duplicates: int = 0
    stale: int = 0


def key_of(result: CheckResult) -> Key:
    return result.monitor_id, whole_ms(result.scheduled_at), result.region


def open_batch(results: Iterable[CheckResult], *, now: datetime) -> Batch:
    """Lock the monitors' states and sort out what is new. To be called in a transaction.

    Left out: duplicates, and answers for a monitor that was deleted, paused or edited while its check was
    in flight, or from a region that watches it no more.
    """
    unique = {key_of(result): result for result in reversed(list(results))}
    watched = _lock({result.monitor_id for result in unique.values()}, now=now)
    batch = Batch(watched)
    wanted = [r for r in unique.values() if (w := watched.get(r.monitor_id)) and _is_current(w.monitor, r)]
    batch.stale = len(unique) - len(wanted)
    known = _known_keys(wanted, watched)
    batch.new = sorted(
        (r for r in wanted if key_of(r) not in known), key=attrgetter("scheduled_at", "region")
    )
    batch.duplicates = len(wanted) - len(batch.new)
    return batch


def _is_current(monitor: Monitor, result: CheckResult) -> bool:
    current = monitor.enabled and monitor.revision == result.revision
    return current and result.region in monitor.judged_from


def _lock(ids: set[int], *, now: datetime) -> dict[int, Watched]:
    states: dict[int, dict[str, RegionState]] = defaultdict(dict)
    for state in RegionState.objects.select_for_update().filter(monitor_id__in=ids).order_by("pk"):
        states[state.monitor_id][state.region] = state
    monitors = Monitor.objects.filter(pk__in=ids).defer("config", "secrets", "url").with_newest(now=now)
    return {m.pk: Watched(m, vars(m)["newest_at"], states[m.pk]) for m in monitors}


def _known_keys(results: Sequence[CheckResult], watched: Mapping[int, Watched]) -> set[Key]:
    """Which of ``results`` are stored already; asks only about those not newer than all that is known."""
    doubtful = [key_of(r) for r in results if (n := watched[r.monitor_id].newest_at) and r.scheduled_at <= n]
    if not doubtful:
        return set()
    asked = Q()
    for monitor_id, at, region in doubtful:
        asked |= Q(monitor_id=monitor_id, scheduled_at=at, region=region)
    return set(Result.objects.filter(asked).values_list("monitor_id", "scheduled_at", "region"))


def store(batch: Batch, *, in_maintenance: set[Key]) -> None:
    """Insert the new results, each once however often it comes, and note what each means to its monitor."""
    _insert(batch.new, in_maintenance)
    for result in batch.new:
        watched = batch.watched[result.monitor_id]
        at = whole_ms(result.scheduled_at)
        finding = Finding(at, result.region, result.status, key_of(result) in in_maintenance)
        watched.findings.append(finding)
        watched.newest = result
        late = watched.newest_at is not None and at < watched.newest_at
        shares_slot = at == watched.newest_at and len(watched.states) > 1
        if (late or shares_slot) and (watched.replay_from is None or at < watched.replay_from):
            watched.replay_from = at


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
        int(key_of(result) in in_maintenance),
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


def believe(watched: Watched) -> list[Change]:
    """Fold the batch's findings, in order, into what the regions believe. For monitors without
    ``replay_from``."""
    regions = watched.monitor.judged_from
    healths, changes = fold(watched.healths, watched.findings, watched.policy, watching=regions)
    _take(watched, healths, at=watched.findings[-1].at)
    return changes


def believe_again(watched: Watched, history: Sequence[Finding], *, was_down: bool) -> list[Change]:
    """Fold the whole ``history``; ``was_down`` tells whether an incident was open where it begins."""
    start = Health(State.DOWN) if was_down else Health()
    regions = dict.fromkeys([*watched.states, *(finding.region for finding in history)], start)
    healths, changes = fold(regions, history, watched.policy, watching=watched.monitor.judged_from)
    if history:
        _take(watched, healths, at=history[-1].at)
    return changes


def _take(watched: Watched, healths: Mapping[str, Health], *, at: datetime) -> None:
    for region, health in healths.items():
        state = watched.states.get(region)
        if state is None:
            state = RegionState(monitor=watched.monitor, region=region, counted_from=at)
            watched.states[region] = state
        state.changed = state.take(health, at=at) or state.pk is None
    gone = [region for region in watched.states if region not in healths]
    watched.left += [watched.states.pop(region) for region in gone]


def replay_start(watched: Watched) -> datetime:
    """How far back a replay reads: long enough before the late result for any run of results to be
    decided."""
    assert watched.replay_from is not None  # noqa: S101  # only monitors with a late result are replayed
    runs = 3 * max(watched.monitor.fail_after, watched.monitor.recover_after)
    back = max(timedelta(hours=1), timedelta(seconds=runs * watched.monitor.interval_s))
    counted_from = min((state.counted_from for state in watched.states.values()), default=watched.replay_from)
    return max(watched.replay_from - back, min(counted_from, watched.replay_from))


def rewrite_start(watched: Watched) -> datetime:
    """From when on a replay's findings count: half-way to the late result, by when any run before it was
    decided.

    A run that the late result completes may have begun, and so be dated, before it.
    """
    assert watched.replay_from is not None  # noqa: S101  # only monitors with a late result are replayed
    start = replay_start(watched)
    return start + (watched.replay_from - start) / 2 if _knows_more_than(start, watched) else start


def _knows_more_than(start: datetime, watched: Watched) -> bool:
    return any(state.counted_from < start for state in watched.states.values())


def read_histories(late: Sequence[Watched]) -> dict[int, list[Finding]]:
    """The stored results of the ``late`` monitors from ``replay_start`` on, in order; one statement."""
    asked = Q()
    for watched in late:
        asked |= Q(monitor_id=watched.monitor.pk, scheduled_at__gte=replay_start(watched))
    histories: dict[int, list[Finding]] = {watched.monitor.pk: [] for watched in late}
    rows = Result.objects.filter(asked).order_by("monitor_id", "scheduled_at", "region")
    for monitor_id, at, region, status, in_maintenance in rows.values_list(
        "monitor_id", "scheduled_at", "region", "status", "in_maintenance"
    ):
        histories[monitor_id].append(Finding(at, region, Status(status), bool(in_maintenance)))
    return histories


def save_states(batch: Batch) -> int:
    """Write the states that changed (most do not), delete those of regions that are gone; the number of rows
    written."""
    states = [s for w in batch.watched.values() for s in w.states.values() if s.changed]
    fields = ["state", "failures", "first_failed_at", "passes", "first_passed_at", "changed_at"]
    RegionState.objects.bulk_update([s for s in states if s.pk], fields)
    RegionState.objects.bulk_create([s for s in states if not s.pk])
    if left := [s.pk for w in batch.watched.values() for s in w.left]:
        RegionState.objects.filter(pk__in=left).delete()
    return len(states)


def rechecks_wanted(batch: Batch, *, now: datetime) -> list[tuple[Monitor, str, datetime]]:
    """(monitor, region, when) for each region whose run of results one more look can decide."""
    wanted = []
    for watched in batch.watched.values():
        monitor = watched.monitor
        if monitor.phase_ms is None:
            continue
        at = now + timedelta(seconds=monitor.recheck_s)
        slot_ms = next_slot(monitor.phase_ms, monitor.interval_s, from_ms=to_ms(now))
        if slot_ms <= to_ms(at):
            continue  # the next slot is sooner
        fresh = {finding.region for finding in watched.findings}
        wanted += [(monitor, r, at) for r, s in watched.states.items() if r in fresh and s.health.undecided]
    return wanted
