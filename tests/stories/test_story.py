"""One story, told by every engine as real processes; the rows found are the same."""

import pytest

from tests.stories.engines import PREFIX, Faults
from tests.stories.story import TOLD, read_rows, results_of, tell

ENGINES = ["embedded", "redis", "rabbitmq", "sqs", "serverless"]


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_every_engine_finds_the_same_rows(engine, target, receiver):
    engine.start(Faults())
    monitor = tell(engine, target, receiver)
    assert read_rows(monitor) == TOLD
    first, second = [result for result in results_of(monitor) if result.status == "down"][:2]
    assert (second.scheduled_at - first.scheduled_at).total_seconds() <= 1.5  # the recheck, or the next slot


@pytest.mark.parametrize("engine", ["redis"], indirect=True)
def test_one_worker_for_both_queues_does_as_well(engine, target, receiver):
    engine.start_worker("core,edge", name="both")
    engine.start_clock("beat")
    assert read_rows(tell(engine, target, receiver)) == TOLD
    answering = engine.sender.workers()
    assert {name: sorted(planes) for name, planes in answering.items()} == {
        f"{PREFIX}both@test": ["core", "edge"]
    }
