"""Who must be told what by now? Pure: the facts of a trouble, one rule, what was told already, and the time.

The answer is always the whole one: what it names and is not told yet, is to be told. So it may be asked
twice, late, or after a crash, and the same people hear the same once.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.models import Event, Reason
from alerts.quiet_hours import quiet_end

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
    held_by: Reason = Reason.DEPENDENCY


@dataclass(frozen=True, slots=True)
class Quiet:
    span: tuple[time, time]
    days: frozenset[str]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class EscalationStep:
    after: timedelta
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """A rule. ``steps`` are in order; the first is told at once, the others when nobody acknowledges."""

    events: frozenset[str]
    steps: tuple[EscalationStep, ...]
    delay: timedelta = timedelta()
    remind_every: timedelta | None = None
    quiet: Quiet | None = None
    name: str = ""
    off: tuple[str, ...] = ()
    """The names of its channels that are switched off; they are in no step."""

    @property
    def channels(self) -> frozenset[int]:
        return frozenset(channel for step in self.steps for channel in step.channels)


@dataclass(frozen=True, slots=True, order=True)
class DueNotice:
    """To tell ``channel`` of ``event``; ``number`` tells reminders and steps apart."""

    event: str
    channel: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Withheld:
    """What keeps it quiet, until when (None: until that ends), and what would be told now without it; nothing
    where not even the first step's time has come."""

    reason: Reason
    until: datetime | None = None
    kept: frozenset[DueNotice] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """``look_at``: when there may be more to tell, if nothing happens until then."""

    notices: frozenset[DueNotice] = frozenset()
    look_at: datetime | None = None
    withheld: Withheld | None = field(default=None, compare=False)


def find_due(facts: Facts, policy: RulePolicy, *, heard: Collection[int], now: datetime) -> Due:
    """What ``policy`` wants told by ``now``. ``heard`` are the channels that were told of the trouble, or
    of the flapping that it is part of."""
    quiet = policy.quiet and quiet_end(
        now, span=policy.quiet.span, days=policy.quiet.days, zone=policy.quiet.zone
    )
    due = (
        _after(facts, policy, set(heard), now) if facts.closed_at else _during(facts, policy, set(heard), now)
    )
    if quiet and (due.notices or due.look_at):
        kept = Withheld(Reason.QUIET_HOURS, quiet, due.notices) if due.notices or due.withheld else None
        return Due(look_at=quiet, withheld=kept)
    return due


def _during(facts: Facts, policy: RulePolicy, heard: set[int], now: datetime) -> Due:
    if facts.event not in policy.events:
        return Due()
    if facts.event == Event.MONITORING_STOPPED:  # nobody can acknowledge it: told once, to who is told first
        policy = replace(policy, steps=policy.steps[:1], remind_every=None)
    if facts.held or (facts.held_until and now < facts.held_until):
        return Due(look_at=facts.held_until, withheld=Withheld(facts.held_by, facts.held_until))
    told_from = max(facts.told_from, facts.held_until or facts.told_from)
    begin = told_from + max(policy.delay, STABLE if facts.flap is Flap.MORE else timedelta())
    if now < begin:
        waits_to_be_stable = facts.flap is Flap.MORE and policy.delay < STABLE
        reason = Reason.FLAPPING if waits_to_be_stable else Reason.DELAY
        return Due(look_at=begin, withheld=Withheld(reason, begin))
    if facts.acknowledged_at:
        return Due(_acknowledged(policy, heard))
    opening = Event.FLAPPING if facts.flap is Flap.FIRST else facts.event
    notices, moments = set[DueNotice](), set[datetime]()
    for number, step in enumerate(policy.steps):
        if now < begin + step.after:
            moments.add(begin + step.after)
            break
        event = Event.ESCALATED if number else opening
        notices |= {DueNotice(event, channel, number) for channel in step.channels}
        if number and Event.ESCALATED in policy.events:
            earlier = {channel for before in policy.steps[:number] for channel in before.channels}
            notices |= {DueNotice(Event.ESCALATED, channel, number) for channel in earlier}
    if policy.remind_every and Event.REMINDER in policy.events:
        number = (now - begin) // policy.remind_every
        moments.add(begin + (number + 1) * policy.remind_every)
        if number > 0:
            notices |= {DueNotice(Event.REMINDER, channel, number) for channel in policy.channels & heard}
    return Due(frozenset(notices), min(moments, default=None))


def _acknowledged(policy: RulePolicy, heard: Set[int]) -> frozenset[DueNotice]:
    if Event.ACKNOWLEDGED not in policy.events:
        return frozenset()
    return frozenset(DueNotice(Event.ACKNOWLEDGED, channel) for channel in policy.channels & heard)


def end_of(event: str) -> Event:
    """What tells that a trouble which ``event`` opened is over."""
    return Event.MONITORING_RESUMED if event == Event.MONITORING_STOPPED else Event.RECOVERED


def _after(facts: Facts, policy: RulePolicy, heard: set[int], now: datetime) -> Due:
    """Who heard of it hears of its end; who asked for ends alone, too. While it flaps, only of the last
    one."""
    assert facts.closed_at is not None  # noqa: S101  # the caller asked
    end = end_of(facts.event)
    if end not in policy.events:
        return Due()
    wants_ends_only = facts.event not in policy.events
    first = policy.steps[0].channels if policy.steps and wants_ends_only else ()
    notices = frozenset(DueNotice(end, channel) for channel in {*(policy.channels & heard), *first})
    if facts.flap and facts.closed_at - facts.told_from < STABLE:
        stable_at = facts.closed_at + STABLE
        if facts.followed:
            return Due(withheld=Withheld(Reason.FLAPPING, kept=notices) if notices else None)
        if now < stable_at:
            kept = Withheld(Reason.FLAPPING, stable_at, notices) if notices else None
            return Due(look_at=stable_at, withheld=kept)
    return Due(notices)
