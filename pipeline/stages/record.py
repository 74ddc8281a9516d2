"""Results into history, states and incidents: one transaction a batch, a constant number of statements."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.db import transaction

from alerts.troubles import Turn
from analytics.rollups import mark_stale
from incidents.maintenance import in_maintenance
from incidents.reconcile import IncidentEvent, apply_changes, rewrite, was_down
from monitors import recording
from monitors.models import Monitor
from monitors.transitions import Change, verdict
from pipeline import dispatch, metrics, observing
from pipeline.messages import Results, decode
from pipeline.specs import build_specs, send_specs
from pipeline.telling import tell, tell_turns
from probes.result import CheckResult

logger = logging.getLogger(__name__)

RECORD_AT_ONCE = 500
"""Results a transaction. Each is a term of some statement's WHERE, and SQLite takes a thousand of them."""


@dataclass(slots=True)
class Recorded:
    """What became of the results."""

    stored: int = 0
    duplicates: int = 0
    stale: int = 0
    events: list[IncidentEvent] = field(default_factory=list)
    rechecks: list[tuple[Monitor, str, datetime]] = field(default_factory=list)
    team_ids: set[int] = field(default_factory=set)

    def add(self, other: "Recorded") -> None:
        self.stored += other.stored
        self.duplicates += other.duplicates
        self.stale += other.stale
        self.events += other.events
        self.rechecks += other.rechecks
        self.team_ids |= other.team_ids


def record_messages(bodies: Sequence[bytes], *, now: datetime) -> list[int]:
    """Record the results of all messages at once; the indexes of messages that are none. Database errors
    propagate."""
    failed, results = [], list[CheckResult]()
    for index, body in enumerate(bodies):
        try:
            message = decode(body)
        except msgspec.MsgspecError:
            message = None
        if isinstance(message, Results):
            results += message.results
        else:
            logger.error("record refused a message bytes=%d", len(body))
            failed.append(index)
    record(results, now=now)
    return failed


def record(results: Sequence[CheckResult], *, now: datetime) -> Recorded:
    """Store ``results`` and let them change what we believe. Recording a result again changes nothing.

    A database error leaves whole batches recorded or not at all: record all of them again.
    """
    if not results:
        return Recorded()
    started = time.perf_counter()
    recorded = Recorded()
    for first in range(0, len(results), RECORD_AT_ONCE):
        with transaction.atomic():
            batch = _record(results[first : first + RECORD_AT_ONCE], now=now)
        recorded.add(batch)
    _ask_for_rechecks(recorded, now=now)
    took_s = time.perf_counter() - started
    metrics.observe_batch(results, took_s=took_s)
    _note(results, recorded, now=now)
    logger.info(
        "record results=%d stored=%d duplicates=%d stale=%d events=%d rechecks=%d took_ms=%d",
        len(results),
        recorded.stored,
        recorded.duplicates,
        recorded.stale,
        len(recorded.events),
        len(recorded.rechecks),
        round(took_s * 1000),
    )
    return recorded


def _note(results: Sequence[CheckResult], recorded: Recorded, *, now: datetime) -> None:
    outcomes = Counter(f"Checks{result.status.value.capitalize()}" for result in results)
    observing.count(
        **outcomes,
        ResultsStored=recorded.stored,
        ResultsDoubled=recorded.duplicates,
        Events=len(recorded.events),
    )
    lag_ms = max((now - result.checked_at).total_seconds() * 1000 for result in results)
    observing.peak(BatchSize=len(results), LagMs=round(lag_ms))
    if len(recorded.team_ids) == 1:
        observing.mark(team=next(iter(recorded.team_ids)))


def _ask_for_rechecks(recorded: Recorded, *, now: datetime) -> None:
    """While the queues are away the next slots must do: what was recorded, is."""
    try:
        for monitor_at in _by_delay(recorded.rechecks):
            send_specs(build_specs(monitor_at), delay_s=(monitor_at[0][2] - now).total_seconds())
    except dispatch.QueuesAway as error:
        logger.warning("rechecks left to the slots monitors=%d: %s", len(recorded.rechecks), error)


def _record(results: Sequence[CheckResult], *, now: datetime) -> Recorded:
    batch = recording.open_batch(results, now=now)
    covered = in_maintenance(
        [recording.key_of(r)[:2] for r in batch.new],
        team_ids={w.monitor.team_id for w in batch.watched.values()},
    )
    recording.store(
        batch, in_maintenance={recording.key_of(r) for r in batch.new if recording.key_of(r)[:2] in covered}
    )
    mark_stale([(batch.watched[r.monitor_id].monitor, r.scheduled_at) for r in batch.new], now=now)
    before = {pk: verdict(watched.healths.values()) for pk, watched in batch.watched.items()}
    changes: dict[Monitor, Sequence[Change]] = {}
    for watched in batch.watched.values():
        if watched.findings and watched.replay_from is None:
            found = recording.believe(watched)
            if found:
                changes[watched.monitor] = found
    events = _replay(batch)
    if changes:
        events += apply_changes(changes)
    recording.save_states(batch)
    tell(events, now=now)
    tell_turns(
        [
            Turn(watched.monitor, before[pk], verdict(watched.healths.values()), watched.newest)
            for pk, watched in batch.watched.items()
            if watched.newest is not None
        ],
        now=now,
    )
    wanted = recording.rechecks_wanted(batch, now=now)
    return Recorded(
        stored=len(batch.new),
        duplicates=len(results) - batch.stale - len(batch.new),
        stale=batch.stale,
        events=events,
        rechecks=_with_configuration(wanted),
        team_ids={watched.monitor.team_id for watched in batch.watched.values()},
    )


def _replay(batch: recording.Batch) -> list[IncidentEvent]:
    """Read the history of monitors whose results came late again, and mend their incidents."""
    late = [w for w in batch.watched.values() if w.replay_from is not None and not _too_late(w)]
    if not late:
        return []
    histories = recording.read_histories(late)
    events = []
    for watched in late:
        down_before = was_down(watched.monitor, recording.replay_start(watched))
        changes = recording.believe_again(watched, histories[watched.monitor.pk], was_down=down_before)
        events += rewrite(
            watched.monitor, changes, since=recording.rewrite_start(watched), was_down=down_before
        )
    return events


def _too_late(watched: recording.Watched) -> bool:
    newest, since = watched.newest_at, watched.replay_from
    return newest is not None and since is not None and newest - since > recording.REPLAY_WITHIN


def _with_configuration(wanted: list[tuple[Monitor, str, datetime]]) -> list[tuple[Monitor, str, datetime]]:
    """The recorder reads monitors without their configuration; the few that are checked again need it."""
    if not wanted:
        return []
    whole = Monitor.objects.in_bulk({monitor.pk for monitor, _, _ in wanted})
    return [(whole[monitor.pk], region, at) for monitor, region, at in wanted]


def _by_delay(rechecks: list[tuple[Monitor, str, datetime]]) -> list[list[tuple[Monitor, str, datetime]]]:
    groups: dict[datetime, list[tuple[Monitor, str, datetime]]] = {}
    for recheck in rechecks:
        groups.setdefault(recheck[2], []).append(recheck)
    return list(groups.values())
