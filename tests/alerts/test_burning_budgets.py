"""An SLO whose error budget burns is told once, by its most urgent alert; so is its end."""

from datetime import timedelta

import pytest

from alerts.models import Delivery, Trouble
from analytics.models import BurnAlert
from analytics.slos import alerts as burn
from analytics.slos.alerts import BurnEvent
from pipeline.jobs.periodic import evaluate_slos
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.analytics.factories import make_slo
from tests.factories import make_monitor, make_team

pytestmark = pytest.mark.django_db

FAST, SLOW = (
    f"The error budget of Shop stays up burns too fast ({speed} burn)" for speed in ("fast", "slow")
)
BEARABLE = "The error budget of Shop stays up burns at a bearable rate again"


class Burning:
    """An SLO whose alerts open and close as the test says; the rest is as the job does it."""

    def __init__(self, monkeypatch):
        team = make_team(name="Ours")
        drop_defaults(team)
        make_rule(make_channel(team), make_channel(team, "email", "Mail"))
        self.telling, self.slo = Telling(), make_slo(make_monitor(team))
        self.events = []
        monkeypatch.setattr(burn, "evaluate", lambda *, now: self.events)

    def turn(self, *, opens=(), closes=()):
        now, self.events = self.telling.now, []
        for speed in opens:
            alert = BurnAlert.objects.create(
                slo=self.slo,
                speed=speed,
                open_key=f"{self.slo.pk}:{speed}",
                burn_rate_long=88,
                burn_rate_short=439.27,
                opened_at=now,
            )
            self.events.append(BurnEvent(burn.BurnChange.OPENED, alert))
        for speed in closes:
            self.events.append(
                BurnEvent(
                    burn.BurnChange.CLOSED,
                    burn._close(BurnAlert.objects.get(open_key__endswith=speed), now=now).alert,
                )
            )
        for _ in range(2):  # a job may run twice
            evaluate_slos(owner="test", now=now)
        self.telling.run(seconds=60)
        heard, self.telling.heard = self.telling.subjects("sp"), []
        return heard


@pytest.fixture
def burning(monkeypatch):
    return Burning(monkeypatch)


def test_three_alerts_that_open_and_close_at_once_are_one_notice_each_time(burning):
    assert burning.turn(opens=["fast", "medium", "slow"]) == [FAST]
    text = burning.telling.messages[-1].content.text
    assert (
        "A fast burn: over 5 minutes at 439.3 times the rate that just keeps the target (99.9% over 30 days),"
        " over 1 hour at 88.0 times." in text
    )
    assert burning.turn() == []
    assert burning.turn(closes=["fast", "medium", "slow"]) == [BEARABLE]
    text = burning.telling.messages[-1].content.text
    assert "It was a fast burn: over 5 minutes at 439.3 times" in text
    assert "failed" not in text
    assert Delivery.objects.filter(event="digest").count() == 0
    assert Trouble.objects.count() == 1


def test_the_end_is_told_when_none_is_open_any_more(burning):
    burning.turn(opens=["fast", "medium", "slow"])
    assert burning.turn(closes=["fast"]) == []
    assert burning.turn() == []
    assert burning.turn(closes=["medium"]) == []
    assert Trouble.objects.get().title == SLOW
    assert burning.turn(closes=["slow"]) == [BEARABLE]


def test_a_more_urgent_one_that_opens_later_is_told_and_a_less_urgent_one_is_not(burning):
    assert burning.turn(opens=["slow"]) == [SLOW]
    assert burning.turn(opens=["fast"]) == [FAST]
    assert burning.turn(opens=["medium"]) == []
    assert burning.turn(closes=["fast"]) == []
    assert burning.turn(opens=["fast"]) == [FAST]
    assert burning.turn(closes=["slow", "medium", "fast"]) == [BEARABLE]
    assert burning.turn(opens=["slow"]) == [SLOW]
    assert Trouble.objects.count() == 2


def test_an_slo_that_is_deleted_burns_no_more(burning):
    burning.turn(opens=["fast", "slow"])
    burning.slo.delete()
    assert burning.turn() == [BEARABLE]


@pytest.mark.parametrize("cause", [[], "x", {"slo_id": [], "speed": {}}, {"slo_id": {}, "error": 3}])
def test_a_cause_that_nobody_can_read_keeps_no_budget_from_being_told(burning, cause):
    burning.turn(opens=["fast"])
    Trouble.objects.update(cause=cause)
    assert burning.turn() == []
    assert burning.turn(closes=["fast"]) == [BEARABLE]


def test_what_was_told_by_one_trouble_an_alert_goes_on_and_is_told_no_second_time(burning):
    burning.turn(opens=["fast"])
    Trouble.objects.update(cause={"error_code": "", "error": "At 439.3 times the rate."})
    assert burning.turn() == []
    assert burning.turn(closes=["fast"]) == [BEARABLE]
    assert Trouble.objects.get().closed_at == T0 + timedelta(minutes=2)


def test_a_spoilt_row_that_holds_the_key_keeps_no_other_budget_from_being_told(burning):
    """Before, its key was taken twice, and nothing of any team was told."""
    burning.turn(opens=["fast"])
    Trouble.objects.update(kind="incident")
    burning.slo = make_slo(make_monitor(burning.slo.team, name="Other"))
    spoilt_alert = BurnAlert.objects.get()
    events = burning.events
    burning.turn(opens=["fast"])
    burning.events += [BurnEvent(burn.BurnChange.OPENED, spoilt_alert), *events]
    evaluate_slos(owner="test", now=burning.telling.now)
    others = Trouble.objects.exclude(key=f"budget:{spoilt_alert.pk}")
    assert others.get().closed_at is None
