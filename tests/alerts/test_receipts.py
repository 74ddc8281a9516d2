"""What becomes of what was sent, whatever the receiver does."""

from datetime import timedelta

import pytest

from accounts.models import Role
from actions.alerting import save_channel
from alerts.models import Channel, Delivery
from alerts.receipts import settle_deliveries
from delivery.message import Outcome, Receipt
from incidents.models import Incident
from outbox import claiming
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_member, make_monitor, make_team

pytestmark = pytest.mark.django_db

SENT = {"outcome": Outcome.SENT, "status": 200}
DOWN = {"outcome": Outcome.RETRY, "status": 500, "answer": "Internal Server Error"}
GONE = {"outcome": Outcome.REFUSED, "status": 410, "answer": "Gone"}
FORBIDDEN = {"outcome": Outcome.REFUSED, "status": 403, "answer": "Forbidden"}


@pytest.fixture
def team():
    return make_team(name="Ours")


@pytest.fixture
def owner(team):
    return make_member(team, Role.OWNER)


@pytest.fixture
def hook(team):
    drop_defaults(team)
    channel = make_channel(team)
    make_rule(channel)
    return channel


def answer_by(**answers):
    """By the end of the receiver's address (or its kind); all others take what they get."""
    return lambda message: answers.get(message.config.get("url", "").rpartition("/")[2] or message.kind, SENT)


def test_a_receiver_that_is_down_for_an_hour_is_told_when_it_is_back(team, hook):
    telling = Telling(answer=answer_by(sp=DOWN)).check(make_monitor(team), "DD", every=5)
    telling.run(seconds=3600)
    assert telling.heard == []
    row = Delivery.objects.get()
    assert (row.status, row.answer_status, row.answer) == ("retry", 500, "Internal Server Error")
    assert 9 <= row.attempts <= 25  # backed off, and not once a second
    telling.answer = answer_by()
    telling.run(seconds=600)
    assert telling.subjects() == ["Shop is down"]
    keys = {message.key for message in telling.messages}
    assert len(keys) == 1  # one Idempotency-Key, however often it was tried
    assert [message.attempt for message in telling.messages] == list(range(1, len(telling.messages) + 1))


def test_a_receiver_that_asks_for_time_gets_it(team, hook):
    busy = DOWN | {"status": 429, "retry_after_s": 120.0}
    telling = Telling(answer=answer_by(sp=busy)).check(make_monitor(team), "DD", every=3)
    first = telling.now
    telling.answer = answer_by()
    telling.run(seconds=110)
    assert telling.heard == []
    telling.run(seconds=60)
    assert telling.subjects() == ["Shop is down"]
    assert (telling.heard[0][0] - (first - T0).total_seconds()) >= 115


def test_a_message_that_is_lost_is_sent_again_with_the_same_key(team, hook):
    lost = []
    telling = Telling(answer=lambda message: lost.append(message) if not lost else SENT)
    telling.check(make_monitor(team), "DD", every=5)
    assert telling.heard == []
    telling.run(seconds=70)
    assert telling.subjects() == ["Shop is down"]
    assert {message.key for message in telling.messages} == {lost[0].key}


def test_what_is_refused_goes_to_another_channel_which_says_why(team, hook):
    make_channel(team, "email", "Mail", to=["ada@example.com"])
    telling = Telling(answer=answer_by(sp=FORBIDDEN)).check(make_monitor(team), "DD", every=10)
    assert telling.subjects("ada@example.com") == ["Shop is down"]
    assert "“Hook” could not be told: Forbidden" in telling.messages[-1].content.text
    dead, instead = Delivery.objects.order_by("pk")
    assert (dead.status, instead.status, instead.instead_of) == ("dead", "sent", dead)
    assert Channel.objects.get(pk=hook.pk).enabled  # once is not for good


def test_with_no_other_channel_the_owners_get_a_letter(team, hook, owner):
    telling = Telling(answer=answer_by(sp=FORBIDDEN)).check(make_monitor(team), "DD", every=10)
    assert telling.heard == [(telling.heard[0][0], owner.email, "Shop is down")]


def test_a_channel_that_refuses_for_good_is_switched_off_and_the_team_is_told(team, hook, owner):
    telling = Telling(answer=answer_by(sp=GONE)).check(make_monitor(team), "DD", every=10)
    hook.refresh_from_db()
    assert not hook.enabled
    assert hook.disabled_reason == "It refused 1 in a row, at last with: Gone"
    assert sorted(telling.subjects(owner.email)) == ["Shop is down", "The channel “Hook” was switched off"]


