"""A delivery, a channel, a rule or a trouble that cannot be handled keeps no other from being told."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import JSONField, Value

from alerts import planning, receipts, sending
from alerts.models import Channel, Delivery, OwnEvent, Rule, Trouble
from core.field_encryption import seal
from delivery.message import Outcome, Receipt
from incidents.models import Incident
from incidents.reconcile import IncidentEvent
from incidents.services import open_incident
from outbox import claiming
from outbox.claiming import UNHEARD
from pipeline import dispatch
from pipeline.jobs import periodic
from pipeline.messages import decode
from pipeline.queues.base import Sender
from tests.alerts.factories import T0, drop_defaults, make_channel, make_delivery, make_rule
from tests.factories import make_monitor, make_team

pytestmark = pytest.mark.django_db
NULL = Value(None, JSONField())


class Queues(Sender):
    """What is sent, by queue."""

    def __init__(self):
        self.bodies = []

    def send(self, queue, body, *, delay_s=0.0):
        self.bodies.append((queue, body))

    def deliveries(self):
        return [d for queue, body in self.bodies if queue == "deliveries" for d in decode(body).deliveries]


@pytest.fixture
def queues():
    queues = Queues()
    dispatch.use_sender(queues)
    yield queues
    dispatch.use_sender(None)


def send(*, now=T0):
    periodic.send_alerts(owner="test", now=now)


def make_one(name="Hook", **fields):
    """A delivery of its own team and channel."""
    team = make_team(name=f"Team {name}")
    drop_defaults(team)
    return make_delivery(make_channel(team, name=name), **({"event": OwnEvent.TEST} | fields))


def poison(rows, **columns):
    """What the database itself refuses to store can poison nobody: MariaDB takes no half of a pair."""
    try:
        with transaction.atomic():
            rows.update(**columns)
    except DatabaseError as error:
        pytest.skip(f"{connection.display_name} does not store this: {error}")


def poison_channel(row, **columns):
    poison(Channel.objects.filter(pk=row.channel_id), **columns)


@pytest.mark.parametrize(
    ("columns", "answer"),
    [
        ({"config": {"url": "https://hooks.test/\ud800"}}, "not to be encoded (UnicodeEncodeError)"),
        ({"config": NULL}, "SentryPulse could not prepare this; its log says why."),
        ({"config": "x"}, "SentryPulse could not prepare this; its log says why."),
        ({"secrets": "garbage"}, "FIELD_ENCRYPTION_KEY does not open the stored secrets"),
        ({"kind": "pigeon"}, "SentryPulse could not prepare this; its log says why."),
        ({"kind": "email", "config": {"to": [[]]}}, "SentryPulse could not prepare this; its log says why."),
        ({"kind": "email", "config": {"to": "x"}}, "Nobody there has agreed to get alerts yet"),
        ({"kind": "email", "config": {"to": ["\ud800@x"]}}, "Has not agreed to get alerts yet: ?@x."),
        ({"config": {"url": "x" * 300_000}}, "larger than a message may be"),
    ],
    ids=repr,
)
def test_a_poisoned_channels_alert_ends_with_its_reason_and_the_others_go_out(queues, columns, answer):
    """At first each of these ended the job for all teams, at each of its rounds."""
    before, bad, after = make_one("Before"), make_one("Bad"), make_one("After")
    poison_channel(bad, **columns)
    send()
    assert {one.id for one in queues.deliveries()} == {f"alerts:{row.pk}" for row in (before, after)}
    bad.refresh_from_db()
    assert (bad.status, bad.due_at, bad.attempts) == ("dead", None, 1)
    assert answer in bad.answer
    send(now=T0 + timedelta(minutes=5))
    assert not [one for one in queues.deliveries() if one.id == f"alerts:{bad.pk}"]


def test_what_cannot_be_sent_to_its_channel_goes_to_another_one_of_the_team(queues):
    bad = make_one("Bad", event="down")
    other = make_channel(bad.team, name="Other", url="https://hooks.example.com/other")
    poison_channel(bad, config=NULL)
    send()
    send(now=T0 + timedelta(seconds=1))
    (message,) = queues.deliveries()
    assert message.config["url"] == "https://hooks.example.com/other"
    assert Delivery.objects.get(instead_of=bad).channel == other
    assert "could not be told: SentryPulse could not prepare this" in message.content.text


def make_trouble(name="Shop", **columns):
    team = make_team(name=f"Team {name}")
    drop_defaults(team)
    make_rule(make_channel(team, name=name, url=f"https://hooks.example.com/{name}"))
    monitor = make_monitor(team, name=name)
    incident = open_incident(monitor, started_at=T0, cause={"error": "Expected 200-299, got 503."})
    assert incident is not None
    return team, incident


def plan_and_send(*, after_s=3):
    planning.follow_troubles(now=T0)
    send(now=T0 + timedelta(seconds=after_s))


@pytest.mark.parametrize(
    "columns",
    [
        {"cause": {"error": "Expected \ud800."}},
        {"cause": {"error": {"no": "text"}, "timings": "none"}},
        {"cause": [1, 2]},
        {"opened_at": T0.replace(year=9999, month=12, day=31, hour=23)},
        {"opened_at": T0.replace(year=1970, month=1, day=1)},
    ],
    ids=repr,
)
def test_an_alert_whose_facts_are_poisoned_is_sent_in_plainer_words(queues, columns):
    team, _ = make_trouble("Bad")
    make_trouble("Good")
    planning.follow_troubles(now=T0)
    poison(Trouble.objects.filter(team=team), **columns)
    type(team).objects.filter(pk=team.pk).update(
        timezone="Pacific/Kiritimati"
    )  # 14 hours ahead: no year 10000
    send(now=T0 + timedelta(seconds=3))
    said = {one.config["url"].rpartition("/")[2]: one.content for one in queues.deliveries()}
    assert said["Good"].subject == "Good is down"
    assert said["Bad"].subject == "Bad is down"
    assert Delivery.objects.get(team=team).subject == "Bad is down"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc", "\0"])
def test_an_alert_of_a_team_without_a_zone_is_sent(queues, zone):
    team, _ = make_trouble("Bad")
    make_trouble("Good")
    type(team).objects.filter(pk=team.pk).update(timezone=zone)
    plan_and_send()
    assert {one.content.subject for one in queues.deliveries()} == {"Good is down", "Bad is down"}


@pytest.mark.parametrize(
    "columns",
    [
        {"timezone": "Mars/Olympus"},
        {"quiet_days": {"mon": 1}},
        {"quiet_days": [["mon"]]},
        {"quiet_days": NULL},
        {"events": NULL},
        {"events": "down"},
        {"events": [{"down": 1}]},
        {"delay_min": 0, "remind_every_min": 65_535},
    ],
    ids=repr,
)
def test_a_poisoned_rule_tells_rather_too_much_than_nothing(queues, columns):
    team, _ = make_trouble("Bad")
    make_trouble("Good")
    quiet = {"quiet_from": "00:00", "quiet_until": "00:00", "quiet_days": ["sun"]}
    Rule.objects.filter(team=team).update(**(quiet | columns))
    plan_and_send()
    assert {one.content.subject for one in queues.deliveries()} == {"Good is down", "Bad is down"}


def test_a_trouble_that_cannot_be_planned_waits_and_keeps_no_other_waiting(queues, monkeypatch):
    _, bad = make_trouble("Bad")
    make_trouble("Good")
    facts = planning.make_facts

    def explode(trouble, *args, **kwargs):
        if trouble.incident_id == bad.pk:
            raise KeyError("poison")
        return facts(trouble, *args, **kwargs)

    monkeypatch.setattr(planning, "make_facts", explode)
    plan_and_send()
    assert [one.content.subject for one in queues.deliveries()] == ["Good is down"]
    assert Trouble.objects.get(incident=bad).look_at == T0 + planning.LOOK_AGAIN
    assert not Trouble.objects.get(team__name="Team Good").look_at
    monkeypatch.undo()
    send(now=T0 + planning.LOOK_AGAIN)
    send(now=T0 + planning.LOOK_AGAIN + timedelta(seconds=3))
    assert "Bad is down" in {one.content.subject for one in queues.deliveries()}


def test_an_incident_that_cannot_be_made_a_trouble_rests_and_keeps_no_other_waiting(queues, monkeypatch):
    _, bad = make_trouble("Bad")
    make_trouble("Good")
    asked = []

    def explode(incident):
        asked.append(incident.pk)
        if incident.pk == bad.pk:
            raise ValueError("poison")
        return "down"

    monkeypatch.setattr("alerts.troubles._opening_event", explode)
    for second in range(4):
        plan_and_send(after_s=second)
    assert [one.content.subject for one in queues.deliveries()] == ["Good is down"]
    assert asked.count(bad.pk) == 2  # with the other, and alone
    assert Incident.objects.count() == 2


def test_a_receipt_that_cannot_be_settled_leaves_the_others_settled():
    rows = [make_one(str(number), status="sending", attempts=1) for number in range(3)]
    answers = [Receipt(id=f"alerts:{row.pk}", attempt=1, outcome=Outcome.SENT, at=T0) for row in rows]
    odd = [
        Receipt(id="alerts:x", attempt=1, outcome=Outcome.SENT, at=T0),
        Receipt(id="alerts:", attempt=1, outcome=Outcome.SENT, at=T0),
        Receipt(id=f"alerts:{10**30}", attempt=1, outcome=Outcome.SENT, at=T0),
    ]
    receipts.settle_deliveries([answers[0], odd[0], answers[1], *odd[1:], answers[2]], now=T0)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}


def test_an_attempt_of_which_nothing_is_ever_heard_comes_later_and_later_and_ends(queues, monkeypatch):
    """What makes its sender die each time must not do so each minute, for ever."""
    assert timedelta(hours=24) == claiming.GIVE_UP_AFTER
    give_up_after = timedelta(hours=4)  # of a day's 150 attempts 30 are enough
    monkeypatch.setattr(claiming, "GIVE_UP_AFTER", give_up_after)
    row = make_one("Bad", event="down")
    now = T0
    while now < T0 + 2 * give_up_after:
        send(now=now)
        row.refresh_from_db()
        if row.due_at is None:
            break
        now = row.due_at
    assert (row.status, row.answer) == ("dead", UNHEARD)
    assert 20 < row.attempts < 35
    assert now - T0 < give_up_after + timedelta(minutes=11)
    assert Delivery.objects.filter(instead_of=row).count() == 1


def test_a_secret_of_another_key_or_of_no_object_is_not_sent(queues, settings):
    good, bad = make_one("Good"), make_one("Bad")
    sealed = seal({"x": "y"})
    settings.FIELD_ENCRYPTION_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    poison_channel(bad, secrets=sealed)
    send()
    assert [one.id for one in queues.deliveries()] == [f"alerts:{good.pk}"]
    bad.refresh_from_db()
    assert bad.status == "dead"


def test_planning_of_events_leaves_out_those_that_cannot_be_planned(monkeypatch):
    _, bad = make_trouble("Bad")
    _, good = make_trouble("Good")
    monkeypatch.setattr(
        "alerts.troubles._opening_event", lambda incident: "down" if incident.pk == good.pk else 1 / 0
    )
    events = [IncidentEvent("opened", incident) for incident in (bad, good)]
    assert planning.plan_deliveries(events, now=T0) == 1


def test_a_message_is_never_taken_twice_because_another_is_poisoned():
    rows = [make_one(str(number)) for number in range(4)]
    poison_channel(rows[1], config=NULL)
    messages = sending.take_due(now=T0)
    assert [one.attempt for one in messages] == [1, 1, 1]
    assert sending.take_due(now=T0) == []
