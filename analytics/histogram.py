"""Latency as counts in buckets, so that the percentiles of any window are a merge of its parts'. Pure.

Bucket 0 holds 0 ms; bucket i >= 1 holds the whole milliseconds from 1.02^(i-1) up to, not including,
1.02^i: each is 2 % wide. A percentile is told as the middle of its bucket: at most 1 % and half a
millisecond from the exact nearest rank (exact below 50 ms, where a bucket holds one number).

One histogram holds all phases. A code is ``phase * 2000 + bucket``; stored it is text, ``"231:3,235:12"``.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable

PHASES = ("total", "dns", "connect", "tls", "first_byte", "download")
"""By their number; ``total`` runs from lookup to last byte. A result has a column ``<phase>_ms`` for each."""
CODES_A_PHASE = 2000
GROWTH = 1.02

Histogram = Counter[int]
"""How many results by code."""


def code_of(phase: int, ms: int) -> int:
    """The code of a latency. The database computes the same by ``dialect.CODE``."""
    bucket = 0 if ms < 1 else 1 + math.floor(math.log(ms) / math.log(GROWTH))
    return phase * CODES_A_PHASE + bucket


def middle_of(bucket: int) -> int:
    """The whole milliseconds that stand for a bucket: the (geometric) middle of those it holds."""
    if bucket == 0:
        return 0
    low = math.ceil(GROWTH ** (bucket - 1))
    high = max(low, math.ceil(GROWTH**bucket) - 1)
    return round(math.sqrt(low * high))


def parse(text: str) -> Histogram:
    """A stored histogram."""
    if not text:
        return Counter()
    return Counter(dict(json.loads(f"[[{text.replace(',', '],[').replace(':', ',')}]]")))


def percentiles(histogram: Histogram, phase: int, wanted: Iterable[int]) -> list[int | None]:
    """The nearest-rank percentiles (1 to 100) of one phase, in milliseconds; None where it has no results."""
    first = phase * CODES_A_PHASE
    buckets = sorted(
        (code - first, n) for code, n in histogram.items() if first <= code < first + CODES_A_PHASE
    )
    count = sum(n for _, n in buckets)
    return [_find(buckets, -(-percentile * count // 100)) if count else None for percentile in wanted]


def medians(histogram: Histogram) -> list[int | None]:
    """The median of each of ``PHASES``, as ``percentiles`` tells it; the histogram is walked once."""
    buckets: list[list[tuple[int, int]]] = [[] for _ in PHASES]
    for code, n in sorted(histogram.items()):
        phase, bucket = divmod(code, CODES_A_PHASE)
        if phase < len(PHASES):
            buckets[phase].append((bucket, n))
    counts = [sum(n for _, n in some) for some in buckets]
    return [
        _find(some, -(-50 * count // 100)) if count else None
        for some, count in zip(buckets, counts, strict=True)
    ]


def _find(buckets: list[tuple[int, int]], rank: int) -> int:
    seen = 0
    for bucket, n in buckets:
        seen += n
        if seen >= rank:
            return middle_of(bucket)
    raise AssertionError("a rank lies within its count")
