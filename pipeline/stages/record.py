"""Turns results into history, states and incidents: one transaction a batch, with a constant number of
statements."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from alerts.troubles import Turn
from analytics.rollups import mark_stale
from core import telemetry
from core.isolation import do_together
from incidents.maintenance import in_maintenance
from incidents.reconcile import IncidentEvent, apply_changes, rewrite_incidents
from incidents.services import say_while_open
from monitors import recording
from monitors.models import Monitor
from monitors.transitions import State, decide_state
from pipeline import metrics
from pipeline.fanout import tell_events, tell_turns
from pipeline.health import own_network, shortages
from pipeline.messages import Results, read_messages
from pipeline.queues.base import Failed, QueuesAway
from pipeline.specs import build_specs, send_specs
from probes.result import CheckResult
from statuspages.invalidation import mark_changed

logger = logging.getLogger(__name__)

RECORD_AT_ONCE = 500
"""Results in one transaction. Each adds a term to some statement's WHERE, and SQLite takes a thousand
terms."""


@dataclass(slots=True)
class Recorded:
    """What became of some results: ``duplicates`` were recorded before, ``stale`` ones must not count any
    more (the monitor was edited, say), ``left_out`` could not be recorded. ``rechecks`` are (monitor, region,
    when)."""

    stored: int = 0
    duplicates: int = 0
    stale: int = 0
    events: list[IncidentEvent] = field(default_factory=list)
    rechecks: list[tuple[Monitor, str, datetime]] = field(default_factory=list)
    team_ids: set[int] = field(default_factory=set)
    monitor_ids: set[int] = field(default_factory=set)
    left_out: list[CheckResult] = field(default_factory=list)

    def add(self, other: "Recorded") -> None:
        self.stored += other.stored
        self.duplicates += other.duplicates
        self.stale += other.stale
        self.events += other.events
        # A later result may have decided what an earlier one left open.
        self.rechecks = [one for one in self.rechecks if one[0].pk not in other.monitor_ids] + other.rechecks
        self.team_ids |= other.team_ids
        self.monitor_ids |= other.monitor_ids


def record_messages(bodies: Sequence[bytes], *, now: datetime) -> Failed:
    """Record the results of all messages at once. Returns as failed the messages that could not be decoded,
    and those with a result that cannot be recorded: the message's other results are recorded, and the message
    ends among the dead letters. Errors of a database that is away propagate."""
    messages, failed = read_messages(bodies, Results, stage="record")
    origins = {
        recording.make_result_key(result): index for index, message in messages for result in message.results
    }
    for result in record([result for _, message in messages for result in message.results], now=now).left_out:
        index = origins[recording.make_result_key(result)]
        failed[index] = f"A result of monitor {result.monitor_id} cannot be recorded; the log says why."
    return failed


def record(results: Sequence[CheckResult], *, now: datetime) -> Recorded:
    """Store ``results``, and update states, incidents and alerts from them. Recording a result again changes
    nothing.

    A result that cannot be recorded is left out (``Recorded.left_out``). Errors of a database that is away
    propagate. Each batch of ``RECORD_AT_ONCE`` is then recorded as a whole or not at all, so record all
    results again.
    """
    if not results:
        return Recorded()
    started = time.perf_counter()
    recorded = Recorded()
    for first in range(0, len(results), RECORD_AT_ONCE):
        recorded.left_out += do_together(
            "record results",
            results[first : first + RECORD_AT_ONCE],
            partial(_record_together, recorded, now=now),
            name=lambda result: ("monitor", result.monitor_id),
        )
    own_network.save_outages(results)
    shortages.save_shortages(results)
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


def _record_together(recorded: Recorded, results: Sequence[CheckResult], *, now: datetime) -> None:
    """Record one batch in one transaction, from its results to the people who are told; add the outcome to
    ``recorded``."""
    covered = _find_covered(results)  # before the transaction: nobody else may write while it lasts
    with transaction.atomic():
        opened = recording.open_batch(results, now=now)
        stored = opened.store(covered=covered)
        mark_stale([(opened.watched[r.monitor_id].monitor, r.scheduled_at) for r in opened.new], now=now)
        believed = stored.believe()
        events = apply_changes(believed.changes)
        for late in believed.late:
            events += rewrite_incidents(late)
        believed.save()
        tell_events(events, now=now)
        turns = _find_turns(believed)
        tell_turns(turns, now=now)
        _note_data_again(turns, events, now=now)
        rechecks = _with_configuration(believed.rechecks(now=now))
    recorded.add(
        Recorded(
            stored=len(opened.new),
            duplicates=len(results) - opened.stale - len(opened.new),
            stale=opened.stale,
            events=events,
            rechecks=rechecks,
            team_ids={watched.monitor.team_id for watched in opened.watched.values()},
            monitor_ids=set(opened.watched),
        )
    )


def _find_covered(results: Sequence[CheckResult]) -> set[recording.Slot]:
    """The slots of ``results`` that lie in maintenance."""
    slots = {recording.make_result_key(result)[:2] for result in results}
    watched = Monitor.objects.filter(pk__in={monitor_id for monitor_id, _ in slots})
    return in_maintenance(list(slots), team_ids=watched.values_list("team_id", flat=True))


def _find_turns(believed: recording.Believed) -> list[Turn]:
    """The state of each monitor with new results, before and after them."""
    return [
        Turn(watched.monitor, watched.before, decide_state(watched.healths.values()), watched.newest)
        for watched in believed.watched.values()
        if watched.newest is not None
    ]


def _note_data_again(turns: Sequence[Turn], events: Sequence[IncidentEvent], *, now: datetime) -> None:
    """Mark the pages of monitors that have data again, and say so on their open incidents. People are told by
    the job ``watch for data``, which gathers such monitors."""
    again = {t.monitor.pk for t in turns if t.before is State.NO_DATA and t.after is not State.NO_DATA}
    if again:
        mark_changed(monitor_ids=again)
        new = {event.incident.monitor_id for event in events}
        say_while_open(again - new, "There is data again, and it is still down.", at=now)


def _note(results: Sequence[CheckResult], recorded: Recorded, *, now: datetime) -> None:
    outcomes = Counter(f"Checks{result.status.value.capitalize()}" for result in results)
    telemetry.count(
        **outcomes,
        ResultsStored=recorded.stored,
        ResultsDoubled=recorded.duplicates,
        Events=len(recorded.events),
    )
    lag_ms = max((now - result.checked_at).total_seconds() * 1000 for result in results)
    telemetry.peak(BatchSize=len(results), LagMs=round(lag_ms))
    if len(recorded.team_ids) == 1:
        telemetry.mark(team=next(iter(recorded.team_ids)))


def _ask_for_rechecks(recorded: Recorded, *, now: datetime) -> None:
    """Queue the rechecks. While the queues are away this only logs a warning: the results are recorded, and
    the next slots check again."""
    try:
        for monitor_at in _by_delay(recorded.rechecks):
            send_specs(build_specs(monitor_at), delay_s=(monitor_at[0][2] - now).total_seconds())
    except QueuesAway as error:
        logger.warning("rechecks left to the slots monitors=%d: %s", len(recorded.rechecks), error)


def _with_configuration(wanted: list[tuple[Monitor, str, datetime]]) -> list[tuple[Monitor, str, datetime]]:
    """The rechecks with whole monitors: recording reads monitors without their configuration, and a spec
    needs it."""
    if not wanted:
        return []
    whole = Monitor.objects.in_bulk({monitor.pk for monitor, _, _ in wanted})
    return [(whole[monitor.pk], region, at) for monitor, region, at in wanted]


def _by_delay(rechecks: list[tuple[Monitor, str, datetime]]) -> list[list[tuple[Monitor, str, datetime]]]:
    groups: dict[datetime, list[tuple[Monitor, str, datetime]]] = {}
    for recheck in rechecks:
        groups.setdefault(recheck[2], []).append(recheck)
    return list(groups.values())
