import pytest

from core.retries import CORE_AWAY, DATABASE_AWAY, DELIVERY_FAILED, LETTER_NOT_TAKEN, Backoff


def test_pauses_grow_up_to_the_longest():
    assert [Backoff(1, 10, factor=3).pause_s(n) for n in (1, 2, 3, 4, 1_000_000)] == [1, 3, 9, 10, 10]


@pytest.mark.parametrize(
    ("policy", "pauses_s"),
    [
        (DATABASE_AWAY, [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]),
        (CORE_AWAY, [5, 10, 20, 40, 80, 160, 300]),
        (LETTER_NOT_TAKEN, [60, 180, 540, 1_620, 4_860, 4_860]),
        (DELIVERY_FAILED, [5, 10, 20, 40, 80, 160, 320, 600]),
    ],
)
def test_each_policy_is_what_people_were_told(policy, pauses_s):
    assert [policy.pause_s(attempt) for attempt in range(1, len(pauses_s) + 1)] == pauses_s
