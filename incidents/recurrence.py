"""The repetitions of an RFC 5545 rule (section 3.3.10), in local time. Pure; every step is counted.

Our own, for dateutil's cannot be bounded: what never fits is searched for up to the year 9999 before anything
comes back, and ``BYDAY=8SU`` is an IndexError in the month in which it first matters.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

MAX_STEPS = 10_000
"""Days looked at and times made, when a window is saved or its next occurrence is looked for; some 20 ms. A
rule that people write needs a few dozen."""
MAX_COUNT, MAX_INTERVAL = 1000, 1000
LAST_YEAR = 2999
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS"}
_PARTS |= {"BYMONTH", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE"}
_FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,4}", re.ASCII)
_NTH_DAY = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(_DAYS)})", re.ASCII)
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class BrokenRule(ValueError):
    """The rule cannot be computed; its text is the end of the sentence "We cannot follow this rrule: …"."""


class StepCount:
    """What one question may cost."""

    def __init__(self, most: int = MAX_STEPS) -> None:
        self.left = most

    def take(self, steps: int = 1) -> None:
        """Raises ``BrokenRule`` when none are left."""
        self.left -= steps
        if self.left < 0:
            raise BrokenRule("the days that fit it are too far apart, or too many")


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """``start`` is the local time it counts from. Empty parts do not narrow; ``weekdays`` are (which of its
    period, 0 for each; day of the week)."""

    freq: str
    start: datetime
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    positions: frozenset[int] = frozenset()

    @property
    def times_a_day(self) -> int:
        """How often a day has an occurrence, at most."""
        hours = -(-24 // self.interval) if self.freq == "HOURLY" else 1
        return (len(self.hours) or hours) * (len(self.minutes) or 1)


# Reading


@lru_cache(maxsize=1024)
def parse_rule(rule: str, start: datetime, zone: str = "UTC") -> RecurrenceRule:
    """Raises ``BrokenRule`` for a part that is out of RFC 5545's ranges, or that no calendar application
    writes. An UNTIL in UTC becomes local time of ``zone``; one that is a date includes that day."""
    parts = _split_parts(rule)
    freq = parts["FREQ"]
    months = _numbers(parts, "BYMONTH", low=1, high=12)
    month_days = _numbers(parts, "BYMONTHDAY", low=-31, high=31, zero=False)
    if month_days and not any(
        abs(day) <= _DAYS_IN_MONTH[month - 1] for day in month_days for month in months or range(1, 13)
    ):
        raise BrokenRule("there is no such day in such a month")
    weekdays = _weekdays(parts, most=5 if freq == "MONTHLY" or months else 53)
    if not (month_days or weekdays):
        if freq == "YEARLY":
            months = months or frozenset([start.month])
        if freq in ("YEARLY", "MONTHLY"):
            month_days = frozenset([start.day])
        if freq == "WEEKLY":
            weekdays = frozenset([(0, start.weekday())])
    return RecurrenceRule(
        freq=freq,
        start=start.replace(microsecond=0),
        interval=_number(parts, "INTERVAL", high=MAX_INTERVAL) or 1,
        count=_number(parts, "COUNT", high=MAX_COUNT),
        until=_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
        week_start=_week_start(parts.get("WKST", "MO")),
        months=months,
        month_days=month_days,
        weekdays=weekdays,
        hours=tuple(sorted(_numbers(parts, "BYHOUR", low=0, high=23))),
        minutes=tuple(sorted(_numbers(parts, "BYMINUTE", low=0, high=59))),
        positions=_numbers(parts, "BYSETPOS", low=-366, high=366, zero=False),
    )


def _split_parts(rule: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in rule.strip().upper().removeprefix("RRULE:").split(";") if part]
    parts = {name: value for name, _, value in pairs}
    for name, _, value in pairs:
        if name not in _PARTS or not value or not value.isprintable():
            raise BrokenRule(f"it has a part {name[:20]!r} that means nothing here")
    if len(parts) < len(pairs):
        raise BrokenRule("it names a part twice")
    if "FREQ" not in parts:
        raise BrokenRule("it names no FREQ")
    if parts["FREQ"] not in _FREQUENCIES:
        raise BrokenRule(f"its FREQ is not one of {', '.join(_FREQUENCIES)}")
    if {"COUNT", "UNTIL"} <= set(parts):
        raise BrokenRule("it has both COUNT and UNTIL")
    if "BYSETPOS" in parts and parts["FREQ"] not in ("MONTHLY", "YEARLY"):
        raise BrokenRule("BYSETPOS goes with FREQ=MONTHLY or FREQ=YEARLY only")
    if "BYMONTHDAY" in parts and parts["FREQ"] == "WEEKLY":
        raise BrokenRule("BYMONTHDAY does not go with FREQ=WEEKLY")
    return parts


def _numbers(parts: dict[str, str], name: str, *, low: int, high: int, zero: bool = True) -> frozenset[int]:
    texts = parts[name].split(",") if name in parts else []
    if not all(_NUMBER.fullmatch(text) and low <= int(text) <= high for text in texts):
        raise BrokenRule(f"its {name} is not between {low} and {high}")
    if not zero and any(int(text) == 0 for text in texts):
        raise BrokenRule(f"its {name} is 0, which names nothing")
    return frozenset(int(text) for text in texts)


def _number(parts: dict[str, str], name: str, *, high: int) -> int | None:
    found = _numbers(parts, name, low=1, high=high)
    if len(found) > 1 or (name in parts and "," in parts[name]):
        raise BrokenRule(f"its {name} is more than one number")
    return next(iter(found), None)


def _weekdays(parts: dict[str, str], *, most: int) -> frozenset[tuple[int, int]]:
    found = set()
    for text in parts["BYDAY"].split(",") if "BYDAY" in parts else []:
        match = _NTH_DAY.fullmatch(text)
        if not match:
            raise BrokenRule(f"its BYDAY names {text[:10]!r}; it takes days such as MO and -1SU")
        if match[1] and parts["FREQ"] not in ("MONTHLY", "YEARLY"):
            raise BrokenRule("a number in BYDAY goes with FREQ=MONTHLY or FREQ=YEARLY only")
        number = int(match[1] or 0)
        if match[1] and not 1 <= abs(number) <= most:
            raise BrokenRule(f"its BYDAY counts to {match[1]}; it counts from 1 to {most}, or from -1 down")
        found.add((number, _DAYS.index(match[2])))
    return frozenset(found)


def _week_start(text: str) -> int:
    if text not in _DAYS:
        raise BrokenRule(f"its WKST is not one of {', '.join(_DAYS)}")
    return _DAYS.index(text)


def _until(text: str, zone: str) -> datetime:
    match = _UNTIL.fullmatch(text)
    try:
        digits = match[1] + (match[2] or "235959") if match else ""
        at = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise BrokenRule("its UNTIL does not look like 20261231T235959Z") from None
    if not 1970 <= at.year <= LAST_YEAR:
        raise BrokenRule(f"its UNTIL is not in a year between 1970 and {LAST_YEAR}")
    return (at.astimezone(ZoneInfo(zone)) if match and match[3] else at).replace(tzinfo=None)


# Computing


def repetitions(
    rule: RecurrenceRule, begin: datetime, steps: StepCount, *, last: date = date.max
) -> Iterator[datetime]:
    """Every repetition from ``begin`` on, in order, until the day ``last``. Raises ``BrokenRule`` when
    ``steps`` are used up."""
    found: Iterable[datetime] = (
        _search(rule, max(begin, rule.start), last, steps)
        if rule.count is None  # a COUNT must be counted from the start
        else islice(_search(rule, rule.start, date.max, steps), rule.count)
    )
    for wall in found:
        if wall.date() > last or (rule.until is not None and wall > rule.until):
            return
        if wall >= begin:
            yield wall


def _search(rule: RecurrenceRule, begin: datetime, last: date, steps: StepCount) -> Iterator[datetime]:
    """Period by period, from the one in which ``begin`` lies; none is passed without a step."""
    last = min(last, date(LAST_YEAR, 12, 31), *([rule.until.date()] if rule.until else []))
    for days in _periods(rule, begin.date(), last, steps):
        walls = (wall for day in days for wall in _times(rule, day, steps))
        for wall in _choose(rule, walls) if rule.positions else walls:
            if wall >= begin:
                yield wall


def _choose(rule: RecurrenceRule, walls: Iterable[datetime]) -> list[datetime]:
    """BYSETPOS: some of a period's, by their places in it."""
    whole = list(walls)
    places = {place - 1 if place > 0 else len(whole) + place for place in rule.positions}
    return [whole[place] for place in sorted(places) if 0 <= place < len(whole)]


