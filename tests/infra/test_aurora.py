"""Which version of Aurora is taken, and until when it is looked after."""

from datetime import UTC, date, datetime, timedelta

import pytest

from infra import aurora
from infra.aurora import ENDS, LINE, PREFIX, WrongVersion, choose_version, find_trouble

OFFERED = [f"{PREFIX}{one}" for one in ("3.04.4", "3.10.3", "3.10.10", "3.12.0")] + [
    "5.7.mysql_aurora.2.12.5"
]


def test_the_default_line_is_supported_for_ninety_days_more():
    """Ninety days before it is not, this fails: choose another line."""
    assert find_trouble(f"{PREFIX}{LINE}.0", today=datetime.now(UTC).date()) == ""


@pytest.mark.parametrize(
    ("wish", "chosen"),
    [("3.10", "3.10.10"), ("3.10.3", "3.10.3"), (f"{PREFIX}3.12.0", "3.12.0"), ("3", "3.12.0")],
)
def test_a_line_is_its_newest_version_on_offer(wish, chosen):
    assert choose_version(wish, OFFERED) == PREFIX + chosen


@pytest.mark.parametrize("wish", ["3.08", "3.1", "2.12.5", "8.4", "3.10.1"])
def test_what_is_not_on_offer_is_refused_with_what_is(wish):
    with pytest.raises(WrongVersion) as refused:
        choose_version(wish, OFFERED)
    assert "There are 3.04.4, 3.10.3, 3.10.10, 3.12.0: name one with" in str(refused.value)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (91, ""),
        (90, f"AWS's support of Aurora MySQL {LINE} ends on 30 April 2028: provision with a newer"),
        (-1, f"AWS's support of Aurora MySQL {LINE} ended on 30 April 2028: provision with a newer"),
    ],
)
def test_an_end_is_told_ninety_days_before(days, sentence):
    told = find_trouble(f"{PREFIX}{LINE}.4", today=ENDS[LINE] - timedelta(days=days))
    assert told.startswith(sentence) if sentence else told == ""


def test_the_version_of_old_has_ended():
    told = find_trouble(f"{PREFIX}3.08.2", today=date(2026, 11, 29))
    assert told == (
        "AWS's support of Aurora MySQL 3.08 ended on 31 August 2026: provision with --engine-version 3.10."
    )


def test_a_line_without_a_known_end_is_no_trouble():
    assert find_trouble(f"{PREFIX}3.12.0", today=date(2026, 11, 29)) == ""
    assert aurora.line_of(f"{PREFIX}3.12.0") == "3.12"
