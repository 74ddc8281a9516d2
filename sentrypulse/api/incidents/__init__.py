"""The wire of incidents and maintenance."""

from sentrypulse.api.incidents.incidents import IncidentViewSet
from sentrypulse.api.incidents.maintenance import MaintenanceWindowViewSet

__all__ = ["IncidentViewSet", "MaintenanceWindowViewSet"]
