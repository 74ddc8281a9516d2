"""Heartbeats: takes the pings of jobs, and notices when they do not come.

The rules are those of Healthchecks (https://healthchecks.io/docs/measuring_script_run_time/). A start begins
a run, which is late once its grace is over. A success or a failure ends the run with the same run id. A
failure, or a success without a run id, ends any run. ``max_run_s`` is our own: a run may take that long from
its start, whatever else was expected.
"""

import codecs
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from core.instants import whole_ms
from core.isolation import do_each, resting
from core.retention import PINGS
from monitors.deadlines import (
    counted_at,
    first_due,
    longest_run,
    plan_after,
    plan_after_absence,
    plan_after_clock_set_back,
    plan_run,
)
from monitors.models import Heartbeat, Monitor, Ping, PingKind
from probes.errors import ErrorCode
from probes.result import CheckResult, Status, Timings

logger = logging.getLogger(__name__)

REPORT = "report late heartbeats"
FIND_AT_ONCE = 1_000
WRITE_AT_ONCE = 200
CLOCKS_AGREE_WITHIN = timedelta(minutes=1)
LONGEST_TOTAL_MS = 2**31 - 1
_MILLISECOND = timedelta(milliseconds=1)


def take_ping(
    uuid: UUID,
    *,
    kind: PingKind,
    exit_status: int | None,
    run_id: str,
    body: bytes,
    address: str,
    user_agent: str,
    method: str,
    now: datetime,
) -> CheckResult | None:
    """Keep one ping, plan the next deadline; the result to record, or None for a start or a paused monitor.

    An ``exit_status`` (0 to 255) overrules ``kind``. Raises ``Heartbeat.DoesNotExist`` for an unknown uuid.
    Until the transaction ends the heartbeat's row is locked, which an edit locks first of all: so the result
    is of the revision that the recorder will find.
    """
    if exit_status is not None:
        kind = PingKind.FAIL if exit_status else PingKind.SUCCESS
    ping = Ping(
        received_at=whole_ms(now),
        kind=kind,
        exit_status=exit_status,
        run_id=run_id,
        body=decode_body(body),
        address=address[:45],
        user_agent=user_agent[:200].replace("\0", ""),
        method=method[:10],
    )
    # Without a savepoint of its own: the caller's transaction is the one that counts, and a ping stays cheap.
    with transaction.atomic(savepoint=False):
        heartbeat = Heartbeat.objects.select_for_update().filter(uuid=uuid).first()
        result = _take(ping, heartbeat) if heartbeat else None
    if heartbeat is None:
        raise Heartbeat.DoesNotExist("No heartbeat has this address.")
    return result


def decode_body(body: bytes) -> str:
    """The body as it is kept: PING_BODY_MAX_BYTES of it, no NUL, no half character where it was cut."""
    cap = settings.PING_BODY_MAX_BYTES
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(body[:cap], final=len(body) < cap).replace("\0", "")


def _take(ping: Ping, heartbeat: Heartbeat) -> CheckResult | None:
    """The part of ``take_ping`` that happens under the lock."""
    monitor = Monitor.objects.only("enabled", "revision", "config").get(pk=heartbeat.monitor_id)
    ping.monitor = monitor
    if ping.kind == PingKind.START:
        _begin_run(ping, heartbeat, monitor)
    else:
        _end_run(ping, heartbeat, monitor)
    if not monitor.enabled:
        heartbeat.deadline_at = None  # paused, nobody is late
    ping.save(force_insert=True)
    heartbeat.save(update_fields=["last_ping_at", "started_at", "run_id", "deadline_at"])
    return None if ping.kind == PingKind.START or not monitor.enabled else _make_result(ping, monitor)


def _begin_run(ping: Ping, heartbeat: Heartbeat, monitor: Monitor) -> None:
    heartbeat.started_at, heartbeat.run_id = ping.received_at, ping.run_id
    deadline = heartbeat.deadline_at
    if deadline is not None and deadline <= ping.received_at:
        return  # late already, and the scheduler has yet to say so: beginning now does not undo that
    heartbeat.deadline_at = _plan(
        heartbeat,
        lambda: plan_run(
            monitor.config,
            started_at=ping.received_at,
            last_ping_at=heartbeat.last_ping_at,
            after=ping.received_at,
        ),
    )


