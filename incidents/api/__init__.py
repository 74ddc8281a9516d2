"""The wire of incidents and maintenance."""

from incidents.api.incidents import IncidentViewSet
from incidents.api.maintenance import MaintenanceWindowViewSet, ShowsMaintenance

__all__ = ["IncidentViewSet", "MaintenanceWindowViewSet", "ShowsMaintenance"]
