"""Days in local time: both changes of the clock, and zones that are odd."""

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.calendar import date_of, day_span, month_days, next_month, parts_of
from core.time_zones import find_zone

BERLIN = find_zone("Europe/Berlin")
HOUR = timedelta(hours=1)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "on", "start", "hours"),
    [
        ("UTC", date(2026, 3, 29), "2026-03-29T00:00", 24),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00", 23),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00", 25),
        ("Asia/Kolkata", date(2026, 3, 1), "2026-02-28T18:30", 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T13:00", 24.5),
        ("America/Santiago", date(2026, 9, 6), "2026-09-06T04:00", 23),  # the clock skips midnight itself
    ],
)
def test_a_day_lasts_as_long_as_its_clock_says(zone, on, start, hours):
    assert day_span(on, find_zone(zone)) == (at(start), at(start) + hours * HOUR)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Asia/Kathmandu"])
def test_the_days_of_a_year_leave_no_gap_and_hold_their_own_instants(zone):
    zone = find_zone(zone)
    spans = [day_span(date(2026, 1, 1) + timedelta(days=number), zone) for number in range(365)]
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    for number, (start, end) in enumerate(spans):
        on = date(2026, 1, 1) + timedelta(days=number)
        assert date_of(start, zone) == on == date_of(end - timedelta(milliseconds=1), zone)


@pytest.mark.parametrize(
    ("zone", "hour", "minutes"),
    [
        ("Europe/Berlin", "2026-03-01T23:00", [0]),  # midnight is on the hour
        ("Asia/Kolkata", "2026-03-01T18:00", [0, 30]),
        ("Asia/Kolkata", "2026-03-01T17:00", [0]),
        ("Asia/Kathmandu", "2026-03-01T18:00", [0, 15]),
    ],
)
def test_an_hour_is_cut_where_a_day_begins_within_it(zone, hour, minutes):
    parts = parts_of(at(hour), find_zone(zone))
    assert [start.minute for start, _ in parts] == minutes
    assert parts[0][0] == at(hour)
    assert parts[-1][1] == at(hour) + HOUR
    assert [end for _, end in parts[:-1]] == [start for start, _ in parts[1:]]


def test_months_have_their_days():
    assert [len(month_days(date(2026, month, 1))) for month in (1, 2, 4, 12)] == [31, 28, 30, 31]
    assert month_days(date(2028, 2, 1))[-1] == date(2028, 2, 29)
    assert (next_month(date(2026, 1, 1)), next_month(date(2026, 12, 1))) == (
        date(2026, 2, 1),
        date(2027, 1, 1),
    )


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "europe berlin"])
def test_a_zone_that_does_not_exist_is_refused_with_an_example(name):
    with pytest.raises(ValueError, match="use an IANA name such as Europe/Berlin"):
        find_zone(name)
