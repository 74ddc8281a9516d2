"""The occurrences of many windows in a range, for calendars and charts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from incidents.maintenance import times_of
from incidents.models import MaintenanceWindow
from incidents.occurrences import Span, explain_window_fault, find_range

RANGE_STEPS = 20_000
"""What all windows together may cost, some 20 ms."""
MOST = 2_000
"""Occurrences in one answer."""
_TOO_MANY = "Its occurrences are too many to show here; ask for a shorter range."


@dataclass(slots=True)
class Unfolded:
    """(window, when), the earliest first; and of windows that are left out, why."""

    found: list[tuple[MaintenanceWindow, Span]] = field(default_factory=list)
    left_out: list[tuple[MaintenanceWindow, str]] = field(default_factory=list)


def unfold(windows: Iterable[MaintenanceWindow], since: datetime, until: datetime) -> Unfolded:
    """The windows' occurrences that touch ``[since, until)``. A window whose turn comes when the steps are
    used up is left out whole."""
    unfolded, left = Unfolded(), RANGE_STEPS
    for window in windows:
        times = times_of(window)
        looked = find_range(times, since, until, most_steps=max(left, 1))
        left -= looked.steps + 1
        if left <= 0 or len(unfolded.found) + len(looked.spans) > MOST:
            unfolded.left_out.append((window, _TOO_MANY))
        elif looked.fault:
            unfolded.left_out.append((window, explain_window_fault(looked.fault, times)))
        else:
            unfolded.found += [(window, span) for span in looked.spans]
    unfolded.found.sort(key=lambda each: (each[1], each[0].pk))
    return unfolded
