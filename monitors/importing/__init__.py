"""The monitors that a file of another tool has, in the shape of our own import.

One file a source: ``sources/<name>.py`` has a ``SOURCE`` (see ``source``), and ``registry`` lists them.
``reading`` is the way in. ``document`` reads JSON, YAML and CSV within limits, ``draft`` brings what a source
found into our limits and keeps the sentences of what is left out, ``loose`` reads values of uncertain type.
Nothing here reads the database or the network.
"""

from monitors.importing.document import MAX_ENTRIES, MAX_TEXT_BYTES, Unreadable, decode_text
from monitors.importing.entries import Entry, Skipped
from monitors.importing.reading import Reading, read_monitors
from monitors.importing.registry import SOURCES

__all__ = [
    "MAX_ENTRIES",
    "MAX_TEXT_BYTES",
    "SOURCES",
    "Entry",
    "Reading",
    "Skipped",
    "Unreadable",
    "decode_text",
    "read_monitors",
]
