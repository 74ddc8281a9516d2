"""Heartbeats: take the pings of jobs, and notice the ones that do not come.

The rules are Healthchecks' (https://healthchecks.io/docs/measuring_script_run_time/): a start begins a run,
which is late once its grace is over; a success or a failure ends the run of the same run id; a failure, or a
success without run id, ends any run. ``max_run_s`` is
ours: a run has that long from its start, whatever was expected.
"""

import codecs
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, DateTimeField, F, Value, When, Window
from django.db.models.functions import RowNumber

from monitors.instants import whole_ms
from monitors.models import Heartbeat, Monitor, Ping, PingKind
from probes.cadence import next_expected
from probes.errors import ErrorCode
from probes.result import CheckResult, Status, Timings

FIND_AT_ONCE = 1_000
WRITE_AT_ONCE = 200
FORGIVE_AT_LEAST = timedelta(minutes=1)
"""Even a monitor without grace gets this long after an absence of ours."""
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
    return None if ping.kind == PingKind.START or not monitor.enabled else _judge(ping, monitor)


def _begin_run(ping: Ping, heartbeat: Heartbeat, monitor: Monitor) -> None:
    heartbeat.started_at, heartbeat.run_id = ping.received_at, ping.run_id
    deadline = heartbeat.deadline_at
    if deadline is not None and deadline <= ping.received_at:
        return  # late already, and the scheduler has yet to say so: beginning now does not undo that
    heartbeat.deadline_at = _plan_run(heartbeat, monitor.config, after=ping.received_at)


