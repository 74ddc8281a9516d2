"""From what happens to what is sent, through the database."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from alerts import planning, sending
from alerts.models import AlertSettings, Channel, Delivery, Rule, Trouble
from delivery.dedup import read_episode
from delivery.message import Outcome
from incidents.models import Incident, MaintenanceWindow
from incidents.reconcile import IncidentEvent
from incidents.services import acknowledge, open_manual, resolve
from monitors.models import Monitor
from monitors.services import update_monitor
from pipeline.stages.record import record
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_member, make_monitor, make_team
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team(name="Ours")


@pytest.fixture
def hook(team):
    """The team's one channel, told of everything by its one rule."""
    drop_defaults(team)
    channel = make_channel(team)
    make_rule(channel)
    return channel


@pytest.fixture
def telling(hook):
    return Telling()


def test_a_new_team_is_told_by_e_mail_without_configuring_anything(team):
    owner = make_member(team, Role.OWNER)
    make_member(team, Role.VIEWER)
    telling = Telling().check(make_monitor(team), "UDDU", every=10)
    assert [(who, subject) for _, who, subject in telling.heard] == [
        (owner.email, "Shop is down"),
        (owner.email, "Shop has recovered after 20 seconds"),
    ]
    assert "Expected 200-299, got 503." in telling.messages[0].content.text
    (channel,) = Channel.objects.filter(team=team)
    assert (channel.kind, channel.to_owners, Rule.objects.get(team=team).name) == (
        "email",
        True,
        "Everything",
    )


def test_what_is_deleted_of_the_defaults_stays_deleted(team):
    make_member(team, Role.OWNER)
    drop_defaults(team)
    telling = Telling().check(make_monitor(team), "UDDU", every=10)
    assert telling.heard == []
    assert not Rule.objects.filter(team=team).exists()


def test_an_incident_is_recorded_though_it_cannot_be_planned_and_is_planned_soon(team, hook, monkeypatch):
    monitor = make_monitor(team)
    record([make_result(monitor, T0, "D")], now=T0)

    def fail(*args, **kwargs):
        raise RuntimeError("the pen broke")

    at = T0 + timedelta(seconds=60)
    with monkeypatch.context() as broken:
        broken.setattr(Delivery.objects, "bulk_create", fail)
        record([make_result(monitor, at, "D")], now=at)
    assert (Incident.objects.count(), Delivery.objects.count()) == (1, 0)
    assert planning.follow_troubles(now=at + timedelta(seconds=30)) == 0
    assert planning.follow_troubles(now=at + planning.LOOK_AGAIN) == 1


def test_an_incident_and_its_deliveries_are_written_together_or_not_at_all(team, hook, monkeypatch):
    monitor = make_monitor(team)
    record([make_result(monitor, T0, "D")], now=T0)

    def fail(*args, **kwargs):
        raise OperationalError("the database went away")

    monkeypatch.setattr(Delivery.objects, "bulk_create", fail)
    with pytest.raises(OperationalError):
        record([make_result(monitor, T0 + timedelta(seconds=60), "D")], now=T0 + timedelta(seconds=60))
    assert (Incident.objects.count(), Trouble.objects.count(), Delivery.objects.count()) == (0, 0, 0)


def test_recording_again_and_planning_again_tells_nobody_twice(team, telling):
    monitor = make_monitor(team)
    for _ in range(3):
        for minute, letter in enumerate("UDD"):
            at = T0 + timedelta(minutes=minute)
            record([make_result(monitor, at, letter)], now=at)
    incident = Incident.objects.get()
    for _ in range(3):
        planning.plan_deliveries([IncidentEvent("opened", incident)], now=T0)
    telling.run(seconds=150)
    assert telling.subjects() == ["Shop is down"]
    assert Delivery.objects.get().key == f"{Trouble.objects.get().pk}.0:down:{Channel.objects.get().pk}"


