from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.transitions import (
    Finding,
    Health,
    Policy,
    Recovered,
    State,
    WentDown,
    decide_state,
    fold,
    is_down,
    quorum,
    step,
)
from probes.result import Status

T0 = datetime(2026, 1, 1, tzinfo=UTC)
OUTCOMES = {"U": Status.UP, "D": Status.DOWN, "S": Status.DEGRADED, "?": Status.UNKNOWN}


def at(minute):
    return T0 + timedelta(minutes=minute)


def history(outcomes, region="local"):
    """``UDD`` into findings a minute apart; a lower-case letter is in maintenance, a dot is a missing
    slot."""
    return [
        Finding(at(minute), region, OUTCOMES[letter.upper()], letter.islower())
        for minute, letter in enumerate(outcomes)
        if letter != "."
    ]


def changes(outcomes, **policy):
    return fold({"local": Health()}, history(outcomes), Policy(**policy))[1]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("UUU", []),
        ("DUD", []),  # a lone failure is a blip, not an incident
        ("UDDD", [WentDown(at(1), "local")]),  # starts at the first failure, is told once
        ("DDUDD", [WentDown(at(0), "local"), Recovered(at(2)), WentDown(at(3), "local")]),
        ("DSD", []),  # slow is not down
        ("D?D", [WentDown(at(0), "local")]),  # what we could not measure changes nothing
        ("D..D", [WentDown(at(0), "local")]),
        ("UddddU", []),  # planned trouble is no incident
        ("DdD", []),  # maintenance ends a run that was not believed yet
        ("UddDD", [WentDown(at(3), "local")]),  # still down after maintenance: that is one
        ("DDddU", [WentDown(at(0), "local"), Recovered(at(4))]),
        ("DDuU", [WentDown(at(0), "local"), Recovered(at(2))]),  # a recovery counts in maintenance too
    ],
)
def test_two_failures_in_a_row_turn_a_history_into_changes(outcomes, expected):
    assert changes(outcomes) == expected


def test_a_recovery_that_needs_two_passes_dates_from_the_first_of_them():
    assert changes("DDUDUUU", recover_after=2) == [WentDown(at(0), "local"), Recovered(at(4))]


def test_one_failure_is_enough_where_the_policy_says_so():
    assert changes("UDU", fail_after=1) == [WentDown(at(1), "local"), Recovered(at(2))]


def test_a_steady_monitor_keeps_the_very_same_health_so_that_nothing_is_written():
    up = Health(State.UP)
    assert step(up, Finding(at(1), "local", Status.UP), Policy()) == up
    down = Health(State.DOWN, 2, at(0))
    assert step(down, Finding(at(5), "local", Status.DOWN), Policy()) == down


def test_only_an_undecided_run_is_worth_a_recheck():
    assert Health(State.UP, 1, at(0)).undecided
    assert Health(State.DOWN, 2, at(0), 1, at(1)).undecided
    assert not Health(State.UP).undecided
    assert not Health(State.DOWN, 2, at(0)).undecided


