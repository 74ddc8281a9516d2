"""International host names in the one spelling that DNS, TLS and HTTP know.

UTS 46 without its transitional mapping, which is how registries (IDNA 2008) and browsers read a name:
``straße.de`` is ``xn--strae-oqa.de``, and not ``strasse.de`` as IDNA 2003 (Python's codec) has it. Symbols
such as emoji are taken as browsers take them, although IDNA 2008 registers none; the rules for right-to-left
names and for joiners hold.
"""

import re
import unicodedata
from functools import lru_cache

_FORBIDDEN = re.compile(r"[\x00-\x20\"#%/:<>?@\[\\\]^`{|}\x7f]")  # by the WHATWG URL standard, and quotes
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
_JOINERS = "\u200c\u200d"
MAX_CHARS = 1_000


@lru_cache(maxsize=1_024)
def to_ascii(name: str) -> str:
    """``name`` in lower-case ASCII, with every label that needs it as an A-label. Raises ``ValueError``.

    Whether the labels are too long for DNS is not checked. An A-label is taken as it is. "" stays "".
    """
    if name.isascii():
        if _FORBIDDEN.search(name):
            raise ValueError(f"{name[:100]!r} is not a host name; write it like example.com.")
        return name.lower()
    from idna import IDNAError, uts46_remap  # its tables are large, and few names need them

    try:
        if len(name) > MAX_CHARS:
            raise ValueError
        mapped = uts46_remap(name, std3_rules=False)
        ascii_name = ".".join(map(_to_a_label, _check_labels(mapped.split("."))))
    except (IDNAError, ValueError):
        ascii_name = "/"
    if _FORBIDDEN.search(ascii_name):
        raise ValueError(f"{_show(name)} is not a valid international domain name.")
    return ascii_name


def _check_labels(labels: list[str]) -> list[str]:
    """Check labels by UTS 46, 4.1: no mark at the beginning, joiners and directions only where they are
    allowed."""
    from idna import check_bidi, check_initial_combiner, valid_contextj

    bidirectional = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in "".join(labels))
    for label in labels:
        check_initial_combiner(label)
        if not all(valid_contextj(label, place) for place, char in enumerate(label) if char in _JOINERS):
            raise ValueError
        if bidirectional and label:
            check_bidi(label, check_ltr=True)
    return labels


def _to_a_label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _show(name: str) -> str:
    """The name in quotes, without what cannot be printed, such as half of a surrogate pair."""
    return ascii(name[:100]) if not name.isprintable() else repr(name[:100])