def test_a_rule_is_for_its_monitors_or_its_tags(team, hook):
    other = make_channel(team, name="Other", url="https://hooks.example.com/other")
    shop, blog = make_monitor(team, tags=["prod"]), make_monitor(team, name="Blog")
    Rule.objects.all().delete()
    make_rule(hook, tags=shop.tags.all())
    make_rule(other, monitors=[blog])
    telling = Telling()
    record([make_result(m, T0, "D") for m in (shop, blog)], now=T0)
    record([make_result(m, T0 + timedelta(minutes=1), "D") for m in (shop, blog)], now=T0)
    telling.run(seconds=10)
    assert sorted((who, subject) for _, who, subject in telling.heard) == [
        ("other", "Blog is down"),
        ("sp", "Shop is down"),
    ]


def test_two_rules_with_the_same_channel_tell_it_once(team, hook, telling):
    make_rule(hook, name="Again")
    telling.check(make_monitor(team), "DD")
    assert telling.subjects() == ["Shop is down"]


def test_reminders_and_escalation_follow_the_clock_until_somebody_acknowledges(team, hook):
    Rule.objects.all().delete()
    boss = make_channel(team, name="Boss", url="https://hooks.example.com/boss")
    make_rule(hook, steps=[(5, boss)], remind_every_min=10)
    telling = Telling().check(make_monitor(team), "DD", every=1)
    telling.run(seconds=12 * 60)
    incident = Incident.objects.get()
    acknowledge(incident, author=make_member(team), now=telling.now)
    planning.plan_deliveries([IncidentEvent("acknowledged", incident)], now=telling.now)
    telling.run(seconds=60 * 60)
    assert telling.subjects("sp") == [
        "Shop is down",
        "Nobody acknowledged for 5 minutes: Shop is down",
        "Still so after 10 minutes: Shop is down",
    ]
    assert telling.subjects("boss") == [
        "Nobody acknowledged for 5 minutes: Shop is down",
        "Still so after 10 minutes: Shop is down",
    ]


def test_a_change_that_nobody_told_of_is_found_by_the_clock(team, telling):
    telling.check(make_monitor(team), "DD", every=10)
    resolve(Incident.objects.get(), author=make_member(team), now=telling.now)  # and not a word
    telling.turn()
    telling.run(seconds=10)
    assert telling.subjects() == ["Shop is down", "Shop has recovered after 20 seconds"]


def test_an_incident_that_a_person_opens_is_told_in_their_words(team, telling):
    incident = open_manual(team, title="Payments are slow", author=make_member(team), now=T0)
    planning.plan_deliveries([IncidentEvent("opened", incident)], now=T0)
    telling.run(seconds=5)
    assert telling.subjects() == ["Payments are slow"]


def test_an_outage_that_is_over_before_its_alert_got_out_is_told_by_its_end_alone(team, hook):
    telling = Telling(answer=lambda message: {"outcome": Outcome.RETRY, "status": 500, "answer": "Oops"})
    telling.check(make_monitor(team), "DD", every=30)
    telling.answer = lambda message: {"outcome": Outcome.SENT, "status": 200}
    Delivery.objects.filter(status="retry").update(due_at=telling.now + timedelta(hours=1))
    telling.check(Trouble.objects.get().monitor, "U", every=10)
    assert telling.subjects() == ["Shop has recovered after 1 minute"]
    assert set(Delivery.objects.values_list("event", "status")) == {
        ("down", "dropped"),
        ("recovered", "sent"),
    }


# What mutes


def test_a_child_is_silent_while_its_parent_is_down_and_speaks_when_it_stays_down(team, telling):
    router = make_monitor(team, name="Router")
    shop = make_monitor(team)
    update_monitor(shop, now=T0, depends_on=[router.pk])
    shop.refresh_from_db()
    telling.check(shop, "DD", every=5)  # the child is found first
    telling.check(router, "DD", every=3)
    telling.run(seconds=60)
    assert telling.subjects() == ["Router is down"]
    telling.check(router, "U", every=120)
    assert telling.subjects() == ["Router is down", "Router has recovered after 1 minute", "Shop is down"]


def test_a_child_that_recovers_with_its_parent_is_never_spoken_of(team, telling):
    router, shop = make_monitor(team, name="Router"), make_monitor(team)
    update_monitor(shop, now=T0, depends_on=[router.pk])
    telling.check(router, "DD", every=3)
    telling.check(shop, "DD", every=5)
    telling.check(router, "U", every=5)
    telling.check(shop, "U", every=300)
    assert telling.subjects() == ["Router is down", "Router has recovered after 16 seconds"]


