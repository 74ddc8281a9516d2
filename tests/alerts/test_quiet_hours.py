from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from alerts.quiet_hours import quiet_end

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (time(22), time(7))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        (utc(2026, 3, 2, 21, 0), utc(2026, 3, 3, 6, 0)),  # 22:00 in Berlin: it begins
        (utc(2026, 3, 2, 20, 59, 59), None),
        (utc(2026, 3, 3, 5, 59, 59), utc(2026, 3, 3, 6, 0)),
        (utc(2026, 3, 3, 6, 0), None),  # 07:00: it is over
        (utc(2026, 3, 3, 12, 0), None),
    ],
)
def test_a_quiet_night_passes_midnight(at, end):
    assert quiet_end(at, span=NIGHT, days=(), zone=BERLIN) == end


def test_the_night_is_shorter_in_spring_and_longer_in_autumn():
    spring = quiet_end(utc(2026, 3, 28, 21, 30), span=NIGHT, days=(), zone=BERLIN)
    autumn = quiet_end(utc(2026, 10, 24, 21, 30), span=NIGHT, days=(), zone=BERLIN)
    assert spring == utc(2026, 3, 29, 5, 0)  # summer time by then
    assert autumn == utc(2026, 10, 25, 6, 0)


def test_days_are_those_on_which_the_quiet_begins():
    friday_night, saturday_morning = utc(2026, 3, 6, 23, 0), utc(2026, 3, 7, 3, 0)
    for at in (friday_night, saturday_morning):
        assert quiet_end(at, span=NIGHT, days={"fri"}, zone=BERLIN) == utc(2026, 3, 7, 6, 0)
        assert quiet_end(at, span=NIGHT, days={"sat"}, zone=BERLIN) is None


def test_equal_ends_are_a_whole_day():
    span = (time(0), time(0))
    assert quiet_end(utc(2026, 3, 7, 12), span=span, days={"sat"}, zone=BERLIN) == utc(2026, 3, 7, 23)
    assert quiet_end(utc(2026, 3, 8, 12), span=span, days={"sat"}, zone=BERLIN) is None
