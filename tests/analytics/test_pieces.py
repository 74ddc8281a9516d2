"""Figures that are kept in pieces, and made anew piece by piece."""

import pytest
from django.core.cache import cache

from analytics.pieces import PIECE, read_pieces

IDS = list(range(1, 2 * PIECE + 2))


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


class Maker:
    """Says what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, ids):
        self.asked.append(list(ids))
        return {pk: f"made {len(self.asked)}" for pk in ids}


def read(version, make, *, ids=IDS, for_s=60.0, **limits):
    return read_pieces("test", version, ids, make, for_s=for_s, **limits)


def test_what_is_kept_is_not_made_again():
    make = Maker()
    assert read("1", make).complete
    assert list(map(len, make.asked)) == [PIECE, PIECE, 1]
    again = read("1", make)
    assert (len(make.asked), again.complete, list(again.found)) == (3, True, IDS)


def test_without_time_a_request_makes_one_piece_and_the_next_goes_on():
    make = Maker()
    first = read("1", make, for_s=0)
    assert (first.complete, len(first.found)) == (False, PIECE)
    second = read("1", make, for_s=0)
    assert (second.complete, len(second.found)) == (False, 2 * PIECE)
    assert read("1", make, for_s=0).complete
    assert list(map(len, make.asked)) == [PIECE, PIECE, 1]


def test_what_was_kept_before_will_do_where_that_is_asked():
    make = Maker()
    read("1", make)
    renewed = read("2", make, for_s=60, renew_for_s=0)
    assert (renewed.complete, len(renewed.found)) == (False, len(IDS))
    assert (renewed.found[1], renewed.found[PIECE + 1]) == ("made 4", "made 2")
    assert len(read("3", make, for_s=0).found) == PIECE


def test_only_the_new_ones_of_a_piece_are_made():
    make = Maker()
    read("1", make, ids=[1, 2, 4])
    assert list(read("1", make, ids=[2, 3, 4]).found) == [2, 4, 3]
    assert make.asked == [[1, 2, 4], [3]]


def test_of_what_nothing_is_said_that_is_kept_too():
    asked = []
    for _ in range(2):
        assert read("1", lambda due: asked.append(due) or {}, ids=[7]).found == {7: None}
    assert asked == [[7]]
