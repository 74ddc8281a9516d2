"""What the JSON of a monitor shows beside its row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analytics.retention import hours_kept_from
from analytics.uptime import measure
from analytics.windows import LISTED, WINDOWS, start_of
from incidents.maintenance import read_running
from incidents.selectors import read_open_incidents
from monitors.models import Monitor
from monitors.selectors import find_newest_results


def describe_monitors(monitors: Sequence[Monitor], *, now: datetime) -> None:
    """Put on each monitor what its serializer reads beside its row.

    A constant number of queries for any number of monitors. Uptime is up to the last whole minute: it else
    changes with every request, and no answer would match an ETag.
    """
    newest = find_newest_results(monitors)
    running = read_running({monitor.team_id for monitor in monitors}, now=now)
    incidents = read_open_incidents([monitor.pk for monitor in monitors])
    minute = now.replace(second=0, microsecond=0)
    starts = {name: start_of(WINDOWS[name], minute, hours_from=hours_kept_from(minute)) for name in LISTED}
    measured = measure(monitors, starts, now=minute)
    shown: Sequence[Any] = monitors
    for monitor in shown:
        monitor.newest_results = newest.get(monitor.pk, {})
        monitor.newest_result = next(reversed(monitor.newest_results.values()), None)
        monitor.running = running.get(monitor.pk)
        monitor.shown_incident = incidents.get(monitor.pk)
        monitor.shown_uptime = {window: found.uptime_ratio for window, found in measured[monitor.pk].items()}
