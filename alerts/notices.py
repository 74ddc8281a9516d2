"""Who must be told what by now? Pure: the facts of a trouble, one rule, what was told already, and the time.

The answer is always the whole one: what it names and is not told yet, is to be told. So it may be asked
twice, late, or after a crash, and the same people hear the same once.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.models import Event
from alerts.quiet import quiet_end

STABLE = timedelta(minutes=10)
"""A monitor that flapped is believed again when it has stayed as it is for so long."""


class Flap(StrEnum):
    """``first``: the trouble that tells of the flapping; ``more``: one that was told by it."""

    FIRST = "first"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Facts:
    """A trouble as planning sees it. ``told_from`` is when we knew; ``followed`` that the same monitor has a
    newer one; ``held_until`` that something mutes it: until then, or (``held``) until that tells us."""

    event: str
    told_from: datetime
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None
    held: bool = False
    held_until: datetime | None = None
    flap: Flap | None = None
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Quiet:
    span: tuple[time, time]
    days: frozenset[str]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Step:
    after: timedelta
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule. ``steps`` are in order; the first is told at once, the others when nobody acknowledges."""

    events: frozenset[str]
    steps: tuple[Step, ...]
    delay: timedelta = timedelta()
    remind_every: timedelta | None = None
    quiet: Quiet | None = None

    @property
    def channels(self) -> frozenset[int]:
        return frozenset(channel for step in self.steps for channel in step.channels)


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """To tell ``channel`` of ``event``; ``number`` tells reminders and steps apart."""

    event: str
    channel: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """``look_at``: when there may be more to tell, if nothing happens until then."""

    notices: frozenset[Notice] = frozenset()
    look_at: datetime | None = None


def find_due(facts: Facts, policy: Policy, *, heard: Collection[int], now: datetime) -> Due:
    """What ``policy`` wants told by ``now``. ``heard`` are the channels that were told of the trouble, or
    of the flapping that it is part of."""
    quiet = policy.quiet and quiet_end(
        now, span=policy.quiet.span, days=policy.quiet.days, zone=policy.quiet.zone
    )
    due = (
        _after(facts, policy, set(heard), now) if facts.closed_at else _during(facts, policy, set(heard), now)
    )
    return Due(look_at=quiet) if quiet and (due.notices or due.look_at) else due


def _during(facts: Facts, policy: Policy, heard: set[int], now: datetime) -> Due:
    if facts.event not in policy.events:
        return Due()
    if facts.held or (facts.held_until and now < facts.held_until):
        return Due(look_at=facts.held_until)
    told_from = max(facts.told_from, facts.held_until or facts.told_from)
    begin = told_from + max(policy.delay, STABLE if facts.flap is Flap.MORE else timedelta())
    if now < begin:
        return Due(look_at=begin)
    if facts.acknowledged_at:
        return Due(_acknowledged(policy, heard))
    opening = Event.FLAPPING if facts.flap is Flap.FIRST else facts.event
    notices, moments = set[Notice](), set[datetime]()
    for number, step in enumerate(policy.steps):
        if now < begin + step.after:
            moments.add(begin + step.after)
            break
        event = Event.ESCALATED if number else opening
        notices |= {Notice(event, channel, number) for channel in step.channels}
        if number and Event.ESCALATED in policy.events:
            earlier = {channel for before in policy.steps[:number] for channel in before.channels}
            notices |= {Notice(Event.ESCALATED, channel, number) for channel in earlier}
    if policy.remind_every and Event.REMINDER in policy.events:
        number = (now - begin) // policy.remind_every
        moments.add(begin + (number + 1) * policy.remind_every)
        if number > 0:
            notices |= {Notice(Event.REMINDER, channel, number) for channel in policy.channels & heard}
    return Due(frozenset(notices), min(moments, default=None))


def _acknowledged(policy: Policy, heard: Set[int]) -> frozenset[Notice]:
    if Event.ACKNOWLEDGED not in policy.events:
        return frozenset()
    return frozenset(Notice(Event.ACKNOWLEDGED, channel) for channel in policy.channels & heard)


def _after(facts: Facts, policy: Policy, heard: set[int], now: datetime) -> Due:
    """Who heard of it hears of its end; who asked for ends alone, too. While it flaps, only of the last
    one."""
    assert facts.closed_at is not None  # noqa: S101  # the caller asked
    if Event.RECOVERED not in policy.events:
        return Due()
    wants_ends_only = facts.event not in policy.events
    first = policy.steps[0].channels if policy.steps and wants_ends_only else ()
    notices = frozenset(Notice(Event.RECOVERED, channel) for channel in {*(policy.channels & heard), *first})
    if facts.flap and facts.closed_at - facts.told_from < STABLE:
        if facts.followed:
            return Due()
        if now < facts.closed_at + STABLE:
            return Due(look_at=facts.closed_at + STABLE)
    return Due(notices)
