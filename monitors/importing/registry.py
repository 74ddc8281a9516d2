"""Which sources there are. The file of each is ``sources/<name>.py`` and has a ``SOURCE``."""

from functools import cache
from importlib import import_module
from typing import cast

from monitors.importing.source import Source

SOURCES = (
    "uptime_kuma",
    "uptimerobot",
    "healthchecks",
    "better_stack",
    "gatus",
    "json",
    "csv",
)
"""In the order in which a file without a source is tried: what takes nearly anything is last."""


@cache
def load_source(name: str) -> Source:
    """The ``SOURCE`` of the source's file. Raises ``KeyError`` for an unknown one."""
    if name not in SOURCES:
        raise KeyError(name)
    return cast("Source", import_module(f"monitors.importing.sources.{name}").SOURCE)
