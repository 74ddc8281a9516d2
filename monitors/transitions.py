"""When does a monitor turn down? The rules, pure: no clock and no database, so that any history can be
replayed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from probes.result import Status


class State(StrEnum):
    """What we believe of a target: in one region, or by the quorum of its regions."""

    PENDING = "pending"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Policy:
    """``fail_after`` failures in a row are needed to believe a down, ``recover_after`` passes to believe a
    recovery."""

    fail_after: int = 2
    recover_after: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules need to know of a result."""

    at: datetime
    region: str
    status: Status
    in_maintenance: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """What one region believes, and the run of results that may change its mind."""

    state: State = State.PENDING
    failures: int = 0
    first_failed_at: datetime | None = None
    passes: int = 0
    first_passed_at: datetime | None = None

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
    ends a run of failures that had not been believed yet), but a recovery counts.
    """
    if finding.status is Status.UNKNOWN:
        return health
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
    return Health(state, failures, health.first_failed_at or at)


def _pass(health: Health, finding: Finding, policy: Policy) -> Health:
    passes = health.passes + 1
    if health.state is State.DOWN and passes < policy.recover_after:
        return replace(health, passes=passes, first_passed_at=health.first_passed_at or finding.at)
    return Health(State(finding.status.value))


def quorum(regions: int) -> int:
    """How many of ``regions`` must be down before the monitor is: more than half of them."""
    return regions // 2 + 1


def verdict(healths: Collection[Health]) -> State:
    """What the regions believe together. A minority that is down is a degraded monitor, not a down one."""
    states = [health.state for health in healths]
    if states and states.count(State.DOWN) >= quorum(len(states)):
        return State.DOWN
    if State.DOWN in states or State.DEGRADED in states:
        return State.DEGRADED
    return State.UP if State.UP in states else State.PENDING


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
            after[finding.region] = step(after.get(finding.region, Health()), finding, policy)
        change = _compare(before, after, at)
        if change:
            changes.append(change)
    return after, changes


def _last_slots(
    healths: Mapping[str, Health], findings: Sequence[Finding], watching: Collection[str]
) -> dict[str, datetime | None]:
    """The slot of the last finding of each region that watches no more; None where there is none."""
    last: dict[str, datetime | None] = dict.fromkeys(r for r in healths if r not in watching)
    last |= {finding.region: finding.at for finding in findings if finding.region not in watching}
    return last


def _compare(before: Mapping[str, Health], after: Mapping[str, Health], at: datetime) -> Change | None:
    was_down = verdict(before.values()) is State.DOWN
    is_down = verdict(after.values()) is State.DOWN
    if is_down and not was_down:
        down = sorted(
            (h.first_failed_at or at, region) for region, h in after.items() if h.state is State.DOWN
        )
        return WentDown(*down[quorum(len(after)) - 1])
    if was_down and not is_down:
        still = {region for region, health in after.items() if health.state is State.DOWN}
        risen = [h for r, h in before.items() if h.state is State.DOWN and r not in still]
        return Recovered(max(health.first_passed_at or at for health in risen))
    return None
