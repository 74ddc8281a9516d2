"""When is a heartbeat late? Pure: configuration and instants in, an instant out.

A heartbeat is expected at moments (a period after its last ping, or cron's), and is late a grace after one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.instants import whole_ms
from probes.heartbeat_schedule import next_expected

NEAR_AT_MOST = timedelta(minutes=1)
LONG_ABSENCE = timedelta(seconds=30)
PHASE_KNOWN_FOR = 3
"""Periods. A job that sleeps between its runs drifts: after more of them unheard, nobody knows when it is
due, only how often."""


def grace_of(config: Mapping[str, Any]) -> timedelta:
    return timedelta(seconds=config["grace_s"])


def longest_run(config: Mapping[str, Any]) -> timedelta:
    return grace_of(config) if config["max_run_s"] is None else timedelta(seconds=config["max_run_s"])


def near(config: Mapping[str, Any]) -> timedelta:
    """How far from its expected moment a ping may be, and still be for it: clocks differ, and jobs take a
    moment."""
    return min(grace_of(config), NEAR_AT_MOST)


def counted_at(config: Mapping[str, Any], pinged_at: datetime) -> datetime:
    """The moment that a ping counts for: cron's next one, if the ping came shortly before it and nearer to it
    than to the one before; else that of the ping itself."""
    if not config["cron"]:
        return pinged_at
    ahead = next_expected(config, pinged_at)
    lead = ahead - pinged_at
    is_early = lead <= near(config) and next_expected(config, pinged_at - lead) == ahead
    return ahead if is_early else pinged_at


def first_due(config: Mapping[str, Any], *, anchor: datetime, after: datetime) -> datetime:
    """The end of the first grace that ends later than ``after``; expected are moments behind ``anchor``."""
    grace = grace_of(config)
    if config["cron"]:
        return whole_ms(next_expected(config, max(anchor, after - grace)) + grace)
    period = timedelta(seconds=config["period_s"])
    missed = max(0, (after - anchor - grace) // period)
    return whole_ms(next_expected(config, anchor + missed * period) + grace)


def plan_run(
    config: Mapping[str, Any], *, started_at: datetime, last_ping_at: datetime | None, after: datetime
) -> datetime:
    """When the run is late: after its longest time, or when the next call is due, if that is sooner and no
    ``max_run_s`` is set."""
    ends_at = started_at + longest_run(config)
    if config["max_run_s"] is not None or last_ping_at is None:
        return ends_at
    return min(ends_at, first_due(config, anchor=counted_at(config, last_ping_at), after=after))


def plan_after(
    config: Mapping[str, Any],
    *,
    started_at: datetime | None,
    last_ping_at: datetime | None,
    seen: datetime,
    now: datetime,
) -> datetime:
    """The deadline after ``seen``, which has passed: later than ``now``, an expected moment on at least."""
    now = max(now, seen)
    if started_at is not None and started_at >= seen:  # it began too late, but it runs
        ends_at = plan_run(config, started_at=started_at, last_ping_at=last_ping_at, after=now)
        if ends_at > now:
            return ends_at
    # An unfinished run stands for all that was expected while it might have run.
    overran = started_at is not None and started_at < seen <= started_at + longest_run(config)
    anchor = seen if overran and config["cron"] else seen - grace_of(config)
    return first_due(config, anchor=anchor, after=now)


def plan_after_absence(
    config: Mapping[str, Any],
    *,
    started_at: datetime | None,
    last_ping_at: datetime | None,
    deadline_at: datetime,
    away_from: datetime,
    away_until: datetime,
) -> datetime:
    """The deadline, when we did not listen in ``[away_from, away_until]``: the next expected moment and its
    grace for a heartbeat whose ping may have come in vain then; else as it is.

    Of a short absence these are the ones that were expected, or late, in it or next to it; of a long one all
    that were waited for. So a heartbeat with a long grace is found late however often we are restarted.
    """
    expected_at = deadline_at - grace_of(config)
    waited_from = min(expected_at, started_at or expected_at)
    if deadline_at < away_from or waited_from - near(config) > away_until:
        return deadline_at
    is_short = away_until - away_from <= LONG_ABSENCE
    if is_short and expected_at + near(config) < away_from and deadline_at > away_until:
        return deadline_at
    anchor = last_ping_at or started_at or expected_at
    return max(_due_again(config, anchor=anchor, now=away_until), deadline_at)


def _due_again(config: Mapping[str, Any], *, anchor: datetime, now: datetime) -> datetime:
    """The first expected moment later than ``now``, and its grace."""
    grace = grace_of(config)
    period = timedelta(seconds=config["period_s"] or 0)
    if period and now - anchor > PHASE_KNOWN_FOR * period:
        return whole_ms(now + period + grace)
    return first_due(config, anchor=anchor, after=now + grace)


def plan_after_clock_set_back(
    config: Mapping[str, Any], *, is_running: bool, deadline_at: datetime, now: datetime
) -> datetime:
    """The deadline, when what is stored was told by a clock that was far ahead: the next expected moment and
    its grace, or the longest run, by the clock as it is now."""
    due_at = whole_ms(next_expected(config, now) + grace_of(config))
    if is_running:
        due_at = min(due_at, whole_ms(now + longest_run(config)))
    return min(deadline_at, due_at)
