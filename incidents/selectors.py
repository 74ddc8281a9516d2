"""What is computed of incidents for reading."""

from collections.abc import Collection, Iterable

from core.isolation import read_rows
from incidents.models import Incident, IncidentKind, IncidentQuerySet


def list_open_incidents(team_ids: Collection[int]) -> list[Incident]:
    """Of the teams, whoever opened them; one query."""
    return read_rows("show in a list", _open().filter(team_id__in=team_ids).order_by("pk"))


def read_open_incidents(monitor_ids: Collection[int]) -> dict[int, Incident]:
    """By monitor, the incident that is open; one query."""
    return by_monitor(read_rows("show in a list", _open().filter(monitor_id__in=monitor_ids).order_by("pk")))


def _open() -> IncidentQuerySet:
    fields = ("monitor_id", "kind", "started_at", "acknowledged_at")
    return Incident.objects.filter(resolved_at__isnull=True, retracted=False).only(*fields)


def by_monitor(incidents: Iterable[Incident]) -> dict[int, Incident]:
    """Of several that are open for a monitor, one that the checks opened, else the newest."""
    ordered = sorted(incidents, key=lambda one: (one.kind == IncidentKind.AUTOMATIC, one.pk))
    return {incident.monitor_id: incident for incident in ordered if incident.monitor_id is not None}