def _end_run(ping: Ping, heartbeat: Heartbeat, monitor: Monitor) -> None:
    ping.received_at = at = _unused_instant(heartbeat, ping.received_at)
    begun_at = heartbeat.started_at if heartbeat.run_id == ping.run_id else _find_start(ping)
    if begun_at is not None:
        ping.duration_ms = max(0, (at - begun_at) // _MILLISECOND)
    heartbeat.last_ping_at = at
    config = monitor.config
    due_at = _plan(heartbeat, lambda: first_due(config, anchor=counted_at(config, at), after=at))
    other_run_goes_on = heartbeat.run_id != ping.run_id and ping.run_id and ping.kind == PingKind.SUCCESS
    if due_at and heartbeat.started_at and other_run_goes_on:
        ends_at = heartbeat.started_at + longest_run(config)
        if ends_at > at:
            heartbeat.deadline_at = min(due_at, ends_at)
            return
    heartbeat.started_at, heartbeat.run_id, heartbeat.deadline_at = None, "", due_at


def _plan(heartbeat: Heartbeat, plan: Callable[[], datetime]) -> datetime | None:
    """The deadline; none where the stored schedule cannot be computed: that heartbeat waits for its next
    ping, and keeps no other waiting."""
    planned = do_each("plan heartbeats", [heartbeat], lambda _: plan(), name=_name)
    return planned[0] if planned else None


def _name(heartbeat: Heartbeat) -> tuple[str, int]:
    return "monitor", heartbeat.pk


def _unused_instant(heartbeat: Heartbeat, at: datetime) -> datetime:
    """``at``, or the next millisecond that no result has yet: a result is identified by it."""
    last = heartbeat.last_ping_at
    if last is not None and at <= last < at + CLOCKS_AGREE_WITHIN:
        at = last + _MILLISECOND
    return at + _MILLISECOND if at == heartbeat.deadline_at else at


def _find_start(ping: Ping) -> datetime | None:
    """When the run began that ``ping`` ends. Needed when a later start has replaced it in the heartbeat."""
    if not ping.run_id:
        return None
    newest = Ping.objects.filter(monitor=ping.monitor, run_id=ping.run_id).order_by("-pk")
    kind, at = newest.values_list("kind", "received_at").first() or ("", None)
    return at if kind == PingKind.START else None


def _make_result(ping: Ping, monitor: Monitor) -> CheckResult:
    failed = ping.kind == PingKind.FAIL
    sentence = (
        f"The job ended with exit status {ping.exit_status}."
        if ping.exit_status
        else "The job reported failure."
    )
    total_ms = None if ping.duration_ms is None else min(ping.duration_ms, LONGEST_TOTAL_MS)
    return CheckResult(
        monitor_id=monitor.pk,
        revision=monitor.revision,
        region=settings.REGIONS[0],
        scheduled_at=ping.received_at,
        checked_at=ping.received_at,
        status=Status.DOWN if failed else Status.UP,
        error_code=ErrorCode.HEARTBEAT_FAILED.value if failed else "",
        error=sentence if failed else "",
        timings=Timings(total_ms=total_ms),
    )


def find_late(*, now: datetime, heard_until: datetime | None = None) -> list[CheckResult]:
    """A DOWN result for each heartbeat whose deadline has passed, the longest waiting first, 1,000 at most.

    Nobody is late for what came after ``heard_until``, if that is given: we did not listen, or do not know.

    A result's slot is the deadline, so finding it again, here or on another machine, finds the same result.
    Changes nothing: record the results, and only then ``advance`` them, in a transaction of its own.
    """
    late = (
        Heartbeat.objects.filter(monitor__enabled=True, deadline_at__lte=min(now, heard_until or now))
        .select_related("monitor")
        .only("deadline_at", "last_ping_at", "started_at", "monitor__revision")
        .exclude(pk__in=resting(REPORT, "monitor"))
        .order_by("deadline_at", "pk")[:FIND_AT_ONCE]
    )
    return do_each(REPORT, late, partial(_report_late, now=now), name=_name)


def next_deadlines(*, now: datetime, until: datetime) -> list[datetime]:
    """When heartbeats will be late within ``[now, until)``, unless their pings come first. At most
    ``FIND_AT_ONCE``."""
    coming = Heartbeat.objects.filter(
        monitor__enabled=True, deadline_at__gte=now, deadline_at__lt=until
    ).order_by("deadline_at")
    deadlines: list[Any] = list(coming.values_list("deadline_at", flat=True).distinct()[:FIND_AT_ONCE])
    return deadlines


def _report_late(heartbeat: Heartbeat, *, now: datetime) -> CheckResult:
    deadline, begun_at, last = heartbeat.deadline_at, heartbeat.started_at, heartbeat.last_ping_at
    assert deadline is not None  # noqa: S101  # it was asked for
    if begun_at is not None and begun_at < deadline:
        code = ErrorCode.HEARTBEAT_OVERRUN
        error = (
            f"The run that started at {_tell(begun_at)} had not ended by {_tell(deadline, like=begun_at)}."
        )
    else:
        code = ErrorCode.HEARTBEAT_LATE
        since = f"No ping since {_tell(last)}" if last else "No ping has come yet"
        error = f"{since}; one was expected by {_tell(deadline, like=last)}."
    return CheckResult(
        monitor_id=heartbeat.monitor_id,
        revision=heartbeat.monitor.revision,
        region=settings.REGIONS[0],
        scheduled_at=whole_ms(deadline),
        checked_at=whole_ms(now),
        status=Status.DOWN,
        error_code=code.value,
        error=error,
    )


def _tell(at: datetime, *, like: datetime | None = None) -> str:
    """``2026-11-24 10:05 UTC``; no date when it is that of ``like``, seconds only where there are any."""
    day = "" if like is not None and like.date() == at.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S} UTC" if at.second else f"{day}{at:%H:%M} UTC"


