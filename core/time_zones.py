"""Time zones by their names in the IANA database."""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises ``ValueError`` with a sentence when there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(f"There is no time zone {name!r}; use an IANA name such as Europe/Berlin.") from None
