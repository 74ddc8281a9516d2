"""The soak: kill -9 again and again, beside a slow neighbour, poisoned rows and callers that block. The quiet
team loses no slot, no alert is lost or sent under two keys, and health is honest.

``make soak`` runs it for two hours on each engine; the suites for a minute.
"""

from collections import Counter

import pytest

from alerts.models import Delivery
from incidents.models import Incident
from monitors.models import Result
from tests.e2e.harness import Target, wait_for
from tests.poison.poisons import list_models
from tests.stories.soak import Plan, Soak, find_lost_slots, make_key, make_product, settle_teams
from tests.stories.story import heard_by

ENGINES = ["embedded", "redis", "serverless"]


@pytest.fixture(autouse=True)
def _without_a_line_a_request(caplog):
    caplog.set_level("WARNING", logger="httpx")


@pytest.fixture
def steady():
    running = Target().start()
    yield running
    running.stop()


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_quiet_team_loses_nothing_whatever_happens_beside_it(engine, steady, target, slow_target, receiver):
    plan, product = Plan(), make_product(engine)
    quiet, slow, poisoned = settle_teams(plan, steady, target, slow_target, receiver)
    keys = {"quiet": make_key(quiet), "slow": make_key(slow)}
    soak = Soak(
        product,
        plan,
        flapping=target,
        silent=slow_target,
        receiver=receiver,
        keys=keys,
        poisoned=poisoned,
    )
    try:
        product.start()
        soak.wait_until_well()
        soak.run()
        diary = soak.diary
        told = Delivery.objects.filter(team=quiet)

        def all_are_settled():
            return not told.filter(status__in=["held", "planned", "sending", "retry"]).exists()

        wait_for(all_are_settled, within_s=180)
    finally:
        product.stop()
    assert find_lost_slots(quiet, diary, every_s=plan.every_s) == [], diary.outages
    steady_results = Result.objects.filter(monitor__team=quiet, monitor__name__startswith="Steady")
    assert set(steady_results.values_list("status", flat=True)) <= {"up", "unknown"}
    assert diary.ill() == [], diary.outages
    assert [at for at, status in diary.lists if status != 200 and not diary.was_out(at)] == []
    assert 200 in diary.calls
    assert set(diary.calls) <= {0, 200, 409, 429}  # 409: nobody checks there now
    assert diary.outages_of_target >= 1
    assert diary.poisoned > len(list_models()) // 2
    incidents = Incident.objects.filter(monitor__team=quiet).exclude(status="retracted")
    assert set(incidents.values_list("monitor__name", "status")) == {("Flapping", "resolved")}
    assert incidents.count() == diary.outages_of_target
    assert Counter(told.values_list("event", "status")) == {
        ("down", "sent"): diary.outages_of_target,
        ("recovered", "sent"): diary.outages_of_target,
    }
    heard = heard_by(receiver)
    assert {event: len(keys) for event, keys in heard.items()} == dict.fromkeys(
        heard, diary.outages_of_target
    )
    doubled = len(receiver.requests) - told.count()
    assert doubled <= len(diary.outages)  # each kill may catch one between its sending and its receipt
