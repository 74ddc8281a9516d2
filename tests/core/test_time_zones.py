"""The zones of the IANA database, and the one sentence for a name that is none."""

from zoneinfo import ZoneInfo

import pytest

from core.time_zones import find_zone


def test_a_zone_is_found_by_its_name():
    assert find_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_what_is_no_zone_is_told_by_its_name(name):
    with pytest.raises(ValueError, match="use an IANA name such as Europe/Berlin") as refused:
        find_zone(name)
    assert str(refused.value) == f"There is no time zone {name!r}; use an IANA name such as Europe/Berlin."
