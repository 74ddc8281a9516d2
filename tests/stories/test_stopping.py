"""SIGTERM for the Celery engine: its processes end, what was begun is done once, the rest is given back."""

import pytest

from tests.stories.engines import Faults
from tests.stories.test_faults import (
    count_duplicates,
    dead,
    has_stored,
    on_both_brokers,
    send_checks,
    slots,
    watch_seldom,
)

ENDS_WITHIN_S = 25
"""Before a process manager kills it: compose.yaml gives 30 s."""


def has_no_message(engine):
    def is_empty():
        return not any(figures["waiting"] for figures in engine.figures().values())

    return is_empty


@on_both_brokers
@pytest.mark.parametrize("a_message", [1, 50], ids=["short messages", "longer than a pipe holds"])
def test_a_worker_that_is_stopped_while_it_hands_out_a_message_ends_and_has_done_it_once(
    engine, target, a_message
):
    """Celery forgets such a message, and waits half a minute, or for ever, for the process that got it."""
    monitor, at = watch_seldom(f"{target.url}?{1_900 * 'x'}"), slots(6 * a_message)
    send_checks(engine, monitor, at, a_message=a_message)
    engine.faults = Faults(stop_at_first_message=True)
    assert engine.start_worker("edge").wait(ENDS_WITHIN_S) == 0, engine.output("edge")
    del engine.running["edge"]
    figures = engine.figures()
    assert 4 <= figures["edge"]["waiting"] < 6  # given back; one or two had been handed out
    assert figures["core"]["waiting"] > 0

    engine.faults = Faults()
    engine.start_worker("edge", name="another-edge")
    engine.start_worker("core")
    engine.wait_until(has_stored(monitor, at))
    engine.wait_until(has_no_message(engine))
    assert count_duplicates(engine) == dead(engine) == 0
