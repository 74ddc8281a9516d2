"""On Celery, too, one team's slow targets keep no more than a third of a worker's processes busy."""

from pipeline.messages import Checks, encode
from pipeline.queues.base import Parcel
from pipeline.specs import build_spec
from tests.stories.test_faults import count_duplicates, dead, has_stored, on_both_brokers, slots, watch_seldom
from tests.stories.test_stopping import has_no_message

MESSAGES = 12
"""Many more than a worker fetches ahead of its two processes."""


def send_slow(engine, monitor, at):
    share = str(monitor.team_id)
    for moment in at:
        body = encode(Checks([build_spec(monitor, region="local", at=moment, slow=True)]))
        engine.sender.send_all("checks", [Parcel(body, share=share)])


@on_both_brokers
def test_quick_checks_pass_those_that_wait_for_one_teams_slow_target(engine, target, slow_target):
    slow, quick = watch_seldom(slow_target.url), watch_seldom(target.url)
    at = slots(MESSAGES)
    engine.start_worker("edge")
    engine.start_worker("core")
    send_slow(engine, slow, at)
    engine.wait_until(lambda: slow_target.asked == 1)
    engine.send("checks", encode(Checks([build_spec(quick, region="local", at=at[0])])))
    engine.wait_until(has_stored(quick, at[:1]))
    assert slow_target.asked == 1  # of two processes one, however many wait
    slow_target.let_go()
    engine.wait_until(has_stored(slow, at))
    engine.wait_until(has_no_message(engine))
    assert (slow_target.asked, count_duplicates(engine), dead(engine)) == (MESSAGES, 0, 0)


@on_both_brokers
def test_what_a_worker_held_back_is_done_by_another_when_it_dies(engine, target, slow_target):
    slow, at = watch_seldom(slow_target.url), slots(MESSAGES)
    engine.start_worker("edge")
    engine.start_worker("core")
    send_slow(engine, slow, at)
    engine.wait_until(lambda: slow_target.asked == 1)
    engine.wait_until(lambda: engine.figures()["edge"]["waiting"] == 0)  # all are held
    engine.kill("edge")
    slow_target.let_go()
    engine.start_worker("edge", name="another-edge")
    engine.wait_until(has_stored(slow, at))
    assert dead(engine) == 0
