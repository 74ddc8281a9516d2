"""Which checks take long? They travel apart from the quick ones, which must not wait for them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from monitors.models import Monitor, RegionState
from probes.result import CheckResult

SLOW_MS = 3_000
LONG_TIMEOUT_S = 15
"""A monitor that may take longer than this is taken for slow, whatever it did."""
IDS_AT_ONCE = 2_000
SLOW_FOR = timedelta(minutes=15)
"""How long a slow check is remembered: one that is quick every other time is slow."""


def took_long(result: CheckResult) -> bool:
    return (result.timings.total_ms or 0) >= SLOW_MS


def note_slow(state: RegionState, *, at: datetime) -> bool:
    """Note that a check of this slot took long; true when the row must be saved: not for each of them."""
    if state.slow_until is not None and state.slow_until >= at + SLOW_FOR / 2:
        return False
    state.slow_until = at + SLOW_FOR
    return True


def read_slow(monitor_ids: Collection[int]) -> dict[tuple[int, str], datetime]:
    """Until when the checks of each (monitor, region) count as slow."""
    found: dict[tuple[int, str], datetime] = {}
    ids = sorted(monitor_ids)
    for first in range(0, len(ids), IDS_AT_ONCE):
        slow = RegionState.objects.filter(
            monitor_id__in=ids[first : first + IDS_AT_ONCE], slow_until__isnull=False
        )
        for pk, region, until in slow.values_list("monitor_id", "region", "slow_until"):
            assert until is not None  # noqa: S101  # filtered above
            found[pk, region] = until
    return found


def is_slow(monitor: Monitor, *, at: datetime, until: datetime | None) -> bool:
    return monitor.timeout_s > LONG_TIMEOUT_S or (until is not None and until > at)
