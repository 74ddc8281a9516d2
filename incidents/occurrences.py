"""When does a maintenance window cover an instant? Pure: the rule in local time, the comparison in UTC.

``starts_at`` is the first occurrence whatever the rule says (RFC 5545, section 3.8.5.3). Each one keeps
the local time and the length in real seconds: three hours across a change of the clock are three hours.
Whole local days, from midnight to midnight, are days: of 23, 24 or 25 hours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from core.time_zones import find_zone
from incidents.recurrence import BrokenRule, RecurrenceRule, StepCount, parse_rule, repetitions

Span = tuple[datetime, datetime]
Told = Callable[[str], None]

_DAY = timedelta(days=1)
_NEAR = timedelta(hours=3)
"""Longer than any change of the clock: of two wall times about a skipped hour the later can be earlier."""
MOST_A_DAY = 96
DAY_STEPS = 1_000
"""What the occurrences of one day may cost, some 2 ms: the recorder asks for them. A window that begins every
quarter of an hour needs half of it."""
_FAULTS = (ValueError, LookupError, OSError, OverflowError)
"""What a rule or a zone raises that got past the forms, or that left the database of zones."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a window happens. ``last_starts_at`` is the last start of a rule with a COUNT, from
    ``find_last_start``. None: the rule has no COUNT, or the last start was not computed."""

    starts_at: datetime
    ends_at: datetime
    rule: str
    zone: str
    last_starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The occurrences that touch a range, in order, and how many steps they took. With a ``fault`` there are
    none."""

    spans: tuple[Span, ...] = ()
    steps: int = 0
    fault: Exception | None = None


def covering(at: datetime, *, told: Told = lambda _: None, **window: Any) -> Span | None:
    """The occurrence ``[start, end)`` in which ``at`` lies, in UTC, or None. All instants are aware.

    ``window`` holds the fields of ``Times``. A skipped hour can push one occurrence into the next; the one
    that began last counts. Never raises: what cannot be computed covers nothing, and ``told`` hears why, as a
    sentence.
    """
    return _answer(_covering, at, Times(**window), told)


def next_occurrence(after: datetime, *, told: Told = lambda _: None, **window: Any) -> Span | None:
    """The first occurrence that ends after ``after``, running or to come; None when none is left. Never
    raises, as ``covering``."""
    return _answer(_next, after, Times(**window), told)


def find_next_spans(times: Times, now: datetime, *, most: int) -> list[Span]:
    """The running and coming occurrences, ``most`` of them; of times that ``find_window_faults`` lets
    pass."""
    spans: list[Span] = []
    after = now
    while len(spans) < most and (span := _answer(_next, after, times, lambda _: None)):
        spans.append(span)
        after = span[1]
    return spans


def _answer(
    question: Callable[[datetime, Times], Span | None], at: datetime, times: Times, told: Told
) -> Span | None:
    try:
        return question(at, times)
    except _FAULTS as fault:
        told(explain_window_fault(fault, times))
    return None


def explain_window_fault(fault: Exception, times: Times) -> str:
    """Why nobody can follow the window, as a sentence."""
    if isinstance(fault, BrokenRule):
        return f"We cannot follow this rrule: {fault}."
    return f"Its time zone {times.zone[:64]!r} or its times cannot be computed."


def _covering(at: datetime, times: Times) -> Span | None:
    day = find_day(times, at.astimezone(UTC).date())
    if day.fault:
        raise day.fault.with_traceback(None)
    return next((span for span in reversed(day.spans) if span[0] <= at < span[1]), None)


@lru_cache(maxsize=8192)
def find_day(times: Times, day: date) -> Occurrences:
    """What of the window happens on ``day`` of UTC, for at most ``DAY_STEPS``. What goes wrong is remembered
    as well."""
    since = datetime.combine(day, time.min, UTC)
    return find_range(times, since, since + _DAY, most_steps=DAY_STEPS)


