"""Maintenance from local midnight to local midnight covers the day, however long it is."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.occurrences import covering, find_window_faults, next_occurrence


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def days(first, last, rule, zone="Europe/Berlin"):
    return {"starts_at": at(first), "ends_at": at(last), "rule": rule, "zone": zone}


SUNDAYS = days("2026-10-18T00:00+02:00", "2026-10-19T00:00+02:00", "FREQ=WEEKLY;BYDAY=SU")


@pytest.mark.parametrize(
    ("inside", "hours"),
    [("2026-10-25T23:30+01:00", 25), ("2027-03-28T12:00+02:00", 23), ("2026-11-01T23:59+01:00", 24)],
)
def test_a_whole_day_has_25_hours_in_autumn_and_23_in_spring(inside, hours):
    start, end = covering(at(inside), **SUNDAYS)
    assert end - start == timedelta(hours=hours)
    assert covering(end, **SUNDAYS) is None
    assert covering(start - timedelta(seconds=1), **SUNDAYS) is None


def test_the_next_occurrence_says_the_same_end():
    span = next_occurrence(at("2026-10-24T12:00+02:00"), **SUNDAYS)
    assert span == (at("2026-10-25T00:00+02:00"), at("2026-10-26T00:00+01:00"))


def test_several_days_across_the_change_end_at_midnight():
    weekend = days("2026-10-17T00:00+02:00", "2026-10-19T00:00+02:00", "FREQ=WEEKLY;BYDAY=SA")
    assert covering(at("2026-10-25T23:30+01:00"), **weekend) == (
        at("2026-10-24T00:00+02:00"),
        at("2026-10-26T00:00+01:00"),
    )


def test_hours_stay_hours():
    night = days("2026-10-18T01:00+02:00", "2026-10-18T04:00+02:00", "FREQ=DAILY")
    start, end = covering(at("2026-10-25T02:30+01:00"), **night)
    assert end - start == timedelta(hours=3)


def test_every_day_may_begin_on_the_day_of_25_hours():
    window = days("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", "FREQ=DAILY")
    assert find_window_faults(**window, now=at("2026-10-01T00:00+02:00")) == {}
