"""Since when a monitor is as it is, and why."""

import pytest

from monitors.status import Belief, explain_state, find_since
from monitors.transitions import State, decide_state


def believe(*told):
    """Of each region a letter and when it began to be true; ``?`` has no data since then."""
    states = {"U": "up", "S": "degraded", "D": "down", "P": "pending"}
    return [
        Belief("up", 1, 1, at, "Nothing came.")
        if letter == "?"
        else Belief(states[letter], None if letter == "P" else at, at, None, "")
        for letter, at in told
    ]


@pytest.mark.parametrize(
    ("told", "state", "since"),
    [
        ([("P", 5)], "pending", 5),
        ([("U", 5)], "up", 5),
        ([("U", 5), ("U", 9), ("U", 7)], "up", 9),
        ([("D", 9)], "down", 9),
        ([("D", 3), ("D", 7), ("U", 1)], "down", 7),  # the second region completed the quorum
        ([("D", 3), ("D", 7), ("D", 9)], "down", 7),
        ([("D", 9), ("U", 1), ("U", 1)], "degraded", 9),
        ([("S", 4), ("S", 6)], "degraded", 4),
        ([("?", 4), ("?", 6)], "no_data", 6),
        ([("?", 4), ("D", 6)], "down", 6),  # one without data has no say
        ([], "pending", None),
    ],
)
def test_since_when_the_regions_say_so_together(told, state, since):
    beliefs = believe(*told)
    found = decide_state([belief.health for belief in beliefs])
    assert (found, find_since(found, beliefs)) == (state, since)


def test_trouble_is_explained_by_those_who_see_it():
    up, down = believe(("U", 1), ("D", 2))
    refused = "Expected 200-299, got 503."
    assert explain_state(State.DOWN, [(down, "down", refused)]) == refused
    many = [(down, "down", refused), (down, "down", "Timed out."), (up, "up", "")]
    assert explain_state(State.DOWN, many) == "Expected 200-299, got 503 (2 of 3 regions)."
    assert (
        explain_state(State.DEGRADED, [(up, "up", ""), (down, "down", "Timed out.")])
        == "Timed out (1 of 2 regions)."
    )
    assert explain_state(State.UP, [(up, "degraded", "Slow.")]) == ""
    assert explain_state(State.DOWN, [(down, "unknown", "Our own network.")]) == ""
    (silent,) = believe(("?", 1))
    assert explain_state(State.NO_DATA, [(silent, "up", "")]) == "Nothing came."