def advance(results: Sequence[CheckResult], *, now: datetime) -> int:
    """Move on the deadlines that ``results`` of ``find_late`` have reported; how many were moved.

    A deadline that is no longer the one seen (a ping came, or another scheduler was here) stays. So does one
    whose monitor was edited meanwhile: the recorder has refused that result, and it is found again.
    """
    seen = {result.monitor_id: result for result in results}
    moved = []
    with transaction.atomic():
        configs = _read_configs(seen)
        for heartbeat in Heartbeat.objects.select_for_update().filter(pk__in=seen).order_by("pk"):
            result = seen[heartbeat.pk]
            revision, config = configs.get(heartbeat.pk, (None, {}))
            deadline = heartbeat.deadline_at
            if deadline is None or whole_ms(deadline) != result.scheduled_at or revision != result.revision:
                continue
            heartbeat.deadline_at = _plan(
                heartbeat,
                partial(
                    plan_after,
                    config,
                    started_at=heartbeat.started_at,
                    last_ping_at=heartbeat.last_ping_at,
                    seen=result.scheduled_at,
                    now=now,
                ),
            )
            moved.append(heartbeat)
        Heartbeat.objects.bulk_update(moved, ["deadline_at"], batch_size=WRITE_AT_ONCE)
    return len(moved)


def _read_configs(monitor_ids: Collection[int]) -> dict[int, tuple[int, dict[str, Any]]]:
    """Revision and configuration by monitor. On its own: joined, MariaDB would lock the monitors too."""
    rows = Monitor.objects.filter(pk__in=monitor_ids).values_list("pk", "revision", "config")
    return {pk: (revision, config) for pk, revision, config in rows}


def rearm(monitor_ids: Collection[int], *, now: datetime) -> None:
    """Plan the deadlines anew after an edit: by the last ping, and the configuration as it is now.

    Never in the past: what the old cadence allowed is not held against the job. None stays None.
    """
    with transaction.atomic():
        configs = _read_configs(monitor_ids)
        armed = Heartbeat.objects.filter(pk__in=configs, deadline_at__isnull=False).order_by("pk")
        heartbeats = list(armed.select_for_update())
        for heartbeat in heartbeats:
            config = configs[heartbeat.pk][1]
            last, deadline = heartbeat.last_ping_at, None
            if heartbeat.started_at is not None:
                deadline = plan_run(config, started_at=heartbeat.started_at, last_ping_at=last, after=now)
            if last is not None and (deadline is None or deadline <= now):
                deadline = first_due(config, anchor=counted_at(config, last), after=now)
            heartbeat.deadline_at = deadline if deadline is None or deadline > now else None
        Heartbeat.objects.bulk_update(heartbeats, ["deadline_at"], batch_size=WRITE_AT_ONCE)


