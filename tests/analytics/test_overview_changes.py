"""What changed of an overview, by the marks of its rows."""

from django.core.cache import caches

from analytics.overview import MARK, Row
from analytics.overview_changes import find_changes


def make_rows(**digests):
    """``m1="ab"``: the settings of monitor 1 are a, its state is b."""
    return [
        Row(pk, None, None, MARK.pack(pk, settings.encode() * 8, state.encode() * 8))
        for pk, (settings, state) in ((int(name[1:]), parts) for name, parts in digests.items())
    ]


def ids(rows):
    return [row.id for row in rows]


FIRST = make_rows(m1="aa", m2="bb", m3="cc")


def test_without_a_token_all_is_sent():
    found = find_changes(FIRST, since="", reader="1")
    assert (found.whole, ids(found.changed), found.moved, found.gone) == (True, [1, 2, 3], [], [])


def test_with_a_token_what_changed_came_or_went_is_sent():
    token = find_changes(FIRST, since="", reader="1").token
    found = find_changes(make_rows(m1="aa", m2="xb", m4="dd"), since=token, reader="1")
    assert (found.whole, ids(found.changed), found.moved, found.gone) == (False, [2, 4], [], [3])
    assert found.token != token


def test_of_a_row_whose_standing_alone_is_another_the_settings_are_not_sent():
    token = find_changes(FIRST, since="", reader="1").token
    found = find_changes(make_rows(m1="ax", m2="xx", m3="cc"), since=token, reader="1")
    assert (ids(found.changed), ids(found.moved), found.gone) == ([2], [1], [])


def test_where_nothing_changed_the_token_stays_and_nothing_is_sent():
    token = find_changes(FIRST, since="", reader="1").token
    found = find_changes(FIRST, since=token, reader="1")
    assert (found.whole, found.changed, found.moved, found.gone) == (False, [], [], [])
    assert found.token == token


def test_a_row_that_is_again_what_it_was_is_known_again():
    token = find_changes(FIRST, since="", reader="1").token
    other = find_changes(make_rows(m1="xa", m2="bb", m3="cc"), since=token, reader="1").token
    assert ids(find_changes(FIRST, since=other, reader="1").changed) == [1]


def test_a_token_that_is_wrong_forgotten_or_anothers_brings_all():
    token = find_changes(FIRST, since="", reader="1").token
    changed = make_rows(m1="xa", m2="bb", m3="cc")
    assert find_changes(changed, since="nonsense", reader="1").whole
    assert find_changes(changed, since=token, reader="2").whole
    caches["overview"].clear()
    assert find_changes(changed, since=token, reader="1").whole
