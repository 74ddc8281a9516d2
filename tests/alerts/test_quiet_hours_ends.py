"""Who heard of a trouble hears of its end, after quiet hours too, and the ledger says until when it waits."""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from actions.alerting import save_rule
from alerts import planning
from alerts.models import Delivery, Rule, Trouble
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_monitor

pytestmark = pytest.mark.django_db

QUIET = {"quiet_from": time(12), "quiet_until": time(13)}
LOUD = {"quiet_from": None, "quiet_until": None}
DOWN, OVER = "Shop is down", "Shop has recovered after 20 seconds"


@pytest.fixture
def telling(team):
    """Two receivers, of one rule, that heard that the shop is down; then its quiet hours began."""
    drop_defaults(team)
    make_rule(make_channel(team), make_channel(team, "email", "Mail"), name="Night")
    telling = Telling().check(make_monitor(team), "DD", every=10)
    assert telling.subjects() == [DOWN, DOWN]
    return telling


def change_rule(**fields):
    save_rule(Rule.objects.get(), fields=fields)


def kept_back():
    """(event, reason, sentence, seconds since T0, until) of each row of what was kept back."""
    return [
        (
            row.event,
            row.reason,
            row.answer,
            _seconds(row.planned_at),
            row.settled_at and _seconds(row.settled_at),
        )
        for row in Delivery.objects.filter(status="withheld").order_by("planned_at", "pk")
    ]


def _seconds(at):
    return (at - T0).total_seconds()


SENTENCE = "The rule “Night” is quiet until 2026-03-02 13:00 (UTC)."


def test_an_end_within_quiet_hours_is_told_when_they_are_over(telling):
    change_rule(**QUIET)
    telling.check(Trouble.objects.get().monitor, "U", every=10)
    assert kept_back() == [("recovered", "quiet_hours", SENTENCE, 20, None)]
    telling.run(seconds=3_600)
    assert [(at, subject) for at, _, subject in telling.heard[2:]] == [(3_602, OVER)] * 2
    assert kept_back() == [("recovered", "quiet_hours", SENTENCE, 20, 3_600)]


def test_an_end_within_quiet_hours_is_told_at_once_when_the_rule_has_none_any_more(telling):
    change_rule(**QUIET)
    telling.check(Trouble.objects.get().monitor, "U", every=10)
    change_rule(**LOUD)
    telling.run(seconds=10)
    assert telling.subjects()[2:] == [OVER, OVER]
    assert kept_back() == [("recovered", "quiet_hours", SENTENCE, 20, 31)]


def test_an_end_that_waits_for_a_rule_that_is_deleted_waits_no_more(telling):
    change_rule(**QUIET)
    telling.check(Trouble.objects.get().monitor, "U", every=10)
    Rule.objects.get().delete()
    planning.follow_troubles(now=T0 + timedelta(hours=2))
    assert kept_back() == [("recovered", "quiet_hours", SENTENCE, 20, 7_200)]
    assert Trouble.objects.get().look_at is None


def test_news_and_end_that_are_kept_back_one_after_the_other_have_a_row_each(telling):
    """To one rule the news is new and kept back, then the end of what the other's channels heard."""
    change_rule(**QUIET)
    pager = make_channel(Rule.objects.get().team, name="Pager", url="https://hooks.example.com/pager")
    make_rule(pager, name="Night", **QUIET)
    telling.run(seconds=5)
    assert kept_back() == [("down", "quiet_hours", SENTENCE, 21, None)]
    telling.check(Trouble.objects.get().monitor, "U", every=10)
    assert kept_back() == [
        ("down", "quiet_hours", SENTENCE, 21, 25),
        ("recovered", "quiet_hours", SENTENCE, 25, None),
    ]
    telling.run(seconds=3_600)
    assert telling.subjects("pager") == []
    assert len(telling.subjects("sp")) == len(telling.subjects("ada@example.com")) == 2


@pytest.mark.parametrize("act", ["pause", "delete"])
@pytest.mark.parametrize("listed", [0, 1, 2])
def test_the_end_is_told_though_the_monitor_is_paused_or_deleted_meanwhile(api, team, telling, act, listed):
    """Whether the rule is for all monitors, for this one, or for this one and another."""
    monitor = Trouble.objects.get().monitor
    now = timezone.now()  # the API has its own clock
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    change_rule(quiet_from=begins.time(), quiet_until=ends.time())
    others = [make_monitor(team, name="Blog")]
    Rule.objects.get().monitors.set([monitor, *others][:listed])
    url = f"/api/v1/monitors/{monitor.pk}/"
    answer = api.delete(url) if act == "delete" else api.post(f"{url}pause/")
    assert answer.status_code < 300, answer.content
    trouble = Trouble.objects.get()
    assert trouble.closed_at is not None
    ((event, reason, _, _, until),) = kept_back()
    assert (event, reason, until) == ("recovered", "quiet_hours", None)
    telling.now = trouble.closed_at
    heard = len(telling.heard)
    telling.run(seconds=86_400)
    assert len(telling.heard) == heard + 2
    assert kept_back()[0][-1] is not None


def test_what_flaps_and_is_told_by_a_later_end_is_kept_back_no_more(team):
    drop_defaults(team)
    make_rule(make_channel(team))
    Telling().check(make_monitor(team, fail_after=1), "DU" * 6, every=20).run(seconds=1_800)
    rows = kept_back()
    assert rows
    assert [row for row in rows if row[-1] is None] == []
