"""What is computed of incidents for reading."""

from collections.abc import Collection, Iterable

from core.isolation import read_rows
from incidents.models import Incident, IncidentKind, IncidentQuerySet


def list_open_incidents(team_ids: Collection[int]) -> list[Incident]:
    """All open incidents of the teams, automatic and manual ones. One query."""
    return read_rows("show in a list", _open().filter(team_id__in=team_ids).order_by("pk"))


def read_open_incidents(monitor_ids: Collection[int]) -> dict[int, Incident]:
    """The open incident of each monitor, by monitor. One query."""
    return by_monitor(read_rows("show in a list", _open().filter(monitor_id__in=monitor_ids).order_by("pk")))


def _open() -> IncidentQuerySet:
    fields = ("monitor_id", "kind", "started_at", "acknowledged_at")
    return Incident.objects.filter(resolved_at__isnull=True, retracted=False).only(*fields)


def by_monitor(incidents: Iterable[Incident]) -> dict[int, Incident]:
    """One incident for each monitor: the automatic one, if it is among them, otherwise the newest."""
    ordered = sorted(incidents, key=lambda one: (one.kind == IncidentKind.AUTOMATIC, one.pk))
    return {incident.monitor_id: incident for incident in ordered if incident.monitor_id is not None}