def _periods(rule: RecurrenceRule, begin: date, last: date, steps: StepCount) -> Iterator[Iterable[date]]:
    """The days of each period that fit the rule."""
    if rule.freq == "YEARLY":
        return _years(rule, begin, last, steps)
    if rule.freq == "MONTHLY":
        return _months(rule, begin, last, steps)
    return _weeks(rule, begin, last, steps) if rule.freq == "WEEKLY" else _days(rule, begin, last, steps)


def _passed(begin: int, start: int, interval: int) -> int:
    """The first of ``start``, ``start + interval``, … that is not before ``begin``."""
    return start + -(-max(0, begin - start) // interval) * interval


def _years(rule: RecurrenceRule, begin: date, last: date, steps: StepCount) -> Iterator[Iterable[date]]:
    for year in range(_passed(begin.year, rule.start.year, rule.interval), last.year + 1, rule.interval):
        steps.take()
        if rule.months or not any(number for number, _ in rule.weekdays):
            months = sorted(rule.months) or range(1, 13)
            yield [day for month in months for day in _days_of_month(rule, year, month, steps)]
        else:
            yield [day for day in _days_of_year(rule, year, steps) if _fits_month_day(rule, day)]


def _months(rule: RecurrenceRule, begin: date, last: date, steps: StepCount) -> Iterator[Iterable[date]]:
    first, since, until = (on.year * 12 + on.month - 1 for on in (rule.start, begin, last))
    for number in range(_passed(since, first, rule.interval), until + 1, rule.interval):
        steps.take()
        year, month = divmod(number, 12)
        if not rule.months or month + 1 in rule.months:
            yield _days_of_month(rule, year, month + 1, steps)


def _weeks(rule: RecurrenceRule, begin: date, last: date, steps: StepCount) -> Iterator[Iterable[date]]:
    first = rule.start.toordinal() - (rule.start.weekday() - rule.week_start) % 7
    step = 7 * rule.interval
    since = first + max(0, begin.toordinal() - first) // step * step
    wanted = {weekday for _, weekday in rule.weekdays}
    for first_day in range(since, last.toordinal() + 1, step):
        steps.take()
        days = (date.fromordinal(first_day + offset) for offset in range(7))
        yield [day for day in days if day.weekday() in wanted and _fits_month(rule, day)]


def _days(rule: RecurrenceRule, begin: date, last: date, steps: StepCount) -> Iterator[Iterable[date]]:
    """The days of a DAILY or HOURLY rule, one at a time. A month that does not fit is skipped in one step."""
    since, wanted = max(rule.start.toordinal(), begin.toordinal()), {weekday for _, weekday in rule.weekdays}
    while (ordinal := _next_day(rule, since)) <= last.toordinal():
        steps.take()
        day = date.fromordinal(ordinal)
        since = ordinal + 1
        if not _fits_month(rule, day):
            since = date(day.year + day.month // 12, day.month % 12 + 1, 1).toordinal()
        elif (not wanted or day.weekday() in wanted) and _fits_month_day(rule, day):
            yield [day]


def _next_day(rule: RecurrenceRule, ordinal: int) -> int:
    """The first day from ``ordinal`` on at which the interval has a turn."""
    first = rule.start.toordinal()
    if rule.freq == "DAILY":
        return _passed(ordinal, first, rule.interval)
    return first + (_passed((ordinal - first) * 24, rule.start.hour, rule.interval) // 24)


def _fits_month(rule: RecurrenceRule, day: date) -> bool:
    return not rule.months or day.month in rule.months


def _days_of_month(rule: RecurrenceRule, year: int, month: int, steps: StepCount) -> list[date]:
    length = monthrange(year, month)[1]
    days = sorted({day if day > 0 else length + 1 + day for day in rule.month_days}) or range(1, length + 1)
    steps.take(len(days))
    found = [date(year, month, day) for day in days if 1 <= day <= length]
    return [day for day in found if not rule.weekdays or _is_nth(rule, day, place=day.day - 1, length=length)]


def _days_of_year(rule: RecurrenceRule, year: int, steps: StepCount) -> list[date]:
    first = date(year, 1, 1).toordinal()
    length = date(year + 1, 1, 1).toordinal() - first
    steps.take(length)
    days = (date.fromordinal(first + place) for place in range(length))
    return [day for place, day in enumerate(days) if _is_nth(rule, day, place=place, length=length)]


def _is_nth(rule: RecurrenceRule, day: date, *, place: int, length: int) -> bool:
    """Whether the day is, in its month or year, a weekday that BYDAY names, such as the second Monday.
    ``place`` counts from 0."""
    weekday = day.weekday()
    ahead, behind = place // 7 + 1, -((length - 1 - place) // 7 + 1)
    return any((number, weekday) in rule.weekdays for number in (0, ahead, behind))


def _fits_month_day(rule: RecurrenceRule, day: date) -> bool:
    if not rule.month_days:
        return True
    from_end = day.day - monthrange(day.year, day.month)[1] - 1
    return day.day in rule.month_days or from_end in rule.month_days


def _times(rule: RecurrenceRule, day: date, steps: StepCount) -> Iterator[datetime]:
    start = rule.start
    hours: Iterable[int] = rule.hours or [start.hour]
    if rule.freq == "HOURLY":
        since = (day.toordinal() - start.toordinal()) * 24
        turns = range(_passed(since, start.hour, rule.interval) - since, 24, rule.interval)
        hours = [hour for hour in turns if not rule.hours or hour in rule.hours]
    for hour in hours:
        for minute in rule.minutes or [start.minute]:
            steps.take()
            yield datetime.combine(day, time(hour, minute, start.second))
