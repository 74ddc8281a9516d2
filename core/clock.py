"""The clock of this process. Entry points read it; what they call is given ``now``."""

from datetime import UTC, datetime


def read_clock() -> datetime:
    return datetime.now(UTC)