def forgive(*, away_from: datetime, away_until: datetime) -> int:
    """Plan heartbeats anew after a time in which we did not listen, ``[away_from, away_until]``. A heartbeat
    whose ping may have been lost is late no sooner than after its next expected moment
    (``deadlines.plan_after_absence``). Returns how many those are.

    Safe to run twice, and while pings come: each heartbeat is locked while it is planned.
    """

    def plan(heartbeat: Heartbeat, config: Mapping[str, Any]) -> None:
        assert heartbeat.deadline_at is not None  # noqa: S101  # it was asked for
        heartbeat.deadline_at = plan_after_absence(
            config,
            started_at=heartbeat.started_at,
            last_ping_at=heartbeat.last_ping_at,
            deadline_at=heartbeat.deadline_at,
            away_from=away_from,
            away_until=away_until,
        )

    return _replan(Heartbeat.objects.filter(deadline_at__gte=away_from), plan)


def set_back(*, now: datetime) -> int:
    """The clock was set back by far: bring back the deadlines that lie too far ahead; how many those are."""

    def plan(heartbeat: Heartbeat, config: Mapping[str, Any]) -> None:
        assert heartbeat.deadline_at is not None  # noqa: S101  # it was asked for
        begun_ahead = heartbeat.started_at is not None and heartbeat.started_at > now
        heartbeat.deadline_at = plan_after_clock_set_back(
            config, is_running=heartbeat.started_at is not None, deadline_at=heartbeat.deadline_at, now=now
        )
        if begun_ahead:
            heartbeat.started_at = whole_ms(now)

    return _replan(Heartbeat.objects.filter(deadline_at__gt=now), plan)


def _replan(heartbeats: QuerySet[Heartbeat], plan: Callable[[Heartbeat, Mapping[str, Any]], None]) -> int:
    """Let ``plan`` change each heartbeat under its lock, a thousand a transaction; how many it changed.

    One whose schedule cannot be computed is left as it is and reported: it holds up no other.
    """
    pks = list(heartbeats.order_by("pk").values_list("pk", flat=True))
    changed = 0
    for first in range(0, len(pks), FIND_AT_ONCE):
        with transaction.atomic():
            chunk = list(
                heartbeats.filter(pk__in=pks[first : first + FIND_AT_ONCE]).select_for_update().order_by("pk")
            )
            configs = _read_configs([heartbeat.pk for heartbeat in chunk])
            moved = [heartbeat for heartbeat in chunk if _plan_one(heartbeat, configs, plan)]
            Heartbeat.objects.bulk_update(moved, ["deadline_at", "started_at"], batch_size=WRITE_AT_ONCE)
        changed += len(moved)
    return changed


def _plan_one(
    heartbeat: Heartbeat,
    configs: Mapping[int, tuple[int, dict[str, Any]]],
    plan: Callable[[Heartbeat, Mapping[str, Any]], None],
) -> bool:
    if heartbeat.pk not in configs:
        return False  # deleted meanwhile
    before = heartbeat.deadline_at
    do_each("plan heartbeats", [heartbeat], lambda one: plan(one, configs[one.pk][1]), name=_name)
    return heartbeat.deadline_at != before


def purge_pings(*, keep: int = PINGS) -> int:
    """Delete all but the newest ``keep`` pings of each monitor, a thousand a statement; how many went."""
    counted = Ping.objects.order_by().values("monitor_id").annotate(pings=Count("pk"))
    crowded = iter(list(counted.filter(pings__gt=keep).values_list("monitor_id", flat=True)))
    age = Window(RowNumber(), partition_by=[F("monitor_id")], order_by=F("pk").desc())
    deleted = 0
    for monitor_ids in iter(lambda: list(islice(crowded, 50)), []):
        old = Ping.objects.filter(monitor_id__in=monitor_ids).annotate(age=age).filter(age__gt=keep)
        # Ids first: MariaDB does not delete from a table that a subquery of the same statement reads.
        while pks := list(old.values_list("pk", flat=True)[:1_000]):
            deleted += Ping.objects.filter(pk__in=pks).delete()[0]
    return deleted
