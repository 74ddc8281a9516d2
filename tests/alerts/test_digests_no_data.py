"""What people hear of monitors that have no data: one message a channel, however many they are."""

import itertools
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from accounts.models import Role
from alerts.digests import NO_DATA_AGAIN
from alerts.models import DEFAULT_EVENTS, Channel, Delivery, Rule
from delivery.dedup import read_episode
from delivery.message import Outcome
from monitors.services import delete_monitors, pause_monitors
from pipeline.jobs.no_data import watch_for_data
from pipeline.models import DataWatch
from pipeline.stages.record import record
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_member, make_monitor, make_team
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db
LONG_AGO = T0 - timedelta(days=2)


class Watching(Telling):
    """Telling, with the clock that looks for data, too: each half minute, or less often where nothing is to
    happen for hours."""

    def __init__(self, **given):
        super().__init__(**given)
        DataWatch.objects.create(pk="results", since=LONG_AGO, away_from=LONG_AGO, looked_at=T0)

    def run(self, *, seconds, every_s=30.0):
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            step_s = min(every_s, (end - self.now).total_seconds())
            super().run(seconds=step_s)
            watch_for_data(now=self.now)
        return self

    def feed(self, *monitors, letter="U"):
        record([make_result(monitor, self.now, letter) for monitor in monitors], now=self.now)
        return self


@pytest.fixture
def team():
    return make_team(name="Ours")


@pytest.fixture
def hook(team):
    drop_defaults(team)
    channel = make_channel(team)
    make_rule(channel)
    return channel


def make_many(team, number, **fields):
    return [make_monitor(team, now=T0, name=f"Shop {n}", **fields) for n in range(number)]


def test_a_team_is_told_by_default_that_monitoring_stopped_and_resumed(team):
    owner = make_member(team, Role.OWNER)
    monitor = make_monitor(team, now=T0)
    telling = Watching().feed(monitor).run(seconds=600)
    telling.feed(monitor).run(seconds=180)
    assert [(who, subject) for _, who, subject in telling.heard] == [
        (owner.email, "Shop has no data"),
        (owner.email, "Shop has data again"),
    ]
    stopped, resumed = (message.content for message in telling.messages)
    assert (
        "Shop: since Mon 2 Mar 2026, 12:00:00 UTC. No result since 2026-03-02 12:00:00 UTC." in stopped.text
    )
    assert "if one fails now, nobody is told" in stopped.text
    assert "Shop: data again after 10 minutes" in resumed.text
    assert (stopped.tone, resumed.tone) == ("warning", "good")


def test_fifty_monitors_are_one_message_and_fifty_rows_of_the_ledger(team, hook):
    monitors = make_many(team, 50)
    telling = Watching()
    for first in range(0, 50, 10):  # each at its own slot, over a minute
        telling.feed(*monitors[first : first + 10]).run(seconds=12)
    telling.run(seconds=600)
    assert telling.subjects() == ["50 monitors have no data"]
    assert Delivery.objects.filter(event="monitoring_stopped", trouble__isnull=False).count() == 50
    for first in range(0, 50, 10):
        telling.feed(*monitors[first : first + 10]).run(seconds=12)
    telling.run(seconds=300)
    assert telling.subjects() == ["50 monitors have no data", "50 monitors have data again"]


def test_monitors_of_longer_intervals_follow_in_few_messages(team, hook):
    telling = Watching()
    monitors = make_many(team, 3) + [
        make_monitor(team, now=T0, name=f"Slow {n}", interval_s=900) for n in range(12)
    ]
    telling.feed(*monitors[:3])
    for monitor in monitors[3:]:  # their slots lie over 15 minutes
        telling.feed(*monitors[:3], monitor).run(seconds=75)
    telling.run(seconds=3600, every_s=40)
    assert telling.subjects()[0] == "3 monitors have no data"
    assert len(telling.subjects()) <= 3
    moments = [seconds for seconds, _, _ in telling.heard]
    assert all(b - a >= NO_DATA_AGAIN.total_seconds() for a, b in itertools.pairwise(moments))


def test_who_did_not_hear_that_it_stopped_does_not_hear_that_it_goes_on(team, hook):
    monitor = make_monitor(team, now=T0)
    telling = Watching().feed(monitor).run(seconds=230)
    assert Delivery.objects.get().status == "held"
    telling.feed(monitor).run(seconds=180)
    assert telling.subjects() == []
    row = Delivery.objects.get()
    assert (row.status, row.answer) == ("dropped", "It was over before this could be sent.")


def test_a_message_that_could_not_be_delivered_is_taken_back_when_all_is_well_again(team, hook):
    monitor = make_monitor(team, now=T0)
    telling = Watching(answer=lambda message: {"outcome": Outcome.RETRY, "status": 503, "answer": "later"})
    telling.feed(monitor).run(seconds=400)
    told = len(telling.messages)
    assert told > 0
    for _ in range(10):
        telling.feed(monitor).run(seconds=60)
    assert {row.status for row in Delivery.objects.all()} == {"dropped"}


