"""When a heartbeat is expected next: a period, or a cron expression read in its own time zone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from core.time_zones import find_zone

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def say_schedule(config: Mapping[str, Any]) -> str:
    """The schedule for people: ``every 15 min, grace 5 min``, or ``at */5 * * * * (Europe/Berlin), grace 1
    h``. Empty for a configuration that is not complete."""
    try:
        grace_s = int(config["grace_s"])
        if config["cron"]:
            every = f"at {config['cron']} ({config['timezone']})"
        else:
            every = f"every {_say_seconds(int(config['period_s']))}"
    except (KeyError, TypeError, ValueError):
        return ""
    return f"{every}, grace {_say_seconds(grace_s)}" if grace_s else every


def _say_seconds(seconds: int) -> str:
    """``seconds`` in the largest unit of which they are a whole number."""
    length, unit = next(((n, unit) for n, unit in _UNITS if seconds >= n and seconds % n == 0), (1, "s"))
    return f"{seconds // length} {unit}"


def next_expected(config: Mapping[str, Any], after: datetime) -> datetime:
    """The first expected moment later than ``after`` (aware), as aware UTC.

    ``config`` is a complete heartbeat configuration. A cron expression is read in the local time of
    ``timezone``. A time that does not exist in spring is moved behind the gap, and a time that comes twice in
    autumn counts once, as in Debian's cron.
    """
    if config["cron"]:
        moments = CronSim(config["cron"], after.astimezone(find_zone(config["timezone"])))
        # Asked within an hour that autumn repeats, cronsim finds its jobs again, at their past first time.
        return next(moment for found in moments if (moment := found.astimezone(UTC)) > after)
    return after.astimezone(UTC) + timedelta(seconds=config["period_s"])


def longest_wait_s(config: Mapping[str, Any]) -> int:
    """The longest time in seconds for which a healthy job stays silent: the period or the longest gap of the
    cron expression, plus the grace and the longest run.

    ``config`` is a complete heartbeat configuration.
    """
    return int(longest_gap_s(config) + config["grace_s"] + (config["max_run_s"] or 0))


def longest_gap_s(config: Mapping[str, Any]) -> int:
    """The period, or the longest time between two moments of the cron expression, in seconds. It is found
    among all days of 13 years and all times of a day."""
    return _longest_gap_s(config["cron"], config["timezone"]) if config["cron"] else int(config["period_s"])


@lru_cache(maxsize=512)
def _longest_gap_s(cron: str, zone: str) -> int:
    days, tz = _list_days(cron), find_zone(zone)
    times = _list_times(cron)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    if len(days) < 2:  # as a 29 February that has to be a Sunday: weekdays come round in 28 years
        gaps.append(timedelta(days=28 * 366))
    for day, after in pairwise(days):
        end, begin = datetime.combine(day, datetime.min.time()), datetime.combine(after, datetime.min.time())
        gaps.append(_to_utc(begin + times[0], tz) - _to_utc(end + times[-1], tz))
    for day in _pick_changes(days, tz):
        gaps += _list_gaps_around(cron, day, tz)
    return int(max(gaps).total_seconds())


_FIRST_DAY, _LAST_DAY = date(2024, 1, 1), date(2036, 12, 31)


def _list_days(cron: str) -> list[date]:
    """The days within 13 years that the expression names. 13 years hold leap days and all weekdays."""
    _, _, *of_days = cron.split()
    found = CronSim(" ".join(["0", "0", *of_days]), datetime(2023, 12, 31))  # noqa: DTZ001  # days have no zone
    days = map(date.fromordinal, range(_FIRST_DAY.toordinal(), _LAST_DAY.toordinal() + 1))
    return [day for day in days if day.month in found.months and found.match_day(day)]


def _list_times(cron: str) -> list[timedelta]:
    """The times of a day that the expression names."""
    minute, hour, *_ = cron.split()
    found = CronSim(f"{minute} {hour} * * *", datetime(2023, 12, 31, 23, 59, 59))  # noqa: DTZ001  # as above
    return [timedelta(hours=h, minutes=m) for h in sorted(found.hours) for m in sorted(found.minutes)]


def _pick_changes(days: Sequence[date], zone: ZoneInfo) -> Iterator[date]:
    """The days among ``days`` on which the clock changes, but only one of each kind of change. Otherwise 26
    similar springs and autumns would be looked at minute by minute."""
    named, seen = {day.toordinal() for day in days}, set()
    for day in days:
        if _clock_changes(day, zone):
            near = [datetime.combine(day + timedelta(days=n), time(), tzinfo=UTC) for n in (-1, 0, 1, 2)]
            offsets = [
                (at + n * timedelta(minutes=30)).astimezone(zone).utcoffset()
                for at in near
                for n in range(48)
            ]
            kind = (*offsets, *(at.toordinal() in named for at in near))
            if kind not in seen:
                seen.add(kind)
                yield day


def _to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _clock_changes(day: date, zone: ZoneInfo) -> bool:
    noon = datetime.combine(day, datetime.min.time().replace(hour=12), tzinfo=zone)
    return noon.utcoffset() != (noon - timedelta(days=1)).utcoffset()


def _list_gaps_around(cron: str, day: date, zone: ZoneInfo) -> Iterator[timedelta]:
    """The gaps of a day on which the clock is put forward or back: cron has its own rules for such days."""
    begin = datetime.combine(day - timedelta(days=1), datetime.min.time(), tzinfo=zone)
    end = begin.astimezone(UTC) + timedelta(days=3)
    found = takewhile(lambda moment: moment.astimezone(UTC) < end, CronSim(cron, begin))
    instants = [moment.astimezone(UTC) for moment in found]
    return (later - earlier for earlier, later in pairwise(instants))


_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def spell_cron(expression: str) -> str:
    """The expression in its normal form: five fields also for words such as ``@daily`` (crontab(5)), and
    names of days and months in capitals."""
    text = " ".join(expression.split()).upper()
    return _WORDS.get(text.lower(), text)


def check_cron(expression: str) -> None:
    """Raise ``ValueError`` with a sentence unless ``expression`` is a cron expression that comes up at some
    time."""
    if expression.startswith("@"):
        raise ValueError(f"There is no {expression.lower()[:20]}; use one of {', '.join(_WORDS)}.")
    if len(expression.split()) != 5:
        raise ValueError(
            "A cron expression has five fields: minute hour day month weekday, such as */5 * * * *."
        )
    try:
        next(CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as mistake:
        raise ValueError(f"This is not a valid cron expression: {mistake}.") from None
    except StopIteration:
        raise ValueError("This cron expression never comes up, like a 31st of February.") from None
