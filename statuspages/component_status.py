"""How does a component stand, and how does the page? The rules, pure."""

from collections.abc import Collection, Sequence

from monitors.transitions import State

ORDER = ("unknown", "operational", "maintenance", "no_data", "degraded", "partial", "outage")
"""From good to bad. ``unknown`` (nothing is watched, or not yet) says nothing, so anything else outweighs it;
``no_data`` is what was watched and is no more, and nobody calls that operational."""
BY_SEVERITY = {"minor": "degraded", "major": "partial", "critical": "outage"}
"""What an incident that people opened makes of a component, whatever its monitors say."""


def worst_of(states: Collection[str]) -> str:
    return max(states, key=ORDER.index, default="unknown")


def stand_component(monitors: Sequence[tuple[State | None, bool]], severities: Collection[str] = ()) -> str:
    """A word of ``ORDER``. ``monitors``: (what is believed of it, None while it is paused; whether it is in
    maintenance); ``severities``: of the open incidents that people opened for the component."""
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
    """``outage`` only when nothing works; ``severities``: of the open incidents of the whole page."""
    found = worst_of(components)
    if found == "outage" and any(state != "outage" for state in components):
        found = "partial"
    return worst_of([found, *(BY_SEVERITY[severity] for severity in severities)])


def grade_day(uptime: float | None, *, serviced: bool) -> str:
    """How a bar is coloured. 1 is never down; what was only maintenance is a colour of its own."""
    if uptime is None:
        return "maintenance" if serviced else "unknown"
    if uptime >= 1:
        return "operational"
    return "degraded" if uptime >= 0.99 else "partial" if uptime >= 0.9 else "outage"
