"""When does a maintenance window cover an instant? Pure: the rule in local time, the comparison in UTC.

``starts_at`` is the first occurrence whatever the rule says (RFC 5545, section 3.8.5.3). Each one keeps
the local time and the length in real seconds: three hours across a change of the clock are three hours.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

Span = tuple[datetime, datetime]

_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS"}
_PARTS |= {"BYMONTH", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE"}
# How far one period of these lies from the next. A month or a year has no fixed length, and few of them pass.
_STEPS = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}
_FREQUENCIES = {*_STEPS, "MONTHLY", "YEARLY"}
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def parse_rule(rule: str, local_start: datetime, zone: str = "UTC") -> rrule | rruleset:
    """The repetitions of ``local_start`` (naive, local time). Raises ``ValueError`` for a rule that is none.

    RFC 5545, section 3.3.10, without the parts that no calendar application writes. An UNTIL in UTC becomes
    local time, for dateutil wants both sides naive; one that is a date includes that day.
    """
    parts = _read_parts(rule)
    if "UNTIL" in parts:
        parts["UNTIL"] = _local_until(parts["UNTIL"], zone)
    return rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=local_start)


def _read_parts(rule: str) -> dict[str, str]:
    """The rule's parts by name. What would keep dateutil searching up to the year 9999 is refused here."""
    pairs = [part.partition("=") for part in rule.strip().upper().removeprefix("RRULE:").split(";") if part]
    parts = {name: value for name, _, value in pairs}
    for name, _, value in pairs:
        if name not in _PARTS or not value or not value.isprintable():
            raise ValueError(f"it has a part {name[:20]!r} that means nothing here")
    if len(parts) < len(pairs):
        raise ValueError("it names a part twice")
    if "FREQ" not in parts:
        raise ValueError("it names no FREQ")
    if parts["FREQ"] not in _FREQUENCIES:
        raise ValueError("its FREQ is not one of HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY")
    _numbers(parts, "INTERVAL", low=1, high=1000)
    _numbers(parts, "COUNT", low=1, high=1000)
    if {"COUNT", "UNTIL"} <= set(parts):
        raise ValueError("it has both COUNT and UNTIL")
    if "BYSETPOS" in parts and parts["FREQ"] in _STEPS:
        raise ValueError("BYSETPOS goes with FREQ=MONTHLY or FREQ=YEARLY only")
    if "BYMONTHDAY" in parts and parts["FREQ"] == "WEEKLY":
        raise ValueError("BYMONTHDAY does not go with FREQ=WEEKLY")
    months = _numbers(parts, "BYMONTH", low=1, high=12) or list(range(1, 13))
    days = _numbers(parts, "BYMONTHDAY", low=-31, high=31)
    if days and not any(0 < abs(day) <= _DAYS_IN_MONTH[month - 1] for day in days for month in months):
        raise ValueError("there is no such day in such a month")
    return parts


def _numbers(parts: dict[str, str], name: str, *, low: int, high: int) -> list[int]:
    texts = parts[name].split(",") if name in parts else []
    if any(
        not re.fullmatch(r"[+-]?\d{1,4}", text, re.ASCII) or not low <= int(text) <= high for text in texts
    ):
        raise ValueError(f"its {name} is not between {low} and {high}")
    return [int(text) for text in texts]


