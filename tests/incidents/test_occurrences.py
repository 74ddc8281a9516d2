"""Pure: no database.

Europe/Berlin turns 2026-03-29 02:00 CET into 03:00 CEST, and 2026-10-25 03:00 CEST into 02:00 CET.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from incidents.occurrences import covering, find_window_faults, next_occurrence
from incidents.recurrence import StepCount, parse_rule, repetitions

BERLIN = "Europe/Berlin"
HOUR = timedelta(hours=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def berlin(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


def window(starts_at, length, rule="", zone=BERLIN):
    return {"starts_at": starts_at, "ends_at": starts_at + length, "rule": rule, "zone": zone}


ONCE = window(utc("2026-03-01T10:00"), HOUR)
SUNDAYS = window(berlin("2026-03-22T01:00"), 3 * HOUR, "FREQ=WEEKLY;BYDAY=SU")


def starts(count, after=NOW, **of):
    found: list[datetime] = []
    at = after
    while len(found) < count and (span := next_occurrence(at, **of)):
        found.append(span[0])
        at = span[1]
    return found


@pytest.mark.parametrize(
    ("at", "covered"),
    [("09:59:59", False), ("10:00:00", True), ("10:59:59", True), ("11:00:00", False)],
)
def test_a_window_is_half_open(at, covered):
    span = (utc("2026-03-01T10:00"), utc("2026-03-01T11:00"))
    assert covering(utc(f"2026-03-01T{at}"), **ONCE) == (span if covered else None)
    repeated = ONCE | {"rule": "FREQ=DAILY"}
    assert covering(utc(f"2026-03-01T{at}"), **repeated) == (span if covered else None)


def test_a_window_of_one_occurrence_is_next_until_it_is_over():
    span = (ONCE["starts_at"], ONCE["ends_at"])
    assert next_occurrence(utc("2026-02-01T00:00"), **ONCE) == span
    assert next_occurrence(utc("2026-03-01T10:30"), **ONCE) == span
    assert next_occurrence(utc("2026-03-01T11:00"), **ONCE) is None


def test_a_weekly_window_keeps_its_local_time_when_the_clock_goes_forward():
    assert starts(3, **SUNDAYS) == [utc("2026-03-22T00:00"), utc("2026-03-29T00:00"), utc("2026-04-04T23:00")]


def test_a_weekly_window_keeps_its_local_time_when_the_clock_goes_back():
    october = starts(3, after=utc("2026-10-17T00:00"), **SUNDAYS)
    assert october == [utc("2026-10-17T23:00"), utc("2026-10-24T23:00"), utc("2026-11-01T00:00")]


@pytest.mark.parametrize(
    ("first", "last", "after"),
    [
        ("2026-03-29T00:00", "2026-03-29T02:59", "2026-03-29T03:00"),  # 01:00 CET to 05:00 CEST
        ("2026-10-24T23:00", "2026-10-25T01:59", "2026-10-25T02:00"),  # 01:00 CEST to 03:00 CET
    ],
)
def test_a_window_across_the_switch_keeps_its_length_in_real_hours(first, last, after):
    span = (utc(first), utc(after))
    assert [covering(utc(at), **SUNDAYS) for at in (first, last, after)] == [span, span, None]


def test_a_start_in_the_skipped_hour_is_taken_an_hour_later():
    daily = window(berlin("2026-03-27T02:30"), HOUR, "FREQ=DAILY")
    skipped = (utc("2026-03-29T01:30"), utc("2026-03-29T02:30"))  # 03:30 to 04:30 CEST
    assert covering(utc("2026-03-29T01:29"), **daily) is None
    assert covering(utc("2026-03-29T01:30"), **daily) == skipped
    # 03:10 CEST reads later than 02:30, and is earlier than 03:30
    assert next_occurrence(utc("2026-03-29T01:10"), **daily) == skipped


def test_a_start_in_the_hour_that_comes_twice_happens_once():
    daily = window(berlin("2026-10-24T02:30"), timedelta(minutes=10), "FREQ=DAILY")
    assert covering(utc("2026-10-25T00:30"), **daily) == (utc("2026-10-25T00:30"), utc("2026-10-25T00:40"))
    assert covering(utc("2026-10-25T01:30"), **daily) is None
    # The second 02:10: this day's occurrence is over, although the clock reads earlier than 02:30.
    assert next_occurrence(utc("2026-10-25T01:10"), **daily) == (
        utc("2026-10-26T01:30"),
        utc("2026-10-26T01:40"),
    )


def test_an_hourly_window_knows_every_half_hour_of_its_rule():
    often = window(utc("2026-03-01T00:00"), timedelta(minutes=10), "FREQ=HOURLY;BYMINUTE=0,30", "UTC")
    covered = [
        covering(utc(f"2026-03-05T13:{m:02}"), **often) is not None for m in (0, 9, 10, 29, 30, 39, 40)
    ]
    assert covered == [True, True, False, False, True, True, False]


def test_an_old_hourly_rule_is_read_without_counting_from_its_beginning():
    old = window(utc("2001-01-01T00:00"), timedelta(minutes=10), "FREQ=HOURLY", "UTC")
    assert covering(utc("2026-03-05T13:05"), **old) == (utc("2026-03-05T13:00"), utc("2026-03-05T13:10"))


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "FREQ=WEEKLY;BYDAY=FR,MO;WKST=SU;INTERVAL=3"]
)
def test_moving_an_old_rule_on_keeps_its_rhythm(rule):
    first = utc("2020-01-03T04:00")
    walls = rrulestr(rule, dtstart=first.replace(tzinfo=None)).xafter(NOW.replace(tzinfo=None), count=20)
    assert starts(20, **window(first, HOUR, rule, "UTC")) == [wall.replace(tzinfo=UTC) for wall in walls]


def test_the_first_occurrence_counts_although_the_rule_would_not_name_it():
    wednesday = window(utc("2026-03-04T10:00"), HOUR, "FREQ=WEEKLY;BYDAY=SU", "UTC")
    assert starts(2, **wednesday) == [utc("2026-03-04T10:00"), utc("2026-03-08T10:00")]
    assert covering(utc("2026-03-04T10:30"), **wednesday) is not None


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY;COUNT=3", "2026-03-03T10:00"),
        ("FREQ=DAILY;UNTIL=20260303", "2026-03-03T10:00"),  # a date includes its day
        ("FREQ=DAILY;UNTIL=20260303T110000", "2026-03-03T10:00"),  # local time
        ("FREQ=DAILY;UNTIL=20260303T100000Z", "2026-03-03T10:00"),  # 11:00 in Berlin
        ("FREQ=DAILY;UNTIL=20260303T095959Z", "2026-03-02T10:00"),
    ],
)
def test_a_rule_that_ends_covers_nothing_afterwards(rule, last):
    ended = window(utc("2026-03-01T10:00"), HOUR, rule)
    end = utc(last) + HOUR
    assert covering(utc(last), **ended) == (utc(last), end)
    assert next_occurrence(end, **ended) is None
    assert covering(utc(last) + timedelta(days=1), **ended) is None


def test_a_month_without_a_31st_is_left_out():
    monthly = window(utc("2026-01-31T10:00"), HOUR, "FREQ=MONTHLY", "UTC")
    assert starts(3, **monthly) == [utc("2026-01-31T10:00"), utc("2026-03-31T10:00"), utc("2026-05-31T10:00")]


def test_the_last_friday_of_a_month_can_be_said():
    friday = window(utc("2026-01-30T10:00"), HOUR, "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", "UTC")
    assert starts(2, **friday) == [utc("2026-01-30T10:00"), utc("2026-02-27T10:00")]


def test_a_rule_may_be_written_with_its_name_and_in_small_letters():
    shouted = window(utc("2026-01-01T10:00"), HOUR, "rrule:freq=daily;count=2", "UTC")
    assert starts(3, **shouted) == [utc("2026-01-01T10:00"), utc("2026-01-02T10:00")]


RULES = st.sampled_from(
    [
        "FREQ=HOURLY;INTERVAL=5",
        "FREQ=HOURLY;BYHOUR=1,2,3",
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;BYHOUR=1,14",
        "FREQ=DAILY;COUNT=40",
        "FREQ=WEEKLY;BYDAY=SU,WE",
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=WEEKLY;UNTIL=20260601T000000Z",
        "FREQ=MONTHLY;BYDAY=-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=29,-1",
        "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
    ]
)
ZONES = st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
MINUTES_OF_2026 = st.integers(0, 360 * 24 * 60).map(lambda n: NOW + timedelta(minutes=n))


DECEMBER = utc("2026-12-01T00:00")


def all_spans(starts_at, ends_at, rule, zone):
    """Every occurrence up to 2027, the slow way."""
    local = starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    walls = repetitions(parse_rule(rule, local, zone), local, StepCount(), last=date(2026, 12, 31))
    starts = {wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in (local, *walls)}
    return sorted((start, start + (ends_at - starts_at)) for start in starts)


@settings(max_examples=100, deadline=None)
@given(
    rule=RULES,
    zone=ZONES,
    starts_at=st.integers(0, 90 * 24 * 4).map(
        lambda n: datetime(2025, 12, 1, tzinfo=UTC) + timedelta(minutes=15 * n)
    ),
    minutes=st.integers(1, 10 * 60),
    ats=st.lists(MINUTES_OF_2026, min_size=1, max_size=5),
    near=st.integers(-150, 150),
)
@example(
    rule="FREQ=DAILY",
    zone=BERLIN,
    starts_at=utc("2026-03-01T01:30"),
    minutes=60,
    ats=[utc("2026-03-29T01:30")],
    near=0,
)
@example(
    rule="FREQ=DAILY",
    zone=BERLIN,
    starts_at=utc("2026-10-01T00:30"),
    minutes=60,
    ats=[utc("2026-10-25T00:30")],
    near=30,
)
def test_covering_and_next_agree_with_the_list_of_all_occurrences(rule, zone, starts_at, minutes, ats, near):
    asked = window(starts_at, timedelta(minutes=minutes), rule, zone)
    spans = all_spans(**asked)
    edges = [start + timedelta(minutes=near) for start, _ in spans if NOW <= start < DECEMBER][
        :: max(1, len(spans) // 5)
    ]
    for at in [*ats, *edges, starts_at]:
        covered = [span for span in spans if span[0] <= at < span[1]]
        assert covering(at, **asked) == (covered[-1] if covered else None)
        if at < utc("2026-11-01T00:00"):
            ahead = covered[-1:] or [span for span in spans if span[1] > at]
            following = next_occurrence(at, **asked)
            assert following == ahead[0] if ahead else following is None or following[0].year >= 2027


MARCH = utc("2026-03-01T10:00")


def faults(starts_at=MARCH, length=HOUR, rule="", zone=BERLIN, now=NOW):
    return find_window_faults(now=now, **window(starts_at, length, rule, zone))


def cannot(why):
    return {"rrule": f"We cannot follow this rrule: {why}. Write one such as FREQ=WEEKLY;BYDAY=SU."}


@pytest.mark.parametrize(
    "rule", ["", "FREQ=WEEKLY;BYDAY=SU", "FREQ=HOURLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"]
)
def test_a_good_window_has_no_faults(rule):
    assert faults(rule=rule) == {}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "Europe/Berlin\0"])
def test_a_zone_must_exist(zone):
    assert faults(zone=zone) == {
        "timezone": f"There is no time zone {zone!r}; use an IANA name such as Europe/Berlin."
    }


@pytest.mark.parametrize("length", [timedelta(0), -HOUR])
def test_a_window_must_end_after_it_begins(length):
    assert faults(length=length) == {
        "ends_at": "The window ends before it begins; choose an ends_at after starts_at."
    }


def test_a_window_must_lie_in_a_time_that_calendars_know():
    said = {"starts_at": "starts_at must lie in a year between 1971 and 2199."}
    assert faults(starts_at=datetime.max.replace(tzinfo=UTC) - 2 * HOUR) == said


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("nonsense", "it has a part 'NONSENSE' that means nothing here"),
        ("INTERVAL=2", "it names no FREQ"),
        ("FREQ=MINUTELY", "its FREQ is not one of HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=DAILY;FREQ=WEEKLY", "it names a part twice"),
        ("FREQ=DAILY;INTERVAL=0", "its INTERVAL is not between 1 and 1000"),
        ("FREQ=DAILY;INTERVAL=-1", "its INTERVAL is not between 1 and 1000"),
        ("FREQ=DAILY;COUNT=1000000", "its COUNT is not between 1 and 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "it has both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=tomorrow", "its UNTIL does not look like 20261231T235959Z"),
        ("FREQ=DAILY;UNTIL=99990101", "its UNTIL is not in a year between 1970 and 2999"),
        ("FREQ=DAILY;BYMONTH=13", "its BYMONTH is not between 1 and 12"),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "there is no such day in such a month"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=DAILY;BYSETPOS=2", "BYSETPOS goes with FREQ=MONTHLY or FREQ=YEARLY only"),
        ("FREQ=WEEKLY;BYDAY=XX", "its BYDAY names 'XX'; it takes days such as MO and -1SU"),
        ("FREQ=DAILY\nEXDATE:20260301T100000", "it has a part 'FREQ' that means nothing here"),
        (
            "FREQ=DAILY;INTERVAL=7;BYDAY=MO",  # begins on a Sunday
            "no day fits it, or the days that fit it are too far apart, or too many",
        ),
        ("FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29", "no day ever fits it"),
        ("FREQ=HOURLY;BYMINUTE=0,10,20,30,40", "it begins more than 96 times a day"),
        ("FREQ=DAILY;BYSECOND=1,2", "it has a part 'BYSECOND' that means nothing here"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(rule, why):
    assert faults(rule=rule) == cannot(why)


def test_an_occurrence_longer_than_its_repeat_is_refused():
    assert faults(rule="FREQ=DAILY;BYHOUR=10,12", zone="UTC", length=3 * HOUR) == {
        "ends_at": "An occurrence lasts 180 minutes, but the next one begins 120 minutes after it; "
        "choose an earlier ends_at or a rarer rrule."
    }
    assert faults(rule="FREQ=DAILY;BYHOUR=10,12", zone="UTC", length=2 * HOUR) == {}


def test_a_window_that_is_over_is_refused():
    later = utc("2026-04-01T00:00")
    assert faults(now=later) == {"ends_at": "This window is over already; choose an ends_at in the future."}
    assert faults(now=later, rule="FREQ=DAILY;COUNT=2") == {
        "rrule": "The last repeat of this rrule is over; choose a later UNTIL or a higher COUNT."
    }
    assert faults(now=later, rule="FREQ=DAILY") == {}


def problem(**stored):
    """What ``covering`` and ``next_occurrence`` say of it."""
    said: list[str] = []
    next_occurrence(NOW, **stored, told=said.append)
    assert covering(NOW, **stored, told=said.append) is None
    return said[0] if said else ""


HOSTILE = (
    "FREQ=MONTHLY;BYDAY=8SU",
    "FREQ=YEARLY;BYDAY=54MO",
    "FREQ=YEARLY;BYMONTH=2;BYDAY=53MO",
    "FREQ=DAILY;BYHOUR=25",
    "FREQ=DAILY;BYMINUTE=60",
    "FREQ=WEEKLY;BYDAY=2MO",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=1,2",
    "FREQ=SECONDLY",
    "FREQ=YEARLY;BYEASTER=0",
    "FREQ=YEARLY;BYWEEKNO=60",
    "FREQ=MONTHLY;BYMONTHDAY=0",
    "FREQ=MONTHLY;BYSETPOS=0",
    "FREQ=MONTHLY;BYSETPOS=-999",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;WKST=XX",
    "FREQ=DAILY;COUNT=99999",
    "FREQ=DAILY;UNTIL=20261399T000000Z",
    "FREQ=DAILY;\ud800=1",
    "FREQ=DAILY;BYHOUR=" + "9" * 480,
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=1,2,3,4,5,6;BYMINUTE=1,2,3,4,5,6;BYSETPOS=1",
)


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_stored_rule_that_cannot_be_computed_covers_nothing_and_says_so(rule):
    """Rows from before the rule was bounded, or that got past the forms: for a year, whatever is asked."""
    stored = window(MARCH, HOUR, rule, "UTC")
    for day in range(0, 400, 7):
        assert covering(MARCH + timedelta(days=day, hours=12), **stored) is None
        assert next_occurrence(MARCH + timedelta(days=day), **stored) is None or day == 0
    assert problem(**stored).startswith("We cannot follow this rrule: ")
    assert "rrule" in faults(rule=rule)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "Europe/Berlin\0", "\ud800"])
def test_a_stored_zone_that_there_is_not_covers_nothing_and_says_so(zone):
    stored = window(MARCH, HOUR, "FREQ=DAILY", zone)
    assert covering(MARCH, **stored) is None
    assert next_occurrence(NOW, **stored) is None
    assert problem(**stored) == f"Its time zone {zone!r} or its times cannot be computed."


def test_a_window_at_the_end_of_time_covers_nothing_and_says_so():
    last = datetime.max.replace(tzinfo=UTC)
    stored = window(last - HOUR, HOUR / 2, "FREQ=DAILY", "Pacific/Auckland")
    assert (covering(last, **stored), next_occurrence(NOW, **stored)) == (None, None)
    assert problem(**stored)


def test_a_window_that_can_be_computed_has_no_problem():
    for rule in ("", "FREQ=WEEKLY;BYDAY=SU", "FREQ=DAILY;COUNT=2", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"):
        assert problem(**window(MARCH, HOUR, rule)) == ""


@given(rule=st.text(max_size=500), zone=st.sampled_from([BERLIN, "UTC", "Mars"]), at=MINUTES_OF_2026)
def test_no_text_as_a_rule_raises(rule, zone, at):
    stored = window(MARCH, HOUR, rule, zone)
    covering(at, **stored)
    next_occurrence(at, **stored)
