"""Finds the monitors whose checks stopped or tell nothing, writes it down and has people told."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction

from alerts.troubles import Turn
from core.engine import Engine
from core.field_encryption import SecretsUnreadable
from core.isolation import do_together, leave_out, resting
from incidents.models import Incident
from incidents.reconcile import apply_changes
from incidents.services import say_while_open
from monitors import no_data
from monitors.models import Monitor, RegionState
from monitors.patience import Watch
from monitors.transitions import State
from pipeline.fanout import tell_events, tell_no_data, tell_turns, wake_pages
from pipeline.messages import pack_specs
from pipeline.models import DataWatch
from pipeline.specs import build_spec
from probes.registry import HEARTBEAT
from probes.result import CheckResult, Status
from statuspages.invalidation import mark_changed

logger = logging.getLogger(__name__)

NAME, WATCH = "results", "watch for data"
AT_ONCE = 500
AWAY_AFTER_S = {Engine.EMBEDDED: 45, Engine.CELERY: 45, Engine.SERVERLESS: 90}
"""Seconds. After a longer break between two looks, nobody is believed to have looked. Shorter than the
shortest patience, so a restart makes no monitor lose its data."""
STOPPED = "No data any more: {reason} The incident stays open until a check tells that it is over."


def watch_for_data(*, now: datetime) -> int:
    """Find the monitors that have no data any more, or have some again, and have people told. Returns how
    many lost theirs in this run. Safe to run twice, and at once: one run finds what another one wrote."""
    watch = take_watch(now=now)
    with transaction.atomic():
        no_data.note_heard(now=now)
    resting_now = set(resting(WATCH, "monitor"))
    ids = [pk for pk in no_data.find_candidates(watch=watch, now=now) if pk not in resting_now]
    lost: list[int] = []
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        do_together(WATCH, some, partial(_note_lost, lost, watch=watch, now=now), name=_name)
    with transaction.atomic():
        DataWatch.objects.select_for_update().get(pk=NAME)  # a second run waits here
        tell_no_data(now=now)
    if lost:
        logger.warning("no data monitors=%d", sum(lost))
    return sum(lost)


def _name(monitor_id: int) -> tuple[str, int]:
    return "monitor", monitor_id


@transaction.atomic
def take_watch(*, now: datetime) -> Watch:
    """Since when somebody has looked without a break, this look included. After a break, or when the clock
    was set, it begins anew."""
    DataWatch.objects.get_or_create(pk=NAME, defaults={"since": now, "away_from": now, "looked_at": now})
    row = DataWatch.objects.select_for_update().get(pk=NAME)
    away_s = (now - row.looked_at).total_seconds()
    if not -60 < away_s < AWAY_AFTER_S[settings.ENGINE]:
        logger.info("no data is looked for anew away_s=%d", away_s)
        row.since, row.away_from = now, min(row.looked_at, now)
    row.looked_at = max(now, row.looked_at) if away_s > -60 else now
    row.save(update_fields=["since", "away_from", "looked_at"])
    return Watch(row.since, row.away_from)


def _note_lost(counts: list[int], monitor_ids: Sequence[int], *, watch: Watch, now: datetime) -> None:
    """Add to ``counts`` how many of the monitors lost their data in this run."""
    with transaction.atomic():
        found = _note_lost_in_one(monitor_ids, watch=watch, now=now)
    if found:
        counts.append(found)


def _note_lost_in_one(monitor_ids: Sequence[int], *, watch: Watch, now: datetime) -> int:
    lost = no_data.note_lost(monitor_ids, watch=watch, now=now, explain=explain_unsendable)
    events = apply_changes(lost.changes)
    _say_on_incidents(lost.without_data, now=now)
    tell_events(events, now=now)
    tell_turns([_turn(*turned, now=now) for turned in lost.turned if turned[2] is State.UP], now=now)
    if mark_changed(monitor_ids=[monitor.pk for monitor, _, _ in lost.turned]):
        wake_pages()
    return len(lost.without_data)


def _say_on_incidents(monitors: Sequence[Monitor], *, now: datetime) -> None:
    """Say on open incidents that data has stopped. They stay open."""
    open_for = Incident.objects.filter(open_monitor__in=monitors).values_list("open_monitor_id", flat=True)
    states = RegionState.objects.filter(monitor_id__in=list(open_for))
    by_monitor = defaultdict(list)
    for state in states:
        by_monitor[state.monitor_id].append(state)
    for pk, theirs in by_monitor.items():
        if lost := no_data.read_no_data(theirs):
            say_while_open([pk], STOPPED.format(reason=lost.reason), at=now)


def explain_unsendable(monitor: Monitor) -> no_data.Why | None:
    """Why no check of the monitor can be sent: a code and a sentence. None when one can be sent."""
    if monitor.kind == HEARTBEAT:
        return None
    try:
        spec = build_spec(monitor, region=monitor.watched_from[0], at=monitor.updated_at)
        if not pack_specs([spec]):
            return (
                "not_checkable",
                "No check can be sent: something in it cannot be encoded, or is too large.",
            )
    except SecretsUnreadable as error:
        return "secrets_unreadable", str(error)
    except Exception as fault:  # noqa: BLE001  # whatever a row holds; logged by its key
        leave_out(WATCH, ("check of monitor", monitor.pk), fault)
        return "not_checkable", "No check can be made of it: something that is stored of it is broken."
    return None


def _turn(monitor: Monitor, before: State, after: State, *, now: datetime) -> Turn:
    """The turn of a monitor that is up without the region that has no data: the regions that are left find
    nothing wrong."""
    nothing_wrong = CheckResult(
        monitor_id=monitor.pk,
        revision=monitor.revision,
        region="",
        scheduled_at=now,
        checked_at=now,
        status=Status.UP,
    )
    return Turn(monitor, before, after, nothing_wrong)