def test_three_refusals_in_a_row_switch_a_channel_off_and_a_success_forgives(team, hook, owner):
    monitor = make_monitor(team, fail_after=1)
    telling = Telling(answer=answer_by(sp=FORBIDDEN))
    telling.check(monitor, "DU", every=30)
    assert Channel.objects.get(pk=hook.pk).refusals == 2  # beginning and end
    telling.answer = answer_by()
    telling.check(monitor, "D", every=30)
    assert Channel.objects.get(pk=hook.pk).refusals == 0


def test_a_channel_that_was_switched_off_is_not_told_and_somebody_else_is(team, hook, owner):
    telling = Telling(answer=answer_by(sp=DOWN)).check(make_monitor(team), "DD", every=5)
    save_channel(hook, enabled=False, now=T0)
    telling.run(seconds=60)
    assert telling.subjects(owner.email) == ["Shop is down"]
    assert Delivery.objects.filter(channel=hook).get().status == "dead"


@pytest.fixture
def short_day(monkeypatch):
    """A day has some 150 attempts, and after a few nothing is new."""
    assert timedelta(hours=24) == claiming.GIVE_UP_AFTER
    monkeypatch.setattr(claiming, "GIVE_UP_AFTER", timedelta(minutes=50))


@pytest.mark.usefixtures("short_day")
def test_what_cannot_be_told_for_a_day_is_given_up_and_told_otherwise(team, hook, owner):
    telling = Telling(answer=answer_by(sp=DOWN)).check(make_monitor(team), "DD", every=5)
    telling.run(seconds=50 * 60 + 1200)
    assert Delivery.objects.get(channel=hook).status == "dead"
    assert telling.subjects(owner.email) == ["Shop is down"]


SANDBOX = {
    "outcome": Outcome.RETRY,
    "status": 400,
    "answer": "Amazon SES takes no e-mail from us: MessageRejected: Email address is not verified.",
    "ours": True,
}
MAIL_AWAY = {"outcome": Outcome.RETRY, "answer": "It refuses connections.", "ours": True}


@pytest.mark.usefixtures("short_day")
@pytest.mark.parametrize("trouble", [SANDBOX, MAIL_AWAY])
def test_our_own_trouble_switches_no_channel_off_however_long_it_lasts(team, owner, trouble):
    drop_defaults(team)
    channel = make_channel(team, "email", "Mail", to=["ada@example.com"])
    make_rule(channel)
    monitor = make_monitor(team, fail_after=1)
    telling = Telling(answer=lambda message: trouble)
    for letters in ("D", "U", "D", "U"):
        telling.check(monitor, letters, every=3600 + 900)
    channel.refresh_from_db()
    assert (channel.enabled, channel.refusals) == (True, 0)
    given_up = Delivery.objects.filter(channel=channel, status="dead")
    assert given_up.count() >= 3
    assert given_up.first().answer == trouble["answer"]


def test_a_receipt_that_comes_twice_or_late_changes_nothing(team, hook):
    telling = Telling(answer=lambda message: None).check(make_monitor(team), "DD", every=5)
    row = Delivery.objects.get()
    telling.run(seconds=65)  # no receipt: sent again
    row.refresh_from_db()
    assert row.attempts == 2
    late = Receipt(id=f"alerts:{row.pk}", attempt=1, at=T0, outcome=Outcome.REFUSED, status=410)
    settle_deliveries([late], now=telling.now)
    row.refresh_from_db()
    assert (row.status, row.channel.enabled) == ("sending", True)
    sent = Receipt(id=f"alerts:{row.pk}", attempt=1, at=telling.now, outcome=Outcome.SENT, status=200)
    for receipt in (sent, sent, late):
        settle_deliveries([receipt], now=telling.now + timedelta(seconds=1))
    row.refresh_from_db()
    assert (row.status, row.settled_at, Incident.objects.count()) == ("sent", telling.now, 1)


def test_the_receipts_of_rows_that_are_gone_are_no_error(db):
    settle_deliveries([Receipt(id="alerts:999", attempt=1, at=T0, outcome=Outcome.SENT)], now=T0)
