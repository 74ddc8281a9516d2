"""What the JSON of a monitor shows beside its row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analytics.retention import hours_kept_from
from analytics.uptime import measure
from analytics.windows import LISTED, WINDOWS, start_of
from incidents.maintenance import in_maintenance
from monitors.models import Monitor
from monitors.selectors import find_newest_results


def describe(monitors: Sequence[Monitor], *, now: datetime) -> None:
    """Put on each monitor what its serializer reads: ``newest_result``, ``uptime`` and ``in_maintenance``.

    A constant number of queries for any number of monitors.
    """
    newest = find_newest_results(monitors)
    instants = [(monitor.pk, now) for monitor in monitors]
    covered = in_maintenance(instants, team_ids={monitor.team_id for monitor in monitors})
    starts = {name: start_of(WINDOWS[name], now, hours_from=hours_kept_from(now)) for name in LISTED}
    measured = measure(monitors, starts, now=now)
    shown: Sequence[Any] = monitors
    for monitor in shown:
        monitor.newest_result = newest.get(monitor.pk)
        monitor.in_maintenance = (monitor.pk, now) in covered
        monitor.uptime = {window: found.uptime_ratio for window, found in measured[monitor.pk].items()}
