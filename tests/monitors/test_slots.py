from hypothesis import given
from hypothesis import strategies as st

from monitors.slots import last_slot, next_slot, phase_of, phase_ranges

intervals = st.integers(1, 86_400)
moments = st.integers(0, 2_000_000_000_000)


@given(st.integers(1, 2**40), intervals)
def test_a_phase_lies_within_the_interval(monitor_id, interval_s):
    assert 0 <= phase_of(monitor_id, interval_s) < interval_s * 1000


def test_neighbouring_ids_spread_over_the_interval():
    tenths = [phase_of(monitor_id, 60) // 6000 for monitor_id in range(1, 1001)]
    assert all(70 <= tenths.count(tenth) <= 130 for tenth in range(10))


@given(intervals, moments, st.data())
def test_slots_are_exactly_one_interval_apart(interval_s, moment, data):
    phase = data.draw(st.integers(0, interval_s * 1000 - 1))
    following = next_slot(phase, interval_s, from_ms=moment)
    assert moment <= following < moment + interval_s * 1000
    assert following % (interval_s * 1000) == phase
    assert last_slot(phase, interval_s, before_ms=moment) == following - interval_s * 1000


@given(intervals, moments, st.integers(1, 200_000), st.data())
def test_the_ranges_hold_exactly_the_phases_with_a_slot_in_the_window(interval_s, start, length, data):
    phase = data.draw(st.integers(0, interval_s * 1000 - 1))
    has_slot = next_slot(phase, interval_s, from_ms=start) < start + length
    ranges = phase_ranges(interval_s, start_ms=start, end_ms=start + length)
    assert any(low <= phase < high for low, high in ranges) == has_slot


@given(intervals, st.lists(st.integers(1, 5_000), min_size=1, max_size=20), st.integers(0, 10**9), st.data())
def test_windows_that_follow_each_other_send_each_slot_once(interval_s, lengths, start, data):
    phase = data.draw(st.integers(0, interval_s * 1000 - 1))
    sent, moment = [], start
    for length in lengths:
        ranges = phase_ranges(interval_s, start_ms=moment, end_ms=moment + length)
        if any(low <= phase < high for low, high in ranges):
            sent.append(last_slot(phase, interval_s, before_ms=moment + length))
        moment += length
    expected = next_slot(phase, interval_s, from_ms=start)
    assert len(sent) == len(set(sent))
    assert (expected in sent) == (expected < moment) or interval_s * 1000 <= max(lengths)
