"""Pure: no database. dateutil, which is slow where nothing fits but right where something does, is asked."""

import contextlib
import sys
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given
from hypothesis import strategies as st

from incidents import recurrence
from incidents.recurrence import MAX_STEPS, BrokenRule, StepCount, parse_rule, repetitions

START = datetime(2026, 3, 1, 10, 20)  # noqa: DTZ001  # local on purpose, a Sunday
HORIZON = date(2040, 12, 31)


def some(values, *, most=3):
    return st.lists(values, min_size=1, max_size=most, unique=True).map(
        lambda found: ",".join(map(str, found))
    )


DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NTH = st.tuples(st.sampled_from([1, 2, 4, 5, -1, -2, -5]), st.sampled_from(DAYS)).map(
    lambda d: f"{d[0]}{d[1]}"
)
NARROW = {
    "BYMONTH": some(st.integers(1, 12), most=5),
    "BYHOUR": some(st.integers(0, 23)),
    "BYMINUTE": some(st.integers(0, 59)),
}


@st.composite
def rules(draw):
    """Of those parts that dateutil reads as RFC 5545 does: a number in BYDAY not beside a day without."""
    freq = draw(st.sampled_from(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"INTERVAL": str(draw(st.integers(1, 6)))}
    parts |= {name: draw(value) for name, value in NARROW.items() if draw(st.booleans())}
    if draw(st.booleans()):
        nth = freq in ("MONTHLY", "YEARLY") and draw(st.booleans())
        parts["BYDAY"] = draw(some(NTH if nth else st.sampled_from(DAYS)))
    if freq != "WEEKLY" and draw(st.booleans()):
        parts["BYMONTHDAY"] = draw(some(st.sampled_from([1, 2, 13, 28, 29, 31, -1, -2, -31])))
    if freq in ("MONTHLY", "YEARLY") and draw(st.booleans()):
        parts["BYSETPOS"] = draw(some(st.sampled_from([1, 2, 3, -1, -2])))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(DAYS))
    end = draw(st.sampled_from(["", "COUNT=7", "UNTIL=20290607T080910"]))
    return ";".join(
        [f"FREQ={freq}", *(f"{name}={value}" for name, value in parts.items()), *([end] if end else [])]
    )


def ours(rule, *, start=START, begin=START, most=40):
    return list(islice(repetitions(parse_rule(rule, start), begin, StepCount(), last=HORIZON), most))


def theirs(rule, *, start=START, begin=START, most=40):
    """Those until the horizon: after it they would look on for what may never come."""
    end = f"{HORIZON:%Y%m%d}T235959"
    walls = rrulestr(rule if "UNTIL" in rule or "COUNT" in rule else f"{rule};UNTIL={end}", dtstart=start)
    return list(islice((wall for wall in walls if begin <= wall and wall.date() <= HORIZON), most))


@given(rule=rules(), start=st.sampled_from([START, datetime(2024, 2, 29, 23, 59), datetime(2025, 12, 31)]))  # noqa: DTZ001
@example(rule="FREQ=MONTHLY;BYDAY=-1SU", start=START)
@example(rule="FREQ=YEARLY;BYDAY=20MO", start=START)
@example(rule="FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU,1SU;BYSETPOS=-1", start=START)
@example(rule="FREQ=HOURLY;INTERVAL=5;BYHOUR=1,2,3", start=START)
@example(rule="FREQ=WEEKLY;INTERVAL=3;WKST=SU;BYDAY=SU,MO", start=START)
def test_a_rule_repeats_when_dateutil_says(rule, start):
    try:
        found = ours(rule, start=start)
    except BrokenRule:
        assume(False)  # nothing fits, or hardly anything: dateutil would look for seconds
    if found:  # else dateutil would look up to the year 9999
        with contextlib.suppress(ValueError):  # its own refusal of what never fits
            assert found == theirs(rule, start=start, most=len(found))


@given(rule=rules(), days=st.integers(0, 3_000))
def test_beginning_later_finds_what_beginning_at_the_start_finds(rule, days):
    begin = START + timedelta(days=days)
    with contextlib.suppress(BrokenRule):
        whole = ours(rule, most=5_000)
        assume(len(whole) < 5_000)
        assert ours(rule, begin=begin, most=5_000) == [wall for wall in whole if wall >= begin]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=MONTHLY;BYDAY=MO,1TU;COUNT=3", ["2026-03-02", "2026-03-03", "2026-03-09"]),  # either of them
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", ["2028-02-29", "2032-02-29"]),
        ("FREQ=YEARLY;BYDAY=53MO;COUNT=1", ["2029-12-31"]),  # few years have one
        ("FREQ=MONTHLY;BYMONTHDAY=-31;COUNT=2", ["2026-03-01", "2026-05-01"]),
        ("FREQ=DAILY;BYMONTH=12;BYMONTHDAY=24;COUNT=2", ["2026-12-24", "2027-12-24"]),
        ("FREQ=HOURLY;INTERVAL=1000;COUNT=2", ["2026-03-01", "2026-04-12"]),
    ],
)
def test_what_is_rare_or_read_differently_by_dateutil(rule, found):
    assert [f"{wall:%Y-%m-%d}" for wall in ours(rule)] == found


NEVER = [
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=HOURLY;INTERVAL=168;BYDAY=MO",
    "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
    "FREQ=YEARLY;BYDAY=MO;BYSETPOS=366",
    "FREQ=HOURLY;BYMINUTE="
    + ",".join(map(str, range(60)))
    + ";BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;INTERVAL=997",
]


@pytest.mark.parametrize("rule", [*NEVER, *(f"{rule};COUNT=1000" for rule in NEVER)])
def test_what_hardly_ever_fits_costs_no_more_than_the_budget(rule):
    """Counted in lines that Python runs, which a slow machine does not change."""
    lines = 0

    def count(frame, event, argument):
        nonlocal lines
        lines += frame.f_code.co_filename == recurrence.__file__ and event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        with contextlib.suppress(BrokenRule):
            list(islice(repetitions(parse_rule(rule, START), START, StepCount()), 10_000))
    finally:
        sys.settrace(before)
    assert 0 < lines < 50 * MAX_STEPS
