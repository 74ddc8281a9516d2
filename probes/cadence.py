"""When a heartbeat is expected next: a period, or a cron expression read in its own time zone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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
