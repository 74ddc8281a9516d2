"""The figures on the wire: ``stats`` of one monitor, and ``uptime`` in the monitor's JSON."""

from analytics.api.stats import ShowsUptime

__all__ = ["ShowsUptime"]
