"""Monitors and tags on the wire.

``views`` has the endpoints of one monitor, ``bulk`` many at once, ``exchange`` export, ``imports`` import,
``checks`` checks on demand, ``kinds`` the forms, ``overview`` and ``graphs`` all of a team at once, ``stats``
the figures; ``base`` what they share. ``serializers`` has the shapes, ``description`` what a monitor's JSON
shows beside its row, ``filters`` what a list may be asked for.
"""

from sentrypulse.api.monitors.views import MonitorViewSet, TagViewSet

__all__ = ["MonitorViewSet", "TagViewSet"]
