"""The status of a component and of a page. Pure rules."""

from collections.abc import Collection, Sequence

from monitors.transitions import State

ORDER = ("unknown", "operational", "maintenance", "no_data", "degraded", "partial", "outage")
"""All states, from the one that counts least to the one that counts most. ``unknown``: nothing is watched, or
nothing was found yet; any other state outweighs it. ``no_data``: monitors had results and have none now; so
it outweighs ``operational``."""
BY_SEVERITY = {"minor": "degraded", "major": "partial", "critical": "outage"}
"""The least state of a component while an incident that people opened is open, by the incident's severity."""


def worst_of(states: Collection[str]) -> str:
    return max(states, key=ORDER.index, default="unknown")


def stand_component(monitors: Sequence[tuple[State | None, bool]], severities: Collection[str] = ()) -> str:
    """The component's state, a word of ``ORDER``.

    ``monitors``: for each monitor its state (None while it is paused), and whether it is in maintenance.
    ``severities``: those of the open incidents that people opened for the component.
    """
    watched = [state for state, in_maintenance in monitors if state is not None and not in_maintenance]
    serviced = any(in_maintenance for state, in_maintenance in monitors if state is not None)
    down = watched.count(State.DOWN)
    if down:
        found = "outage" if down == len(watched) and not serviced else "partial"
    elif State.DEGRADED in watched:
        found = "degraded"
    elif State.NO_DATA in watched:
        found = "no_data"
    elif serviced:
        found = "maintenance"
    else:
        found = "operational" if State.UP in watched else "unknown"
    return worst_of([found, *(BY_SEVERITY[severity] for severity in severities)])


def stand_page(components: Collection[str], severities: Collection[str] = ()) -> str:
    """The page's state, a word of ``ORDER``: the worst of its components, but ``outage`` only when all of
    them have an outage. ``severities``: those of the open incidents that concern the whole page."""
    found = worst_of(components)
    if found == "outage" and any(state != "outage" for state in components):
        found = "partial"
    return worst_of([found, *(BY_SEVERITY[severity] for severity in severities)])


def grade_day(uptime: float | None, *, serviced: bool) -> str:
    """The grade of a day's bar, a word of ``ORDER``. ``uptime`` is a ratio from 0 to 1; None when nothing was
    measured. ``serviced``: there was maintenance on that day."""
    if uptime is None:
        return "maintenance" if serviced else "unknown"
    if uptime >= 1:
        return "operational"
    return "degraded" if uptime >= 0.99 else "partial" if uptime >= 0.9 else "outage"