def _local_until(until: str, zone: str) -> str:
    match = _UNTIL.fullmatch(until)
    if not match:
        raise ValueError("its UNTIL does not look like 20261231T235959Z")
    at = datetime.strptime(match[1] + (match[2] or "235959"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if not 1970 <= at.year < 3000:
        raise ValueError("its UNTIL is not in a year between 1970 and 2999")
    return (at.astimezone(ZoneInfo(zone)) if match[3] else at).strftime("%Y%m%dT%H%M%S")


def covering(at: datetime, *, starts_at: datetime, ends_at: datetime, rule: str, zone: str) -> Span | None:
    """The occurrence ``[start, end)`` in which ``at`` lies, in UTC, or None. All instants are aware.

    A skipped hour can push one occurrence into the next; the one that began last counts.
    """
    if not rule:
        return (starts_at, ends_at) if starts_at <= at < ends_at else None
    length = ends_at - starts_at
    wall = _wall(at, zone)
    # A day more on both sides than any change of the clock is long; whole days, so that a day asks once.
    since, until = (wall - length).date() - _DAY, wall.date() + _DAY
    for start in reversed(_starts_between(rule, starts_at, zone, since, until)):
        if start <= at < start + length:
            return start, start + length
    return None


def next_occurrence(
    after: datetime, *, starts_at: datetime, ends_at: datetime, rule: str, zone: str
) -> Span | None:
    """The first occurrence that ends after ``after``, running or to come; None when none is left."""
    if not rule:
        return (starts_at, ends_at) if ends_at > after else None
    running = covering(after, starts_at=starts_at, ends_at=ends_at, rule=rule, zone=zone)
    if running:
        return running
    walls = _walls_from(_wall(after, zone) - _DAY, rule=rule, starts_at=starts_at, zone=zone)
    first = next((wall for wall in walls if _instant(wall, zone) > after), None)
    if first is None:
        return None
    # Of two wall times about a skipped hour the later one can be the earlier instant.
    near = [first, *takewhile(lambda wall: wall < first + timedelta(hours=3), walls)]
    start = min(instant for wall in near if (instant := _instant(wall, zone)) > after)
    return start, start + (ends_at - starts_at)


@lru_cache(maxsize=4096)
def _starts_between(
    rule: str, starts_at: datetime, zone: str, since: date, until: date
) -> tuple[datetime, ...]:
    """The starts, in UTC and in order, whose local date lies from ``since`` to ``until``, both included."""
    walls = _walls_from(datetime.combine(since, time.min), rule=rule, starts_at=starts_at, zone=zone)
    return tuple(
        sorted({_instant(wall, zone) for wall in takewhile(lambda wall: wall.date() <= until, walls)})
    )


def _walls_from(begin: datetime, *, rule: str, starts_at: datetime, zone: str) -> Iterator[datetime]:
    """The local starts from ``begin`` on, in order; the first occurrence among them."""
    local_start = _wall(starts_at, zone)
    if begin <= local_start:
        yield local_start
    for wall in _close_to(begin, rule=rule, local_start=local_start, zone=zone):
        if wall >= begin and wall > local_start:
            yield wall


def _close_to(begin: datetime, *, rule: str, local_start: datetime, zone: str) -> rrule | rruleset:
    """The rule moved on by whole periods to shortly before ``begin``: an hourly one of three years' age has
    26,000 repetitions, and the recorder asks for every batch. A COUNT must be counted from the start."""
    rules = parse_rule(rule, local_start, zone)
    parts = _read_parts(rule)
    step = _STEPS.get(parts["FREQ"], timedelta()) * int(parts.get("INTERVAL", 1))
    if not step or "COUNT" in parts:
        return rules
    # One period less: the first one of a moved rule may have begun in its middle.
    periods = (begin - local_start) // step - 1
    return cast(rrule, rules).replace(dtstart=local_start + periods * step) if periods > 0 else rules


def find_faults(
    *, starts_at: datetime, ends_at: datetime, rule: str, zone: str, now: datetime
) -> dict[str, str]:
    """What is wrong with a window that somebody wants to save: a sentence a field, empty when all is well."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        return {"timezone": f"There is no time zone {zone!r}; use an IANA name such as Europe/Berlin."}
    for name, at in (("starts_at", starts_at), ("ends_at", ends_at)):
        if not 1970 < at.year < 2200:
            return {name: f"{name} must lie in a year between 1971 and 2199."}
    if ends_at <= starts_at:
        return {"ends_at": "The window ends before it begins; choose an ends_at after starts_at."}
    if rule:
        try:
            fault = _find_overlap(starts_at, ends_at, rule, zone)
        except ValueError as error:
            return {"rrule": f"We cannot follow this rrule: {error}. Write one such as FREQ=WEEKLY;BYDAY=SU."}
        if fault:
            return {"ends_at": fault}
    if next_occurrence(now, starts_at=starts_at, ends_at=ends_at, rule=rule, zone=zone):
        return {}
    if rule:
        return {"rrule": "The last repeat of this rrule is over; choose a later UNTIL or a higher COUNT."}
    return {"ends_at": "This window is over already; choose an ends_at in the future."}


def _find_overlap(starts_at: datetime, ends_at: datetime, rule: str, zone: str) -> str:
    local_start = _wall(starts_at, zone)
    if next(iter(parse_rule(rule, local_start, zone)), None) is None:
        raise ValueError("no day ever fits it")
    walls = _walls_from(local_start, rule=rule, starts_at=starts_at, zone=zone)
    first_years = takewhile(lambda wall: wall < local_start + 5 * 366 * _DAY, islice(walls, 500))
    gap = min((later - earlier for earlier, later in pairwise(first_years)), default=None)
    length = ends_at - starts_at
    if gap is None or length <= gap:
        return ""
    return (
        f"An occurrence lasts {length // timedelta(minutes=1)} minutes, but the next one begins "
        f"{gap // timedelta(minutes=1)} minutes after it; choose an earlier ends_at or a rarer rrule."
    )


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _instant(wall: datetime, zone: str) -> datetime:
    """A wall time as UTC. One that a spring-forward skips is taken an hour later; of two, the first."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
