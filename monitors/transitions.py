"""When does a monitor turn down? The rules, pure: no clock and no database, so that any history can be
replayed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from probes.result import Status


class State(StrEnum):
    """What we believe of a target: in one region, or by the quorum of its regions. ``NO_DATA`` is of all
    regions together: none of them has told anything for too long (`monitors/no_data.py`)."""

    PENDING = "pending"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    NO_DATA = "no_data"


BELIEFS = tuple(state for state in State if state is not State.NO_DATA)
"""What one region may believe."""


FAIL_AFTER = 2
"""How many failures in a row turn a monitor down, unless its team says otherwise."""


@dataclass(frozen=True, slots=True)
class Policy:
    """``fail_after`` failures in a row are needed to believe a down, ``recover_after`` passes to believe a
    recovery."""

    fail_after: int = FAIL_AFTER
    recover_after: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules need to know of a result. ``fresh``: new enough to be data again; ``excuses``: our own
    network failed, so what failed shortly before counts no more."""

    at: datetime
    region: str
    status: Status
    in_maintenance: bool = False
    fresh: bool = True
    excuses: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """What one region believes, and the run of results that may change its mind. ``no_data``: it believed so
    when its results stopped, and has no say until they come again."""

    state: State = State.PENDING
    failures: int = 0
    first_failed_at: datetime | None = None
    passes: int = 0
    first_passed_at: datetime | None = None
    no_data: bool = False

    @property
    def undecided(self) -> bool:
        """A run has begun that one more look can confirm or refute: worth a recheck."""
        return self.passes > 0 if self.state is State.DOWN else self.failures > 0


@dataclass(frozen=True, slots=True)
class WentDown:
    """The quorum is down since ``at``: the failing result that completed it is (``at``, ``region``)."""

    at: datetime
    region: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """The quorum is down no more since ``at``, the first passing result."""

    at: datetime


Change = WentDown | Recovered


def step(health: Health, finding: Finding, policy: Policy) -> Health:
    """Fold one result of a region into its health.

    What we could not measure changes nothing. In maintenance a failure is not held against the target (it
    ends a run of failures that had not been believed yet), but a recovery counts. When our own network
    failed, such a run ends, too: it may have begun with that.
    """
    if finding.status is Status.UNKNOWN:
        return _calm(health) if finding.excuses and health.state is not State.DOWN else health
    if health.no_data and finding.fresh:
        health = replace(health, no_data=False)
    if finding.status is Status.DOWN:
        if finding.in_maintenance:
            return (
                replace(health, passes=0, first_passed_at=None)
                if health.state is State.DOWN
                else _calm(health)
            )
        return _fail(health, finding.at, policy)
    return _pass(health, finding, policy)


def _calm(health: Health) -> Health:
    return replace(health, failures=0, first_failed_at=None)


def _fail(health: Health, at: datetime, policy: Policy) -> Health:
    if health.state is State.DOWN:
        return replace(health, passes=0, first_passed_at=None)
    failures = health.failures + 1
    state = State.DOWN if failures >= policy.fail_after else health.state
    return Health(state, failures, health.first_failed_at or at, no_data=health.no_data)


def _pass(health: Health, finding: Finding, policy: Policy) -> Health:
    passes = health.passes + 1
    if health.state is State.DOWN and passes < policy.recover_after:
        return replace(health, passes=passes, first_passed_at=health.first_passed_at or finding.at)
    return Health(State(finding.status.value), no_data=health.no_data)


def quorum(regions: int) -> int:
    """How many of ``regions`` must be down before the monitor is: more than half of them."""
    return regions // 2 + 1


def decide_state(healths: Collection[Health]) -> State:
    """What the regions that have data believe together. A minority that is down is a degraded monitor,
    not a down one."""
    if healths and all(health.no_data for health in healths):
        return State.NO_DATA
    states = [health.state for health in healths if not health.no_data]
    if is_down(healths):
        return State.DOWN
    if State.DOWN in states or State.DEGRADED in states:
        return State.DEGRADED
    return State.UP if State.UP in states else State.PENDING


def is_down(healths: Collection[Health]) -> bool:
    """Whether the quorum of the regions finds it down. When no region has data, what they last found counts:
    the loss of data neither opens nor ends an incident."""
    voices = [health for health in healths if not health.no_data] or healths
    down = sum(health.state is State.DOWN for health in voices)
    return bool(voices) and down >= quorum(len(voices))


def fold(
    healths: Mapping[str, Health],
    findings: Sequence[Finding],
    policy: Policy,
    *,
    watching: Collection[str] | None = None,
) -> tuple[dict[str, Health], list[Change]]:
    """Fold ``findings``, ordered by slot, into the regions' healths; the changes are what people must hear.

    All results of one slot count before the quorum is asked, so the order of the regions does not matter.
    A region that is not ``watching`` any more (None: all are) has no say after its last finding: from the
    next slot on the quorum is one of those that are left, whatever that does to an outage.
    """
    after = dict(healths)
    gone = {} if watching is None else _last_slots(healths, findings, watching)
    changes: list[Change] = []
    for at, slot in groupby(findings, key=lambda finding: finding.at):
        before = dict(after)
        for region, last_at in gone.items():
            if last_at is None or last_at < at:
                after.pop(region, None)
        for finding in slot:
            if finding.region in after or finding.region not in gone or finding.status is not Status.UNKNOWN:
                after[finding.region] = step(after.get(finding.region, Health()), finding, policy)
        change = compare_beliefs(before, after, at)
        if change:
            changes.append(change)
    return after, changes


def _last_slots(
    healths: Mapping[str, Health], findings: Sequence[Finding], watching: Collection[str]
) -> dict[str, datetime | None]:
    """The slot of the last finding of each region that no longer watches; None where there is none."""
    last: dict[str, datetime | None] = dict.fromkeys(r for r in healths if r not in watching)
    last |= {
        finding.region: finding.at
        for finding in findings
        if finding.region not in watching and finding.status is not Status.UNKNOWN
    }
    return last


def compare_beliefs(before: Mapping[str, Health], after: Mapping[str, Health], at: datetime) -> Change | None:
    """What people must hear when the regions believed ``before`` and believe ``after`` since ``at``."""
    was, now = is_down(before.values()), is_down(after.values())
    if now and not was:
        voices = _list_voices(after)
        down = sorted((h.first_failed_at or at, r) for r, h in voices.items() if h.state is State.DOWN)
        return WentDown(*down[quorum(len(voices)) - 1])
    if was and not now:
        still = {region for region, health in _list_voices(after).items() if health.state is State.DOWN}
        risen = [h for r, h in before.items() if h.state is State.DOWN and r not in still]
        return Recovered(max((health.first_passed_at or at for health in risen), default=at))
    return None


def _list_voices(healths: Mapping[str, Health]) -> Mapping[str, Health]:
    return {region: health for region, health in healths.items() if not health.no_data} or healths
