"""Which monitor needs which: while one that it needs is down, nobody is told that it is down, too."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set

from django.core.exceptions import ValidationError

from monitors.models import Monitor

MOST = 20
"""Monitors that one may depend on directly."""

Edges = Mapping[int, Set[int]]


def read_dependencies(team_ids: Collection[int]) -> Edges:
    """The monitors that each monitor of the teams depends on directly, by monitor. One query."""
    through = Monitor.depends_on.through
    edges: dict[int, set[int]] = defaultdict(set)
    pairs = through.objects.filter(from_monitor__team_id__in=team_ids)
    for child, parent in pairs.values_list("from_monitor_id", "to_monitor_id"):
        edges[child].add(parent)
    return edges


def turn_round(edges: Edges) -> Edges:
    """The monitors that depend on each monitor directly, by monitor."""
    turned: dict[int, set[int]] = defaultdict(set)
    for child, parents in edges.items():
        for parent in parents:
            turned[parent].add(child)
    return turned


def reach(start: Iterable[int], edges: Edges) -> set[int]:
    """All that can be reached from ``start``, over any number of steps; ``start`` itself only in a circle."""
    found: set[int] = set()
    waiting = list(start)
    while waiting:
        for neighbour in edges.get(waiting.pop(), ()):
            if neighbour not in found:
                found.add(neighbour)
                waiting.append(neighbour)
    return found


def find_dependencies(team_id: int, ids: Collection[int], *, monitor_id: int | None = None) -> list[Monitor]:
    """The monitors that ``ids`` name, for ``monitor_id`` to depend on.

    Raises ``ValidationError`` for one of another team, for too many, and for a circle.
    """
    if len(ids) > MOST:
        raise ValidationError({"depends_on": f"A monitor depends on at most {MOST} others, not {len(ids)}."})
    found = list(Monitor.objects.filter(team_id=team_id, pk__in=ids).order_by("pk"))
    if missing := sorted(set(ids) - {monitor.pk for monitor in found}):
        raise ValidationError({"depends_on": f"The team has no monitor {', '.join(map(str, missing))}."})
    if monitor_id in ids:
        raise ValidationError({"depends_on": "A monitor cannot depend on itself."})
    if ids and monitor_id is not None and monitor_id in reach(ids, read_dependencies([team_id])):
        raise ValidationError(
            {"depends_on": "That is a circle: one of these depends on this monitor already."}
        )
    return found
