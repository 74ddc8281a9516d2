"""Counts and instants, spelled the same wherever they stand."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.formats import say_count, say_utc, spell_rfc3339

AT = datetime(2026, 3, 2, 14, 5, 9, 123_000, tzinfo=UTC)
IN_INDIA = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1_000, "1000 days")]
)
def test_one_is_told_from_many(number, told):
    assert say_count(number, "day") == told


@pytest.mark.parametrize("at", [AT, IN_INDIA])
def test_an_instant_is_told_in_utc_whatever_its_zone(at):
    assert say_utc(at) == "2026-03-02 14:05 UTC"
    assert say_utc(at, seconds=True) == "2026-03-02 14:05:09 UTC"
    assert spell_rfc3339(at) == "2026-03-02T14:05:09.123000Z"
    assert spell_rfc3339(at, timespec="milliseconds") == "2026-03-02T14:05:09.123Z"
    assert spell_rfc3339(at, timespec="seconds") == "2026-03-02T14:05:09Z"
    assert datetime.fromisoformat(spell_rfc3339(at)) == at