def test_rules_for_some_monitors_hear_of_these_alone(team, hook):
    some, other = make_monitor(team, now=T0, name="Some"), make_monitor(team, now=T0, name="Other")
    mail = make_channel(team, "email", name="Mail")
    make_rule(mail, monitors=[some])
    telling = Watching().feed(some, other).run(seconds=600)
    assert telling.subjects("sp") == ["2 monitors have no data"]
    assert telling.subjects("ada@example.com") == ["Some has no data"]


def test_a_rule_that_does_not_list_it_does_not_tell_it(team):
    drop_defaults(team)
    make_rule(make_channel(team), events=["down", "recovered"])
    assert Watching().feed(make_monitor(team, now=T0)).run(seconds=600).heard == []


def test_it_is_told_once_without_reminders_or_escalation(team, hook):
    mail = make_channel(team, "email", name="Mail")
    make_rule(hook, steps=[(5, mail)], remind_every_min=10)
    telling = Watching().feed(make_monitor(team, now=T0)).run(seconds=3600, every_s=40)
    assert telling.subjects() == ["Shop has no data"]


@pytest.mark.parametrize(
    ("end", "said"),
    [(lambda m: pause_monitors([m], now=T0), "was paused"), (lambda m: delete_monitors([m]), "was deleted")],
)
def test_one_that_nobody_watches_any_more_is_told_as_what_it_is(team, hook, end, said):
    monitor = make_monitor(team, now=T0)
    telling = Watching().feed(monitor).run(seconds=600)
    end(monitor)
    telling.run(seconds=200)
    assert said in telling.messages[-1].content.text
    assert telling.messages[-1].content.data["event"] == "monitoring_resumed"


def test_a_webhook_gets_each_monitor_with_its_reason(team, hook):
    first, second = make_many(team, 2)
    telling = Watching().feed(first, second).run(seconds=600)
    data = telling.messages[0].content.data
    assert (data["event"], data["monitor"], data["incident"], data["more"]) == (
        "monitoring_stopped",
        None,
        None,
        0,
    )
    assert data["monitors"] == [
        {
            "id": monitor.pk,
            "name": monitor.name,
            "kind": "http",
            "target": "http://shop.test/",
            "since": "2026-03-02T12:00:00Z",
            "until": None,
            "reason_code": "no_results",
            "reason": "No result since 2026-03-02 12:00:00 UTC.",
        }
        for monitor in (first, second)
    ]


def test_a_pager_has_one_alert_that_ends_with_the_last_monitor(team):
    drop_defaults(team)
    pager = make_channel(team, "pagerduty", name="Pager", routing_key="a" * 32, region="us")
    make_rule(pager)
    first, second = make_many(team, 2)
    telling = Watching().feed(first, second).run(seconds=600)
    telling.feed(first).run(seconds=100)
    telling.feed(first).run(seconds=20)
    assert [read_episode(message)[1] for message in telling.messages] == ["trigger"]
    telling.feed(first, second).run(seconds=60)
    assert [read_episode(message)[1] for message in telling.messages] == ["trigger", "resolve"]
    assert len({read_episode(message)[0] for message in telling.messages}) == 1


def test_what_a_channel_refuses_is_told_elsewhere_with_its_monitors(team, hook):
    mail = make_channel(team, "email", name="Mail")
    make_rule(mail, events=["slo_burning"])
    telling = Watching(
        answer=lambda message: (
            {"outcome": Outcome.REFUSED, "status": 404, "answer": "gone"}
            if message.kind == "webhook"
            else {"outcome": Outcome.SENT, "status": 250}
        )
    )
    telling.feed(*make_many(team, 3)).run(seconds=600)
    instead = telling.messages[-1]
    assert instead.kind == "email"
    assert instead.content.subject == "3 monitors have no data"
    assert "Shop 2: since" in instead.content.text


def test_a_parent_without_data_mutes_nobody(team, hook):
    parent = make_monitor(team, now=T0, name="Router")
    child = make_monitor(team, now=T0, name="Shop", depends_on=[parent.pk])
    telling = Watching()
    for _ in range(2):
        telling.feed(parent, child, letter="D").run(seconds=60)
    assert telling.subjects() == ["Router is down"]
    for _ in range(6):
        telling.feed(child, letter="D").run(seconds=60)
    assert "Shop is down" in telling.subjects()
    assert "Router has no data" in telling.subjects()


def test_existing_rules_that_tell_of_outages_tell_of_this_as_well(team, hook):
    Rule.objects.all().delete()
    Rule.objects.bulk_create(
        [
            Rule(team=team, name="Everything", events=["down", "recovered", "slo_burning"]),
            Rule(team=team, name="Certificates", events=["tls_expiring"]),
        ]
    )
    migration = import_module("alerts.migrations.0009_rules_tell_of_no_data")
    for _ in range(2):
        migration.add(apps, None)
    assert dict(Rule.objects.values_list("name", "events")) == {
        "Everything": ["down", "recovered", "slo_burning", "monitoring_stopped", "monitoring_resumed"],
        "Certificates": ["tls_expiring"],
    }
    migration.remove(apps, None)
    assert Rule.objects.get(name="Everything").events == ["down", "recovered", "slo_burning"]
    assert {"monitoring_stopped", "monitoring_resumed"} <= set(DEFAULT_EVENTS)
    assert Channel.objects.count() == 1
