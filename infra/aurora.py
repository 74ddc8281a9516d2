"""Aurora MySQL's versions: which of those on offer is taken, and until when AWS supports it.

Source:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.release-calendars.html
"""

from collections.abc import Sequence
from datetime import date, timedelta

LINE = "3.10"
"""The line of a new database: the one with long-term support."""
ENDS = {"3.04": date(2026, 10, 31), "3.08": date(2026, 8, 31), "3.10": date(2028, 4, 30)}
"""The last day of standard support, by line. A line that is missing here is newer; the calendar has its
end."""
WARN_BEFORE = timedelta(days=90)
PREFIX = "8.0.mysql_aurora."


class WrongVersion(Exception):
    """The version is not on offer. The text names those that are."""


def choose_version(wish: str, offered: Sequence[str]) -> str:
    """The newest version on offer of the line ``wish`` (3.10), or exactly the version ``wish`` (3.10.3).

    Raises ``WrongVersion``. Only Aurora MySQL 3 is considered: a later one asks for passwords in another way,
    and was never tested with this product.
    """
    wished = wish.removeprefix(PREFIX)
    there = sorted((one.removeprefix(PREFIX) for one in offered if one.startswith(PREFIX)), key=_number)
    matching = [one for one in there if one == wished or one.startswith(f"{wished}.")]
    if not matching:
        raise WrongVersion(
            f"Aurora MySQL {wished} is not on offer in this region. There are {', '.join(there) or 'none'}:"
            " name one with --engine-version, such as --engine-version 3.12."
        )
    return PREFIX + matching[-1]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def line_of(version: str) -> str:
    """The line of a version: ``8.0.mysql_aurora.3.10.4`` is of the line 3.10."""
    return ".".join(version.removeprefix(PREFIX).split(".")[:2])


def find_trouble(version: str, *, today: date) -> str:
    """A sentence when support has ended or ends soon; otherwise empty."""
    line = line_of(version)
    ends_on = ENDS.get(line)
    if ends_on is None or today < ends_on - WARN_BEFORE:
        return ""
    ended = "ended" if ends_on < today else "ends"
    way_out = f"--engine-version {LINE}" if line != LINE else "a newer --engine-version"
    return f"AWS's support of Aurora MySQL {line} {ended} on {ends_on:%d %B %Y}: provision with {way_out}."
