"""Percentiles told of what the databases count."""

import json
from decimal import Decimal

from analytics.histogram import code_of
from analytics.latency import Latency


def test_latencies_are_whole_numbers_whatever_the_database_counts_in():
    """MariaDB's sums, and the minimum and maximum of a CASE over raw results, come as Decimal."""
    found = Latency()
    histogram = f"{code_of(0, 9)}:1,{code_of(0, 105)}:1"  # the middle of 105's bucket lies above 105
    found.add(2, Decimal(114), Decimal(9), Decimal(105), histogram)
    told = found.tell()
    assert {type(value) for value in told.values()} == {int}
    assert json.loads(json.dumps(told)) == {"min": 9, "avg": 57, "p50": 9, "p95": 105, "p99": 105, "max": 105}
