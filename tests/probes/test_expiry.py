"""Which threshold an end has passed, and how thresholds are entered."""

from datetime import timedelta

import pytest

from probes.config import check_config
from probes.config_error import ConfigError
from probes.expiry import find_passed

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "left", "passed"),
    [
        (14, 14 * DAY, None),
        (14, 13.9 * DAY, 14),
        (0, -5 * DAY, None),
        ([30, 14, 7, 1], 31 * DAY, None),
        ([30, 14, 7, 1], 29 * DAY, 30),
        ([30, 14, 7, 1], 7 * DAY, 14),
        ([30, 14, 7, 1], 6.5 * DAY, 7),
        ([1, 7, 30], 0.5 * DAY, 1),
        ([30, 1], -3 * DAY, 1),
    ],
)
def test_the_smallest_threshold_that_is_passed_is_found(given, left, passed):
    assert find_passed(given, left) == passed


@pytest.mark.parametrize(
    ("kind", "field"), [("http", "tls_expiry_days"), ("tls", "tls_expiry_days"), ("domain", "expiry_days")]
)
def test_one_number_or_several_may_be_entered(kind, field):
    for given, kept in ((14, 14), (0, 0), ([7, 30, 7, 1], [30, 7, 1]), ([3], [3])):
        assert check_config(kind, {field: given})[field] == kept
    for wrong in ([], [0], [366], -1, "14", [1.5], list(range(1, 13)), [True], None):
        with pytest.raises(ConfigError) as refused:
            check_config(kind, {field: wrong})
        assert "or a list of at most 10 such as [30, 14, 7, 1]" in refused.value.errors[field]
