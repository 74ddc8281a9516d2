"""Where are descriptors, ports or memory short? A region's results say so, because edges have no database;
and this process says so of itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import perf_counter

from core.descriptors import was_short
from pipeline.health import signs
from probes.errors import ErrorCode
from probes.result import CheckResult

SHORT = "short: "
OVER_AFTER = timedelta(minutes=2)
"""A shortage is over after so long without a further result that says so."""


def save_shortages(results: Iterable[CheckResult]) -> None:
    """Write down the regions whose results say that they were short. Safe to run twice and at once."""
    found: dict[str, datetime] = {}
    for result in results:
        if result.error_code == ErrorCode.OUT_OF_RESOURCES:
            found[result.region] = max(result.checked_at, found.get(result.region, result.checked_at))
    for region, last in sorted(found.items()):
        signs.save_sign(SHORT + region, at=last)


def find_regions(*, now: datetime) -> list[str]:
    """The regions that are short now, or were within the last two minutes. Database errors propagate."""
    seen = signs.read(prefix=SHORT)
    return sorted(name.removeprefix(SHORT) for name, sign in seen.items() if now - sign.seen_at < OVER_AFTER)


def is_here() -> bool:
    """Whether this process itself is short, or was within the last two minutes."""
    return was_short(since=perf_counter() - OVER_AFTER.total_seconds())
