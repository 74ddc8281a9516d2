"""When a heartbeat is expected next: a period, or a cron expression read in its own time zone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError


def next_expected(config: Mapping[str, Any], after: datetime) -> datetime:
    """Return the first expected moment later than ``after`` (aware), as aware UTC.

    ``config`` is a complete heartbeat configuration. With cron, the wall clock of ``timezone`` decides: a
    time that the clock skips in spring is moved behind the gap, one that comes twice in autumn counts once
    (Debian cron's rules).
    """
    if config["cron"]:
        moments = CronSim(config["cron"], after.astimezone(_load_zone(config["timezone"])))
        # Asked within an hour that autumn repeats, cronsim finds its jobs again, at their past first time.
        return next(moment for found in moments if (moment := found.astimezone(UTC)) > after)
    return after.astimezone(UTC) + timedelta(seconds=config["period_s"])


def longest_wait_s(config: Mapping[str, Any]) -> int:
    """How long, at most, a healthy job stays silent: the period or cron's longest gap, the grace, a run.

    ``config`` is a complete heartbeat configuration.
    """
    return int(longest_gap_s(config) + config["grace_s"] + (config["max_run_s"] or 0))


def longest_gap_s(config: Mapping[str, Any]) -> int:
    """The period, or the longest time between two moments of the cron expression.

    Cron's are looked at from a Friday on, so that a free weekend is met early; of a year and a month, or
    5,000 moments, whatever is shorter.
    """
    return _longest_gap_s(config["cron"], config["timezone"]) if config["cron"] else int(config["period_s"])


@lru_cache(maxsize=512)
def _longest_gap_s(cron: str, zone: str) -> int:
    friday = datetime(2024, 1, 5, tzinfo=_load_zone(zone))
    moments = islice(CronSim(cron, friday), 5_000)
    within = takewhile(lambda moment: moment < friday + timedelta(days=400), moments)
    instants = [friday.astimezone(UTC), *(moment.astimezone(UTC) for moment in within)]
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    return int(max(gaps, default=timedelta(days=366)).total_seconds())


def check_cron(expression: str) -> None:
    """Raise ``ValueError`` with a sentence unless ``expression`` is cron and comes up at all."""
    if len(expression.split()) != 5:
        raise ValueError(
            "A cron expression has five fields: minute hour day month weekday, such as */5 * * * *."
        )
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as mistake:
        raise ValueError(f"This is not a valid cron expression: {mistake}.") from None
    except StopIteration:
        raise ValueError("This cron expression never comes up, like a 31st of February.") from None


def check_timezone(name: str) -> None:
    """Raise ``ValueError`` with a sentence unless ``name`` is a zone of the IANA database."""
    try:
        _load_zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"There is no time zone {name!r}; use an IANA name such as Europe/Berlin.") from None


@lru_cache(maxsize=512)
def _load_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