def find_range(times: Times, since: datetime, until: datetime, *, most_steps: int) -> Occurrences:
    """What of the window happens in ``[since, until)``. Looks back no further than one occurrence is long."""
    steps = StepCount(most_steps)
    try:
        spans = [
            (start, end)
            for start in _find_starts(times, since, until, steps)
            if start < until and (end := _end_of(start, times)) > since
        ]
    except _FAULTS as fault:
        return Occurrences(steps=most_steps - max(0, steps.left), fault=fault)
    return Occurrences(tuple(spans), most_steps - steps.left)


def _find_starts(times: Times, since: datetime, until: datetime, steps: StepCount) -> list[datetime]:
    if not times.rule:
        return [times.starts_at]
    # A day more on both sides than any change of the clock is long.
    first = (_wall(since, times.zone) - (times.ends_at - times.starts_at)).date() - _DAY
    return _starts_between(times, first, _wall(until, times.zone).date() + _DAY, steps)


def _next(after: datetime, times: Times) -> Span | None:
    running = _covering(after, times)
    if running or not times.rule:
        return running or ((times.starts_at, times.ends_at) if times.ends_at > after else None)
    today = _wall(after, times.zone).date()
    near = _starts_between(times, today - _DAY, today + 2 * _DAY, StepCount())
    ahead = [start for start in near if start > after]
    # What begins on the last of these days could be overtaken, across a change of the clock, by the next day.
    if not ahead or _wall(ahead[0], times.zone).date() > today + _DAY:
        found = _find_after(times, today + 2 * _DAY)
        if isinstance(found, Exception):
            raise found.with_traceback(None)
        ahead += found
    start = min((start for start in ahead if start > after), default=None)
    return None if start is None else (start, _end_of(start, times))


def _end_of(start: datetime, times: Times) -> datetime:
    """When the occurrence that begins at ``start`` ends. Windows of whole local days end at midnight, even
    when a day has 23 or 25 hours."""
    if not times.rule:
        return times.ends_at
    first, last = _wall(times.starts_at, times.zone), _wall(times.ends_at, times.zone)
    if first.time() == last.time() == time.min:
        return _instant(datetime.combine(_wall(start, times.zone), time.min) + (last - first), times.zone)
    return start + (times.ends_at - times.starts_at)


def _starts_between(times: Times, since: date, until: date, steps: StepCount) -> list[datetime]:
    """The starts, in UTC and in order, whose local date lies from ``since`` to ``until``, both included."""
    walls = _walls_from(times, datetime.combine(since, time.min), until, steps)
    return sorted({_instant(wall, times.zone) for wall in walls})


@lru_cache(maxsize=2048)
def _find_after(times: Times, since: date) -> tuple[datetime, ...] | Exception:
    """The first start from ``since`` on, and those close to it; in UTC. What went wrong is remembered as
    well."""
    try:
        walls = _walls_from(times, datetime.combine(since, time.min), date.max, StepCount())
        first = next(walls, None)
        if first is None:
            return ()
        near = takewhile(lambda wall: wall < first + _NEAR, walls)
        return tuple(_instant(wall, times.zone) for wall in (first, *near))
    except _FAULTS as fault:
        return fault


def _walls_from(times: Times, begin: datetime, last: date, steps: StepCount) -> Iterator[datetime]:
    """The local starts from ``begin`` until the day ``last``, in order; the first occurrence among them."""
    local_start = _wall(times.starts_at, times.zone)
    rule = parse_rule(times.rule, local_start, times.zone)
    if rule.count is not None and times.last_starts_at is not None:
        rule = replace(rule, count=None, until=_wall(times.last_starts_at, times.zone))
    repeated = repetitions(rule, begin, steps, last=last)
    if begin <= local_start and local_start.date() <= last:
        yield local_start
    for wall in repeated:
        if wall > local_start:
            yield wall


def find_last_start(*, starts_at: datetime, rule: str, zone: str) -> datetime | None:
    """When the last repetition of a rule with a COUNT begins. None for a rule without a COUNT, and for one
    that cannot be computed. Takes up to ``MAX_STEPS``, so it is called only when a window is saved."""
    try:
        local_start = _wall(starts_at, zone)
        parsed = parse_rule(rule, local_start, zone) if rule else None
        if parsed is None or parsed.count is None:
            return None
        walls = list(repetitions(parsed, parsed.start, StepCount()))
        return max(starts_at, _instant(walls[-1], zone)) if walls else starts_at
    except _FAULTS:
        return None


