"""Latency in buckets: against exact percentiles, and the same in the database as in Python."""

from collections import Counter

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from analytics import dialect
from analytics.histogram import CODES_A_PHASE, GROWTH, PHASES, code_of, middle_of, parse, percentiles
from analytics.latency import PERCENTILES
from monitors.models import Result

LARGEST = 2**31 - 1
latencies = st.one_of(st.integers(0, 200), st.integers(0, 120_000), st.integers(0, LARGEST))


def told(values, phase=0):
    return Counter(code_of(phase, ms) for ms in values)


def text_of(histogram):
    return ",".join(f"{code}:{n}" for code, n in histogram.items())


def nearest_rank(values, percentile):
    """The smallest value that at least ``percentile`` in a hundred do not exceed."""
    return sorted(values)[-(-percentile * len(values) // 100) - 1]


def edges():
    """Of every bucket that holds a whole number: the smallest and the largest, by exact fractions."""
    power = 100  # 1.02^i is power / 100^(i + 1): whole numbers only, nothing is rounded
    scale = 100
    for bucket in range(1, 1087):
        low = -(-power // scale)
        power, scale = power * 102, scale * 100
        high = -(-power // scale) - 1
        if low <= high <= LARGEST:
            yield bucket, low, high


def test_every_bucket_begins_and_ends_where_exact_fractions_say():
    found = [(code_of(0, low), code_of(0, high)) for _, low, high in edges()]
    assert found == [(bucket, bucket) for bucket, _, _ in edges()]
    assert len(found) > 800


@pytest.mark.django_db
def test_the_database_puts_every_edge_into_the_same_bucket():
    values = [0, *(ms for _, low, high in edges() for ms in (low, high))]
    rows = " UNION ALL ".join(["SELECT 3 AS phase, %s AS ms", *["SELECT 3, %s"] * 399])
    found = []
    with connection.cursor() as cursor:
        for first in range(0, len(values), 400):
            some = (values[first : first + 400] + [0] * 400)[:400]
            cursor.execute(f"SELECT ms, {dialect.CODE} FROM ({rows}) t", some)
            found += cursor.fetchall()
    assert {int(ms): int(code) for ms, code in found} == {ms: code_of(3, ms) for ms in values}


@given(latencies)
def test_the_middle_of_a_bucket_is_within_one_percent_and_half_a_millisecond(ms):
    middle = middle_of(code_of(0, ms))
    assert abs(middle - ms) <= ms * 0.01 + 0.5
    assert code_of(0, middle) == code_of(0, ms)


@given(st.integers(0, 50))
def test_below_fifty_milliseconds_nothing_is_lost(ms):
    assert middle_of(code_of(0, ms)) == ms


@given(st.lists(st.lists(latencies, max_size=40), min_size=1, max_size=8).filter(any))
def test_merged_percentiles_are_within_the_stated_error_of_the_exact_ones(parts):
    values = [ms for part in parts for ms in part]
    merged = Counter()
    for part in parts:
        merged.update(parse(text_of(told(part))))
    for percentile, found in zip(PERCENTILES, percentiles(merged, 0, PERCENTILES), strict=True):
        exact = nearest_rank(values, percentile)
        assert abs(found - exact) <= exact * 0.01 + 0.5


@given(st.lists(latencies, max_size=40), st.lists(latencies, max_size=40))
def test_phases_in_one_histogram_do_not_mix(totals, lookups):
    both = told(totals) + told(lookups, phase=1)
    assert percentiles(both, 0, (50,)) == percentiles(told(totals), 0, (50,))
    assert percentiles(both, 1, (50,)) == percentiles(told(lookups), 0, (50,))


@given(st.lists(latencies, max_size=40))
def test_a_histogram_survives_being_stored(values):
    assert parse(text_of(told(values))) == told(values)


def test_where_nothing_was_timed_there_is_no_percentile():
    assert percentiles(Counter(), 0, PERCENTILES) == [None, None, None]
    assert parse("") == Counter()


def test_codes_leave_room_for_every_bucket_and_each_phase_has_a_column():
    assert code_of(0, LARGEST) < CODES_A_PHASE
    assert GROWTH == 1.02
    columns = {field.name for field in Result._meta.get_fields()}
    assert {f"{name}_ms" for name in PHASES} <= columns
