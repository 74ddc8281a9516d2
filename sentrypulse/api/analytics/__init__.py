"""The figures on the wire: ``stats`` of one monitor, ``uptime`` in the monitor's JSON, SLOs, and reports."""

from sentrypulse.api.analytics.reports import SlaReportViewSet
from sentrypulse.api.analytics.slos import SloViewSet

__all__ = ["SlaReportViewSet", "SloViewSet"]
