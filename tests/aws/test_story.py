"""The story through the real packages, and while things go wrong: nothing lost, nothing doubled, dead letters
where due. The same rows as every other engine's."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitors.models import Result
from pipeline.messages import Checks, Results, encode
from pipeline.models import Cursor
from pipeline.queues.sqs import SqsSender
from pipeline.specs import build_spec
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import make_result
from tests.stories.engines import database_url
from tests.stories.proxy import Proxy
from tests.stories.story import TOLD, incidents_of, read_rows, state_of, tell
from tests.stories.targets import SlowTarget

AWAY_S = 30.0
UNHURRIED = {"interval_s": 3, "timeout_s": 3, "recheck_s": 10}
"""A machine under load does not answer within the second that the story otherwise allows. Without rechecks
(the next slot is sooner): one that a fault delays by seconds would be made after a slot that comes after
it."""


def slots(number):
    """Moments of the last minute or so (older checks are left out) that are nobody's by the timetable."""
    now = timezone.now().replace(microsecond=0)
    return [now - timedelta(milliseconds=500 * count) for count in range(1, number + 1)]


def watch_seldom(url):
    """A monitor that is checked only by what a test sends."""
    team = make_team("Seldom")
    return make_monitor(team, now=timezone.now(), url=url, interval_s=86_400, timeout_s=20, fail_after=3)


def send_checks(deployment, monitor, at, *, a_message):
    specs = [build_spec(monitor, region="local", at=moment) for moment in at]
    for first in range(0, len(specs), a_message):
        deployment.send("checks", encode(Checks(specs[first : first + a_message])))


def stored(monitor):
    return Result.objects.filter(monitor=monitor)


def has_stored(monitor, at):
    def holds_all():
        return stored(monitor).filter(scheduled_at__in=at).count() == len(at)

    return holds_all


def test_messages_that_come_twice_and_overtake_each_other_make_the_same_rows(deploy, target, receiver):
    deployment = deploy()
    deployment.cores.append(deployment.make_core("sentrypulse-test-second"))
    deployment.start(double=True, shuffle=True)
    monitor = tell(deployment, target, receiver, **UNHURRIED)
    assert read_rows(monitor) == TOLD
    assert any(f'"ResultsDoubled": {n}' in deployment.core.output() for n in range(1, 60))  # it went wrong
    assert all(answer.ok for answer in deployment.clock.answers)
    assert deployment.dead() == {}


def test_a_scheduler_whose_clock_is_ten_seconds_ahead_does_no_harm(deploy, target, receiver):
    deployment = deploy()
    deployment.cores.append(deployment.make_core("sentrypulse-test-ahead", skew_s=10.0))
    deployment.start()
    monitor = tell(deployment, target, receiver, **UNHURRIED)
    (incident,) = incidents_of(monitor)
    assert (incident.status, incident.cause["error_code"]) == ("resolved", "connect_refused")
    assert state_of(monitor) == "up"
    slots_found = list(stored(monitor).values_list("scheduled_at", flat=True))
    assert len(set(slots_found)) == len(slots_found)
    assert Cursor.objects.get(pk="checks").sent_until > timezone.now()
    assert deployment.dead() == {}


def test_poison_is_tried_a_few_times_kept_and_in_nobodys_way(deploy, target, receiver, point_clients_at):
    deployment = deploy(visibility_s=2).start()
    point_clients_at(deployment.aws)
    poison = {
        "checks": b"nonsense",
        "results": encode(Checks([])),
        "receipts": b'{"type":"wake.v1","job":"no such job"}',
        "deliveries": b"[]",
    }
    for queue, body in poison.items():
        deployment.send(queue, body)
    monitor = tell(deployment, target, receiver, **UNHURRIED)
    assert read_rows(monitor) == TOLD
    deployment.wait_until(lambda: deployment.dead() == dict.fromkeys(poison, 1))
    addresses = {queue: {"local" if queue == "checks" else "": url} for queue, url in deployment.urls.items()}
    sender = SqsSender(addresses)
    letters = {letter.queue: letter for letter in sender.dead_letters()}
    assert {queue: letter.body for queue, letter in letters.items()} == poison
    assert all(letter.failures >= 3 for letter in letters.values())
    assert sender.drop(letters["checks"].id)
    assert not sender.drop(letters["checks"].id)
    assert sender.redrive(letters["results"].id)
    deployment.wait_until(lambda: deployment.dead() == {"results": 1, "receipts": 1, "deliveries": 1})


