"""The figures on the wire: ``stats`` of one monitor, ``uptime`` in the monitor's JSON, and reports."""

from analytics.api.reports import SlaReportViewSet
from analytics.api.stats import ShowsUptime

__all__ = ["ShowsUptime", "SlaReportViewSet"]
