"""The figures on the wire: ``stats`` of one monitor, ``uptime`` in the monitor's JSON, and SLOs."""

from analytics.api.slos import SloViewSet
from analytics.api.stats import ShowsUptime

__all__ = ["ShowsUptime", "SloViewSet"]