def _end_run(ping: Ping, heartbeat: Heartbeat, monitor: Monitor) -> None:
    ping.received_at = at = _unused_instant(heartbeat, ping.received_at)
    begun_at = heartbeat.started_at if heartbeat.run_id == ping.run_id else _find_start(ping)
    if begun_at is not None:
        ping.duration_ms = max(0, (at - begun_at) // _MILLISECOND)
    heartbeat.last_ping_at = at
    due_at = _first_due(monitor.config, anchor=at, after=at)
    other_run_goes_on = heartbeat.run_id != ping.run_id and ping.run_id and ping.kind == PingKind.SUCCESS
    if heartbeat.started_at and other_run_goes_on:
        ends_at = heartbeat.started_at + _longest_run(monitor.config)
        if ends_at > at:
            heartbeat.deadline_at = min(due_at, ends_at)
            return
    heartbeat.started_at, heartbeat.run_id, heartbeat.deadline_at = None, "", due_at


def _unused_instant(heartbeat: Heartbeat, at: datetime) -> datetime:
    """``at``, or the next millisecond that no result has yet: a result is identified by it."""
    last = heartbeat.last_ping_at
    if last is not None and at <= last < at + CLOCKS_AGREE_WITHIN:
        at = last + _MILLISECOND
    return at + _MILLISECOND if at == heartbeat.deadline_at else at


def _find_start(ping: Ping) -> datetime | None:
    """When the run began that ``ping`` ends, if a later start has taken its place in the heartbeat."""
    if not ping.run_id:
        return None
    newest = Ping.objects.filter(monitor=ping.monitor, run_id=ping.run_id).order_by("-pk")
    kind, at = newest.values_list("kind", "received_at").first() or ("", None)
    return at if kind == PingKind.START else None


def _judge(ping: Ping, monitor: Monitor) -> CheckResult:
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


# When is a heartbeat late? Pure: configuration and instants in, an instant out


def _grace(config: Mapping[str, Any]) -> timedelta:
    return timedelta(seconds=config["grace_s"])


def _longest_run(config: Mapping[str, Any]) -> timedelta:
    return _grace(config) if config["max_run_s"] is None else timedelta(seconds=config["max_run_s"])


def _first_due(config: Mapping[str, Any], *, anchor: datetime, after: datetime) -> datetime:
    """The end of the first grace that ends later than ``after``; expected are moments behind ``anchor``."""
    grace = _grace(config)
    if config["cron"]:
        return whole_ms(next_expected(config, max(anchor, after - grace)) + grace)
    period = timedelta(seconds=config["period_s"])
    missed = max(0, (after - anchor - grace) // period)
    return whole_ms(next_expected(config, anchor + missed * period) + grace)


def _plan_run(heartbeat: Heartbeat, config: Mapping[str, Any], *, after: datetime) -> datetime:
    """When the run is late: after its longest time, or with what was expected, if that is sooner."""
    assert heartbeat.started_at is not None  # noqa: S101  # callers have just seen it
    ends_at = heartbeat.started_at + _longest_run(config)
    if config["max_run_s"] is not None or heartbeat.last_ping_at is None:
        return ends_at
    return min(ends_at, _first_due(config, anchor=heartbeat.last_ping_at, after=after))


def _plan_after(
    heartbeat: Heartbeat, config: Mapping[str, Any], *, seen: datetime, now: datetime
) -> datetime:
    """The deadline after ``seen``, which has passed: later than ``now``, an expected moment on at least."""
    now = max(now, seen)
    begun_at = heartbeat.started_at
    if begun_at is not None and begun_at >= seen:  # it began too late, but it runs
        ends_at = _plan_run(heartbeat, config, after=now)
        if ends_at > now:
            return ends_at
    # An unfinished run stands for all that was expected while it might have run.
    overran = begun_at is not None and begun_at < seen <= begun_at + _longest_run(config)
    anchor = seen if overran and config["cron"] else seen - _grace(config)
    return _first_due(config, anchor=anchor, after=now)


def find_late(*, now: datetime) -> list[CheckResult]:
    """A DOWN result for each heartbeat whose deadline has passed, the longest waiting first, 1,000 at most.

    A result's slot is the deadline, so finding it again, here or on another machine, finds the same result.
    Changes nothing: record the results, and only then ``advance`` them, in a transaction of its own.
    """
    late = (
        Heartbeat.objects.filter(monitor__enabled=True, deadline_at__lte=now)
        .select_related("monitor")
        .only("deadline_at", "last_ping_at", "started_at", "monitor__revision")
        .order_by("deadline_at", "pk")[:FIND_AT_ONCE]
    )
    return [_report_late(heartbeat, now=now) for heartbeat in late]


def next_deadlines(*, now: datetime, until: datetime) -> list[datetime]:
    """When heartbeats will be late in ``[now, until)``, unless their pings come first; 1,000 at most."""
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
            heartbeat.deadline_at = _plan_after(heartbeat, config, seen=result.scheduled_at, now=now)
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
                deadline = _plan_run(heartbeat, config, after=now)
            if last is not None and (deadline is None or deadline <= now):
                deadline = _first_due(config, anchor=last, after=now)
            heartbeat.deadline_at = deadline if deadline is None or deadline > now else None
        Heartbeat.objects.bulk_update(heartbeats, ["deadline_at"], batch_size=WRITE_AT_ONCE)


def forgive(*, away_from: datetime, away_until: datetime) -> int:
    """We did not listen in ``[away_from, away_until]``: what was due then gets its grace again; how many did.

    Safe to run twice, and beside pings: the deadline of a ping taken since lies behind ``away_until``.
    """
    due_then = Heartbeat.objects.filter(deadline_at__gte=away_from, deadline_at__lte=away_until).order_by(
        "pk"
    )
    rows = iter(due_then.values_list("pk", "monitor__config").iterator(chunk_size=FIND_AT_ONCE))
    forgiven = 0
    for chunk in iter(lambda: list(islice(rows, FIND_AT_ONCE)), []):
        by_grace: dict[timedelta, list[int]] = {}
        for pk, config in chunk:
            by_grace.setdefault(max(_grace(config), FORGIVE_AT_LEAST), []).append(pk)
        deadlines = [
            When(pk__in=pks, then=Value(whole_ms(away_until + grace))) for grace, pks in by_grace.items()
        ]
        moved = Case(*deadlines, default=F("deadline_at"), output_field=DateTimeField())
        forgiven += due_then.filter(pk__in=[pk for pk, _ in chunk]).order_by().update(deadline_at=moved)
    return forgiven


def prune_pings(*, keep: int = 100) -> int:
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