def find_window_faults(
    *, starts_at: datetime, ends_at: datetime, rule: str, zone: str, now: datetime
) -> dict[str, str]:
    """What is wrong with a window that somebody wants to save: a sentence a field, empty when all is well."""
    try:
        find_zone(zone)
    except ValueError as unknown:
        return {"timezone": str(unknown)}
    for name, at in (("starts_at", starts_at), ("ends_at", ends_at)):
        if not 1970 < at.year < 2200:
            return {name: f"{name} must lie in a year between 1971 and 2199."}
    if ends_at <= starts_at:
        return {"ends_at": "The window ends before it begins; choose an ends_at after starts_at."}
    times = Times(starts_at, ends_at, rule, zone, find_last_start(starts_at=starts_at, rule=rule, zone=zone))
    if rule:
        try:
            fault = _find_overlap(times)
            _require_cheap(times, now)
        except BrokenRule as error:
            return {"rrule": f"We cannot follow this rrule: {error}. Write one such as FREQ=WEEKLY;BYDAY=SU."}
        if fault:
            return {"ends_at": fault}
    if _answer(_next, now, times, lambda _: None):
        return {}
    if rule:
        return {"rrule": "The last repeat of this rrule is over; choose a later UNTIL or a higher COUNT."}
    return {"ends_at": "This window is over already; choose an ends_at in the future."}


def _require_cheap(times: Times, now: datetime) -> None:
    """Raises ``BrokenRule`` when a day costs more than ``DAY_STEPS``: today, the first, or a new year's, when
    what is looked at by years looks at two of them."""
    new_year = date(max(now, times.starts_at).year + 1, 1, 1)
    for day in (now.astimezone(UTC).date(), times.starts_at.astimezone(UTC).date(), new_year):
        if isinstance(fault := find_day(times, day).fault, BrokenRule):
            raise fault.with_traceback(None)


def _find_overlap(times: Times) -> str:
    local_start, local_end = _wall(times.starts_at, times.zone), _wall(times.ends_at, times.zone)
    parsed = parse_rule(times.rule, local_start, times.zone)
    if parsed.times_a_day > MOST_A_DAY:
        raise BrokenRule(f"it begins more than {MOST_A_DAY} times a day")
    _find_first(parsed, local_start)
    last = local_start.date() + 5 * 366 * _DAY
    walls = islice(_walls_from(times, local_start, last, StepCount()), 500)
    gap = min((later - earlier for earlier, later in pairwise(walls)), default=None)
    length = times.ends_at - times.starts_at
    if local_start.time() == local_end.time() == time.min:
        length = local_end - local_start  # days, as the gap is
    if gap is None or length <= gap:
        return ""
    return (
        f"An occurrence lasts {length // timedelta(minutes=1)} minutes, but the next one begins "
        f"{gap // timedelta(minutes=1)} minutes after it; choose an earlier ends_at or a rarer rrule."
    )


def _find_first(rule: RecurrenceRule, local_start: datetime) -> None:
    """Raise ``BrokenRule`` when the rule has no occurrence."""
    try:
        first = next(repetitions(rule, local_start.replace(microsecond=0), StepCount()), None)
    except BrokenRule as fault:
        raise BrokenRule(f"no day fits it, or {fault}") from None
    if first is None:
        raise BrokenRule("no day ever fits it")


def place_in(zone: str, at: datetime) -> datetime:
    """``at`` as an instant: a time without an offset is one on the clocks of ``zone``. Where there is no such
    zone or time, it is taken as UTC, for ``find_window_faults`` to say what is wrong."""
    if at.tzinfo is not None:
        return at
    try:
        return _instant(at, zone)
    except (OverflowError, ValueError, OSError, KeyError):
        return at.replace(tzinfo=UTC)


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _instant(wall: datetime, zone: str) -> datetime:
    """A wall time as UTC. One that a spring-forward skips is taken an hour later; of two, the first."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
