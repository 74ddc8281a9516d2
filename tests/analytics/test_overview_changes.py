"""What changed of an overview, by the digests of its rows."""

from django.core.cache import cache

from analytics.overview_changes import find_changes

FIRST = {1: b"a" * 8, 2: b"b" * 8, 3: b"c" * 8}


def test_without_a_token_all_is_sent():
    found = find_changes(FIRST, since="", reader="1")
    assert (found.whole, list(found.changed), found.gone) == (True, [1, 2, 3], [])


def test_with_a_token_what_changed_came_or_went_is_sent():
    token = find_changes(FIRST, since="", reader="1").token
    found = find_changes({1: b"a" * 8, 2: b"x" * 8, 4: b"d" * 8}, since=token, reader="1")
    assert (found.whole, list(found.changed), found.gone) == (False, [2, 4], [3])
    assert found.token != token


def test_where_nothing_changed_the_token_stays_and_nothing_is_sent():
    token = find_changes(FIRST, since="", reader="1").token
    found = find_changes(FIRST, since=token, reader="1")
    assert (found.whole, list(found.changed), found.gone, found.token) == (False, [], [], token)


def test_a_row_that_is_again_what_it_was_is_known_again():
    token = find_changes(FIRST, since="", reader="1").token
    other = find_changes(FIRST | {1: b"x" * 8}, since=token, reader="1").token
    assert list(find_changes(FIRST, since=other, reader="1").changed) == [1]


def test_a_token_that_is_wrong_forgotten_or_anothers_brings_all():
    token = find_changes(FIRST, since="", reader="1").token
    changed = FIRST | {1: b"x" * 8}
    assert find_changes(changed, since="nonsense", reader="1").whole
    assert find_changes(changed, since=token, reader="2").whole
    cache.clear()
    assert find_changes(changed, since=token, reader="1").whole
