"""Monitors and tags on the wire.

``views`` has the endpoints and the hooks that apps above may extend, ``serializers`` the shapes, ``filters``
what a list may be asked for, ``exchange`` export and import, ``bulk`` many at once, ``conditional`` the 304.
"""

from monitors.api.serializers import MonitorSerializer, ResultSerializer, TagSerializer
from monitors.api.views import MonitorViewSet, TagViewSet

__all__ = ["MonitorSerializer", "MonitorViewSet", "ResultSerializer", "TagSerializer", "TagViewSet"]
