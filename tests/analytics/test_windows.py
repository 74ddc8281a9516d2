"""Windows: which ranges of rollups they share."""

from itertools import pairwise

from analytics.models import Period
from analytics.windows import DAY, HOUR, LISTED, WINDOWS, find_sources, floor_hour, share_ranges
from tests.analytics.factories import NOW, at


def test_windows_share_the_pieces_that_both_are_made_of():
    first, second, third = at("2026-03-01T00:00"), at("2026-03-02T00:00"), at("2026-03-05T00:00")
    assert share_ranges(
        {
            "long": [(Period.DAY, first, third), (Period.HOUR, third, third + HOUR)],
            "short": [(Period.DAY, second, third), (Period.HOUR, third, third + HOUR)],
            "empty": [],
        }
    ) == [
        ((Period.HOUR, third, third + HOUR), ["long", "short"]),
        ((Period.DAY, first, second), ["long"]),
        ((Period.DAY, second, third), ["long", "short"]),
    ]
    assert share_ranges({}) == []


def test_the_pieces_of_each_listed_window_add_up_to_it_once():
    now = NOW + 0.4 * HOUR
    ranges = {
        name: find_sources(floor_hour(now - WINDOWS[name]), now, floor_hour(now)).rolled for name in LISTED
    }
    for name in LISTED:
        pieces = sorted((start, end) for (_, start, end), names in share_ranges(ranges) if name in names)
        assert pieces[0][0] == floor_hour(now - WINDOWS[name])
        assert pieces[-1][1] == floor_hour(now)
        assert all(earlier[1] == later[0] for earlier, later in pairwise(pieces))
    assert ranges["90d"][1][2] - ranges["90d"][1][1] == 89 * DAY
