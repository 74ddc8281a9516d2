"""What a source of monitors consists of. ``sources/<name>.py`` makes one ``Source``, its ``SOURCE``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitors.importing.document import Document
from monitors.importing.entries import Entry, Skipped


@dataclass(frozen=True, kw_only=True)
class Source:
    """``label`` is the tool's name, ``file`` what its file is called in a sentence, and ``shape`` what such a
    file has, after "it has no". ``recognise`` says whether a document is such a file. ``read`` goes over its
    entries, none of which is lost; it raises no error for what an entry holds."""

    label: str
    file: str
    shape: str
    recognise: Callable[[Document], bool]
    read: Callable[[Document], Iterator[Entry | Skipped]]
