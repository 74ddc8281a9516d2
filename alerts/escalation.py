"""Who must have been told what by now? Pure: the answer follows from a trouble, one rule, who heard, and the
time.

``find_due_notices`` always names all notices that should have been sent by now. The caller sends those that
are not in the ledger yet. So the question may be asked twice, late, or after a crash, and nobody is told the
same twice.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.models import Event, Reason
from alerts.quiet_hours import quiet_end

STABLE = timedelta(minutes=10)
"""A monitor has stopped flapping when its state did not change for this long."""


class Flap(StrEnum):
    """``first``: this trouble tells people that the monitor flaps. ``more``: a trouble after that one."""

    FIRST = "first"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need to know of a trouble.

    ``told_from``: when we learned of it; delays count from there. ``held_until``: something mutes it until
    then. ``held``: something mutes it and nobody knows until when (a monitor that it depends on is down).
    ``held_by``: what mutes it. ``followed``: the same monitor has a newer trouble.
    """

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
    """A rule as planning reads it. ``steps`` are in order of time: the channels of the first are told at
    once, those of the others when nobody has acknowledged by then."""

    events: frozenset[str]
    steps: tuple[EscalationStep, ...]
    delay: timedelta = timedelta()
    remind_every: timedelta | None = None
    quiet: Quiet | None = None
    name: str = ""
    off: tuple[str, ...] = ()
    """The names of the rule's channels that are switched off. They stand in no step."""

    @property
    def channels(self) -> frozenset[int]:
        return frozenset(channel for step in self.steps for channel in step.channels)


@dataclass(frozen=True, slots=True, order=True)
class DueNotice:
    """Tell ``channel`` of ``event``. ``number`` is the number of the step or of the reminder."""

    event: str
    channel: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Withheld:
    """Notices that are kept back. ``until`` is None when nobody knows the end. ``kept`` holds the notices
    that would be due now without ``reason``; it may be empty."""

    reason: Reason
    until: datetime | None = None
    kept: frozenset[DueNotice] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """``notices``: all that should have been told by now. ``look_at``: ask again then, even when nothing
    happens until then; None for never."""

    notices: frozenset[DueNotice] = frozenset()
    look_at: datetime | None = None
    withheld: Withheld | None = field(default=None, compare=False)


def find_due_notices(facts: Facts, policy: RulePolicy, *, heard: Collection[int], now: datetime) -> Due:
    """All that ``policy`` wants told by ``now``. ``heard`` holds the ids of the channels that were told that
    the trouble began, or that its monitor flaps."""
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
    if facts.event == Event.MONITORING_STOPPED:  # nobody can acknowledge it, so the first step is told once
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
    """The event that tells the end of a trouble which ``event`` opened."""
    return Event.MONITORING_RESUMED if event == Event.MONITORING_STOPPED else Event.RECOVERED


def _after(facts: Facts, policy: RulePolicy, heard: set[int], now: datetime) -> Due:
    """What is due after the trouble is over: the channels that heard of it hear of its end.

    A rule that lists ends and not this beginning tells its first step. While the monitor flaps, only the end
    of its last trouble is told, after ``STABLE``.
    """
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