def test_a_child_whose_parent_is_well_is_told_after_a_moment(team, telling):
    router, shop = make_monitor(team, name="Router"), make_monitor(team)
    update_monitor(shop, now=T0, depends_on=[router.pk])
    telling.check(router, "U", every=1)
    telling.check(shop, "DD", every=30)
    assert telling.subjects() == ["Shop is down"]
    assert telling.heard[0][0] == pytest.approx(1 + 30 + 20 + 2, abs=2)


def test_maintenance_mutes_what_was_down_before_it(team, hook):
    Rule.objects.all().delete()
    make_rule(hook, remind_every_min=10)
    monitor = make_monitor(team)
    telling = Telling().check(monitor, "DD", every=5)
    window = MaintenanceWindow.objects.create(
        team=team, title="Disks", starts_at=T0 + timedelta(minutes=5), ends_at=T0 + timedelta(minutes=45)
    )
    window.monitors.add(monitor)
    telling.run(seconds=40 * 60)
    assert telling.subjects() == ["Shop is down"]
    telling.run(seconds=20 * 60)
    assert telling.subjects()[1:] == [
        f"Still so after {length}: Shop is down" for length in ("45 minutes", "50 minutes", "1 hour")
    ]


def test_flapping_is_one_notice_instead_of_twenty_and_the_last_recovery_is_told(team, telling):
    monitor = make_monitor(team, fail_after=1)
    telling.check(monitor, "DU" * 10, every=60)
    assert telling.subjects() == [
        *["Shop is down", "Shop has recovered after 1 minute"] * 3,
        "Shop keeps going down and up",
    ]
    telling.run(seconds=15 * 60)
    assert telling.subjects()[7:] == ["Shop has recovered after 1 minute"]


def test_flapping_that_ends_down_is_told_as_down(team, telling):
    monitor = make_monitor(team, fail_after=1)
    telling.check(monitor, "DUDUDUDUD", every=60)
    telling.run(seconds=15 * 60)
    assert telling.subjects()[-2:] == ["Shop keeps going down and up", "Shop is down"]
    telling.check(monitor, "U", every=10)
    assert telling.subjects()[-1].startswith("Shop has recovered after")


# Many at once


def fail_all(monitors, *, at):
    for number in range(2):
        when = at + timedelta(seconds=number)
        record([make_result(monitor, when, "D") for monitor in monitors], now=when)


def test_many_at_once_are_one_digest_a_channel_and_all_of_them_are_in_the_ledger(team, hook, telling):
    monitors = [make_monitor(team, name=f"Shop {number}") for number in range(30)]
    fail_all(monitors, at=T0)
    telling.run(seconds=70)
    assert telling.subjects() == ["30 changes at once: 30 in trouble"]
    assert "- Shop 0 is down" in telling.messages[0].content.text
    assert Delivery.objects.filter(event="down", status="dropped", digest__event="digest").count() == 30
    record([make_result(monitor, telling.now, "U") for monitor in monitors], now=telling.now)
    telling.run(seconds=70)
    assert telling.subjects()[1:] == ["30 changes at once: 30 recovered"]


def test_500_monitors_that_die_at_once_are_one_message_to_each_of_three_channels(team, hook, telling):
    second = make_channel(team, "email", "Mail", to=["ada@example.com"])
    third = make_channel(team, name="Third", url="https://hooks.example.com/third")
    make_rule(second, third)
    make_monitor(team)
    fields = {key: value for key, value in Monitor.objects.values().get().items() if key != "id"}
    Monitor.objects.bulk_create(Monitor(**fields | {"name": f"Shop {number}"}) for number in range(499))
    monitors = list(Monitor.objects.order_by("pk"))
    for first in range(0, 500, 40):  # as they come: many batches, over half a minute
        fail_all(monitors[first : first + 40], at=telling.now)
        telling.run(seconds=2)
    telling.run(seconds=90)
    assert sorted((who, subject) for _, who, subject in telling.heard) == [
        (who, "500 changes at once: 500 in trouble") for who in ("ada@example.com", "sp", "third")
    ]
    assert telling.messages[0].content.text.count(" is down") == 50
    assert "- and 450 more" in telling.messages[0].content.text
    assert len(telling.messages[0].content.html) < 30_000


