"""The figures on the wire: ``stats`` of one monitor, ``uptime`` in the monitor's JSON, SLOs, and reports."""

from analytics.api.reports import SlaReportViewSet
from analytics.api.slos import SloViewSet
from analytics.api.stats import ShowsUptime

__all__ = ["ShowsUptime", "SlaReportViewSet", "SloViewSet"]