@pytest.mark.parametrize(("regions", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_quorum_is_more_than_half_of_the_regions(regions, needed):
    assert quorum(regions) == needed


def test_a_minority_that_is_down_makes_a_monitor_degraded():
    assert decide_state([Health(State.DOWN), Health(State.UP), Health(State.UP)]) is State.DEGRADED
    assert decide_state([Health(State.DOWN), Health(State.DOWN), Health(State.UP)]) is State.DOWN
    assert decide_state([Health(), Health()]) is State.PENDING
    assert decide_state([]) is State.PENDING


def test_an_outage_of_a_quorum_starts_when_the_region_that_completed_it_began_to_fail():
    regions = {"a": Health(), "b": Health(), "c": Health()}
    merged = sorted(
        history("DDDDDDD", "a") + history("UUUDDUU", "b") + history("UUUUUUU", "c"),
        key=lambda finding: (finding.at, finding.region),
    )
    healths, found = fold(regions, merged, Policy())
    assert found == [WentDown(at(3), "b"), Recovered(at(5))]
    assert decide_state(healths.values()) is State.DEGRADED


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("UDS?")), max_size=60), st.randoms())
def test_the_order_of_the_regions_within_a_slot_does_not_matter(outcomes, random):
    findings = [Finding(at(n // 3), region, OUTCOMES[o]) for n, (region, o) in enumerate(outcomes)]
    unique = list({(f.at, f.region): f for f in findings}.values())
    shuffled = unique.copy()
    random.shuffle(shuffled)
    shuffled.sort(key=lambda finding: finding.at)
    start = dict.fromkeys("ABC", Health())
    assert fold(start, shuffled, Policy()) == fold(start, unique, Policy())


# No data


def silent(state, **fields):
    return Health(state, no_data=True, **fields)


def test_a_monitor_of_which_no_region_has_data_has_none_and_others_decide_without_those_that_have_none():
    assert decide_state([silent(State.UP)]) is State.NO_DATA
    assert decide_state([silent(State.DOWN), silent(State.UP)]) is State.NO_DATA
    assert decide_state([silent(State.UP), silent(State.UP), Health(State.DOWN)]) is State.DOWN
    assert decide_state([silent(State.DOWN), Health(State.UP)]) is State.UP
    assert decide_state([silent(State.UP), Health()]) is State.PENDING


@pytest.mark.parametrize(
    ("before", "outcomes", "expected"),
    [
        (silent(State.UP), "U", []),
        (silent(State.UP), "?U", []),
        (silent(State.UP), "DD", [WentDown(at(0), "local")]),
        (silent(State.DOWN), "D", []),  # the outage that was open is still open
        (silent(State.DOWN), "?", []),
        (silent(State.DOWN), "U", [Recovered(at(0))]),
    ],
)
def test_that_data_stops_and_comes_again_ends_no_outage_and_begins_none(before, outcomes, expected):
    assert fold({"local": before}, history(outcomes), Policy())[1] == expected


def test_an_unknown_result_is_no_data_and_a_late_one_is_none_yet():
    health = silent(State.UP)
    assert step(health, Finding(at(0), "local", Status.UNKNOWN), Policy()) == health
    assert step(health, Finding(at(0), "local", Status.UP, fresh=False), Policy()).no_data
    assert not step(health, Finding(at(0), "local", Status.DOWN), Policy()).no_data


def test_a_region_that_has_data_again_has_its_say_again():
    healths = {"a": Health(State.DOWN, 2, at(0)), "b": silent(State.UP), "c": silent(State.UP)}
    after, found = fold(healths, [Finding(at(3), "b", Status.UP)], Policy())
    assert found == [Recovered(at(3))]  # one of two is no quorum
    assert decide_state(after.values()) is State.DEGRADED


def test_a_failure_before_our_own_network_was_known_to_be_down_is_forgotten():
    def fold_with_excuse(outcomes):
        findings = [
            Finding(f.at, f.region, f.status, excuses=f.status is Status.UNKNOWN) for f in history(outcomes)
        ]
        return fold({"local": Health(State.UP)}, findings, Policy())

    assert fold_with_excuse("D?D")[1] == []
    assert fold_with_excuse("D?DD")[1] == [WentDown(at(2), "local")]
    assert fold_with_excuse("DD?")[0]["local"].state is State.DOWN  # what was believed already is


@given(
    st.lists(st.tuples(st.sampled_from(list(State)[:4]), st.booleans()), min_size=1, max_size=5),
    st.lists(st.sampled_from("UDS?"), max_size=8),
)
def test_what_was_down_before_and_after_a_silence_is_one_outage(regions, outcomes):
    """Whoever hears the changes alone knows at each moment whether the quorum finds it down."""
    healths = {str(number): Health(state, no_data=lost) for number, (state, lost) in enumerate(regions)}
    open_now = is_down(healths.values())
    for minute, letter in enumerate(outcomes):
        finding = Finding(at(minute), str(minute % len(regions)), OUTCOMES[letter])
        healths, found = fold(healths, [finding], Policy())
        for change in found:
            assert open_now is isinstance(change, Recovered)
            open_now = not open_now
        assert open_now is is_down(healths.values())