def test_an_edge_killed_in_the_middle_of_a_batch_loses_no_check(deploy):
    slow = SlowTarget()
    deployment = deploy()
    monitor, at = watch_seldom(slow.url), slots(10)
    try:
        send_checks(deployment, monitor, at, a_message=5)
        deployment.start()
        deployment.wait_until(lambda: slow.asked == 10)
        deployment.edge.kill()
        deployment.wait_until(lambda: slow.asked > 10)  # somebody asks again
        slow.let_go()
        deployment.wait_until(has_stored(monitor, at))
    finally:
        slow.stop()
    assert set(stored(monitor).values_list("status", flat=True)) == {"up"}
    assert deployment.edge.starts == 2
    assert deployment.dead() == {}


def test_what_the_edge_cannot_finish_in_time_is_handed_back_and_not_lost(deploy):
    slow = SlowTarget()
    deployment = deploy(visibility_s=30)
    deployment.edge.timeout_s = 7.0  # of which five are kept for handing over
    deployment.start()
    monitor, at = watch_seldom(slow.url), slots(3)
    try:
        send_checks(deployment, monitor, at, a_message=3)
        deployment.wait_until(lambda: '"SpecsPutBack": 3' in deployment.edge.output())
        assert not stored(monitor).exists()  # our time was up, and nobody was down
        slow.let_go()
        deployment.wait_until(has_stored(monitor, at))
    finally:
        slow.stop()
    assert set(stored(monitor).values_list("status", flat=True)) == {"up"}
    assert deployment.edge.starts == 1
    assert deployment.dead() == {}


def test_a_core_killed_while_it_records_loses_no_result(deploy, target):
    deployment = deploy(batch_size=5).start()
    monitor, at = watch_seldom(target.url), slots(120)
    for moment in at:
        deployment.send("results", encode(Results([make_result(monitor, moment)])))
    deployment.wait_until(lambda: stored(monitor).count() > 10)
    deployment.core.kill()
    assert stored(monitor).count() < len(at)  # it was in the middle of it
    deployment.wait_until(has_stored(monitor, at))
    assert deployment.core.starts >= 2
    assert deployment.dead() == {}


@pytest.fixture
def database_proxy():
    if connection.vendor == "sqlite":
        pytest.skip("The core's function needs MariaDB or MySQL (make test-aws).")
    chosen = connection.settings_dict
    proxy = Proxy(chosen["HOST"] or "127.0.0.1", int(chosen["PORT"] or 3306)).start()
    yield proxy
    proxy.stop()


def test_what_is_found_while_the_database_is_away_waits_and_is_recorded(
    deploy, target, receiver, database_proxy
):
    deployment = deploy(database_url=database_url(port=database_proxy.port), receives=12)
    other, at = watch_seldom("http://127.0.0.1:9/"), slots(20)  # port 9: nobody listens

    def take_the_database_away():
        began = timezone.now()
        database_proxy.cut()
        send_checks(deployment, other, at, a_message=5)
        deployment.wait_until(lambda: deployment.mappings["results"].failed_invocations >= 2)
        deployment.wait_until(lambda: (timezone.now() - began).total_seconds() > AWAY_S)
        assert not stored(other).exists()
        database_proxy.restore()

    deployment.start()
    monitor = tell(deployment, target, receiver, meanwhile=take_the_database_away, **UNHURRIED)
    deployment.wait_until(has_stored(other, at), within_s=120)
    assert read_rows(monitor) == TOLD
    assert deployment.dead() == {}


def test_a_throttled_queue_takes_everything_in_the_end(deploy, target, receiver):
    from tests.aws.emulator import throttle

    deployment = deploy()
    fault = throttle(deployment.aws, calls=4)
    deployment.aws.faults.append(fault)
    deployment.start()
    assert read_rows(tell(deployment, target, receiver, **UNHURRIED)) == TOLD
    assert fault.left == {"whole": 0, "half": 0}
    assert deployment.dead() == {}