def test_a_pager_gets_the_end_of_each_alert_and_the_digests_with_its_last_trouble(team, hook):
    Rule.objects.all().delete()
    make_rule(make_channel(team, "pagerduty", "Pager", routing_key="R0123456789ABCDEF0123456789ABCDE"))
    monitors = [make_monitor(team, name=f"Shop {number}", fail_after=1) for number in range(8)]
    telling = Telling().check(monitors[0], "D", every=5)  # told by itself, before the others
    record([make_result(monitor, telling.now, "D") for monitor in monitors[1:]], now=telling.now)
    telling.run(seconds=70)
    record([make_result(monitor, telling.now, "U") for monitor in monitors[:5]], now=telling.now)
    telling.run(seconds=70)
    assert telling.subjects() == [
        "Shop 0 is down",
        "7 changes at once: 7 in trouble",
        "Shop 0 has recovered after 1 minute",
    ]
    record([make_result(monitor, telling.now, "U") for monitor in monitors[5:]], now=telling.now)
    telling.run(seconds=70)
    assert telling.subjects()[3:] == ["All that was told together is over"]
    episodes = [read_episode(message) for message in telling.messages]
    assert [step for _, step in episodes] == ["trigger", "trigger", "resolve", "resolve"]
    assert episodes[0][0] == episodes[2][0] != episodes[1][0] == episodes[3][0]


def test_few_go_out_each_by_itself(team, hook, telling):
    fail_all([make_monitor(team, name=f"Shop {number}") for number in range(5)], at=T0)
    telling.run(seconds=70)
    assert sorted(telling.subjects()) == [f"Shop {number} is down" for number in range(5)]


def test_the_team_says_how_many_are_many(team, hook, telling):
    AlertSettings.objects.filter(team=team).update(digest_over=1)
    fail_all([make_monitor(team, name=f"Shop {number}") for number in range(2)], at=T0)
    telling.run(seconds=70)
    assert telling.subjects() == ["2 changes at once: 2 in trouble"]


def test_a_storm_that_goes_on_is_told_after_a_minute_at_the_latest(team, hook, telling):
    monitors = [make_monitor(team, name=f"Shop {number}") for number in range(40)]
    for first in range(0, 40, 2):  # for a hundred seconds
        fail_all(monitors[first : first + 2], at=telling.now)
        telling.run(seconds=5)
    telling.run(seconds=70)
    digests = [at for at, _, subject in telling.heard if "at once" in subject]
    assert digests[0] <= 75
    assert Delivery.objects.filter(event="down").exclude(digest__isnull=True, status="dropped").count() == 40


@pytest.mark.parametrize("count", [3, 60])
def test_the_number_of_statements_does_not_depend_on_the_number_of_events(team, hook, count):
    monitors = [make_monitor(team, name=f"Shop {number}") for number in range(count)]
    record([make_result(monitor, T0, "D") for monitor in monitors], now=T0)
    incidents = [
        Incident.objects.create(
            team=team, monitor=m, open_monitor=m, title=f"{m.name} is down", kind="automatic", started_at=T0
        )
        for m in monitors
    ]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        planning.plan_deliveries([IncidentEvent("opened", incident) for incident in incidents], now=T0)
    assert Delivery.objects.count() == count
    statements = [q["sql"] for q in asked.captured_queries]
    assert len(statements) <= 26, len(statements)


def test_what_is_due_is_built_in_a_constant_number_of_statements(team, hook):
    def statements(count):
        Delivery.objects.all().delete()
        Trouble.objects.all().delete()
        monitors = [make_monitor(team, name=f"Shop {count} {number}") for number in range(count)]
        fail_all(monitors, at=T0)
        Delivery.objects.update(status="planned", due_at=T0)
        with CaptureQueriesContext(connection) as asked:
            assert len(sending.take_due(now=T0)) == count
        return len(asked)

    assert statements(3) == statements(40)
