import pytest

from outbox.backoff import pause_s


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (500, 600)])
def test_the_pause_doubles_up_to_ten_minutes(attempts, seconds):
    assert pause_s(attempts, chance=0.0) == seconds


def test_half_of_the_pause_is_left_to_chance():
    assert pause_s(1, chance=0.5) == 3.75
    assert pause_s(1, chance=0.999) > 2.5
    assert len({pause_s(4) for _ in range(20)}) > 1


def test_what_the_receiver_asks_for_is_honoured_up_to_an_hour():
    assert pause_s(1, asked_s=90, chance=0.0) == 90
    assert pause_s(8, asked_s=1, chance=0.0) == 600
    assert pause_s(1, asked_s=86_400, chance=0.0) == 3600
