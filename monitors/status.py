"""What a monitor's status says beside its word: since when, and why. Pure, over what its regions believe.

Instants are milliseconds, as they are stored.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import TextChoices

from core.instants import to_ms
from monitors.models import RegionState
from monitors.transitions import Health, State, quorum
from probes.result import Status


class MonitorStatus(TextChoices):
    """A monitor's status in one word: what its regions believe together, or that it is paused or
    maintained."""

    PENDING = "pending", "pending"
    UP = "up", "up"
    DEGRADED = "degraded", "degraded"
    DOWN = "down", "down"
    NO_DATA = "no_data", "no_data"
    PAUSED = "paused", "paused"
    MAINTENANCE = "maintenance", "maintenance"


class Belief(NamedTuple):
    """A region's state, as it is stored."""

    state: str
    changed_at_ms: int | None
    counted_from_ms: int
    no_data_since_ms: int | None
    no_data_reason: str

    @classmethod
    def of(cls, state: RegionState) -> "Belief":
        changed, lost = state.changed_at, state.no_data_since
        return cls(
            state.state,
            to_ms(changed) if changed else None,
            to_ms(state.counted_from),
            to_ms(lost) if lost else None,
            state.no_data_reason,
        )

    @property
    def health(self) -> Health:
        return Health(State(self.state), no_data=self.no_data_since_ms is not None)

    @property
    def since_ms(self) -> int:
        return self.counted_from_ms if self.changed_at_ms is None else self.changed_at_ms


def find_since(state: State, beliefs: Sequence[Belief]) -> int | None:
    """Since when the regions together say ``state``, as far as they remember; None without any region.

    Down: since the region that completed the quorum. Degraded: since the first of those that are not well.
    Up: since the last one that became so.
    """
    if not beliefs:
        return None
    if state is State.NO_DATA:
        return max(belief.no_data_since_ms or 0 for belief in beliefs)
    voices = [belief for belief in beliefs if belief.no_data_since_ms is None]
    if state is State.DOWN:
        down = sorted(voice.since_ms for voice in voices if voice.state == State.DOWN)
        return down[quorum(len(voices)) - 1]
    if state is State.DEGRADED:
        return min(voice.since_ms for voice in voices if voice.state in (State.DOWN, State.DEGRADED))
    return max((voice.since_ms for voice in voices if voice.state == state), default=None)


Finding = tuple[Belief, str | None, str | None]
"""What a region believes, with the status and the sentence of its newest result."""


def explain_state(state: State, findings: Sequence[Finding]) -> str:
    """Why the monitor is in trouble, in a sentence; empty while it is not, and where nobody said why."""
    if state is State.NO_DATA:
        last = max(findings, key=lambda finding: finding[0].no_data_since_ms or 0)
        return last[0].no_data_reason
    if state not in (State.DOWN, State.DEGRADED):
        return ""
    voices = [finding for finding in findings if finding[0].no_data_since_ms is None]
    down = [finding for finding in voices if finding[0].state == State.DOWN]
    guilty = down or [finding for finding in voices if finding[0].state == State.DEGRADED]
    wanted = Status.DOWN if down else Status.DEGRADED
    sentences = [error for _, status, error in guilty if status == wanted and error]
    if not sentences:
        return ""
    where = f" ({len(guilty)} of {len(voices)} regions)" if len(voices) > 1 else ""
    return f"{sentences[0].removesuffix('.')}{where}."
