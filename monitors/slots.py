"""When is a check due? Pure arithmetic on milliseconds; `schedule` asks the database with it."""

import zlib
from collections.abc import Mapping
from typing import Any

from probes.heartbeat_schedule import longest_gap_s, longest_wait_s
from probes.registry import HEARTBEAT


def phase_of(monitor_id: int, interval_s: int) -> int:
    """Where in its interval a monitor's slots are, in ms: a hash of its id, so that the load is even.

    CRC-32 alone gives neighbours similar places; the multiplication (Knuth's 2654435761) spreads them.
    """
    return zlib.crc32((monitor_id * 2654435761 % 2**32).to_bytes(4, "big")) % (interval_s * 1000)


def next_slot(phase_ms: int, interval_s: int, *, from_ms: int) -> int:
    """The first slot at or after ``from_ms``."""
    return from_ms + (phase_ms - from_ms) % (interval_s * 1000)


def last_slot(phase_ms: int, interval_s: int, *, before_ms: int) -> int:
    """The last slot before ``before_ms``."""
    return next_slot(phase_ms, interval_s, from_ms=before_ms - interval_s * 1000)


def slots_between(phase_ms: int, interval_s: int, *, start_ms: int, end_ms: int) -> range:
    """Every slot in ``[start_ms, end_ms)``."""
    return range(next_slot(phase_ms, interval_s, from_ms=start_ms), end_ms, interval_s * 1000)


def phase_ranges(interval_s: int, *, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """The half-open ranges of phases that have a slot in ``[start_ms, end_ms)``: one, or two around the
    turn."""
    length_ms = interval_s * 1000
    if end_ms - start_ms >= length_ms:
        return [(0, length_ms)]
    low, high = start_ms % length_ms, end_ms % length_ms
    return [(low, high)] if low <= high else [(low, length_ms), (0, high)]


def holds_s_of(kind: str, interval_s: int, config: Mapping[str, Any]) -> int:
    """How long a result speaks for the target when none follows: until the next slot, or the next ping's
    deadline. What comes after is no data."""
    return longest_wait_s(config) if kind == HEARTBEAT else interval_s


def interval_s_of(kind: str, interval_s: int, config: Mapping[str, Any]) -> int:
    """How often the target is heard of: a heartbeat's interval is its job's."""
    return longest_gap_s(config) if kind == HEARTBEAT else interval_s
