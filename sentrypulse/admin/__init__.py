"""The operator's side of everything. Django looks for it here."""

from sentrypulse.admin import accounts, alerts, analytics, incidents, monitors, pipeline, statuspages

__all__ = ["accounts", "alerts", "analytics", "incidents", "monitors", "pipeline", "statuspages"]
