import re

from core.queue_addresses import QUEUES
from core.retries import RECEIVES
from infra.stacks import FOLDER
from pipeline.queues.base import ROUTES


def test_every_queue_has_a_route_an_address_and_as_many_attempts_as_it_is_made_with():
    template = (FOLDER / "queues.yaml").read_text()
    queue = re.compile(r'QueueName: .*Stage\}-(\w+)"((?:\n      .*)*)maxReceiveCount: (\d+)')
    assert {name: int(count) for name, _, count in queue.findall(template)} == RECEIVES
    assert set(QUEUES) == set(ROUTES) == set(RECEIVES)


def test_what_the_edge_finds_goes_to_the_core():
    answers = {queue: route.answers for queue, route in ROUTES.items() if route.plane == "edge"}
    assert answers == {"checks": "results", "deliveries": "receipts"}
    assert {ROUTES[queue].plane for queue in answers.values()} == {"core"}
    assert all(not route.answers for route in ROUTES.values() if route.plane == "core")
