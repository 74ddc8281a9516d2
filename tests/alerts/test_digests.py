"""What is told together, and in which words and order."""

from datetime import timedelta

import pytest

from alerts.messages.facts import gather_facts
from alerts.models import Delivery, OwnEvent, Trouble
from pipeline.stages.record import record
from tests.alerts.factories import T0, drop_defaults, make_channel, make_delivery, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team(name="Ours")


@pytest.fixture
def hook(team):
    drop_defaults(team)
    channel = make_channel(team)
    make_rule(channel)
    return channel


def fail(monitors, *, at):
    record([make_result(monitor, at, "D") for monitor in monitors], now=at)


def test_the_sixth_change_of_a_burst_is_told_as_itself_when_no_other_follows(team, hook):
    monitors = [make_monitor(team, name=f"Shop {number}", fail_after=1) for number in range(6)]
    telling = Telling()
    fail(monitors[:5], at=T0)
    telling.run(seconds=10)
    fail(monitors[5:], at=telling.now)
    telling.run(seconds=70)
    assert sorted(telling.subjects()) == [f"Shop {number} is down" for number in range(6)]
    assert not Delivery.objects.filter(event=OwnEvent.DIGEST).exists()
    assert Delivery.objects.filter(status="sent").count() == 6


def test_those_that_follow_together_are_told_together(team, hook):
    monitors = [make_monitor(team, name=f"Shop {number}", fail_after=1) for number in range(7)]
    telling = Telling()
    fail(monitors[:5], at=T0)
    telling.run(seconds=10)
    fail(monitors[5:], at=telling.now)
    telling.run(seconds=70)
    assert telling.subjects()[5:] == ["2 changes at once: 2 in trouble"]


# Words and order


def make_change(hook, monitor, event, *, opened_s, planned_s, closed_s=None, **fields):
    """A trouble of a cron job, and what tells ``event`` of it; in seconds since T0."""
    trouble = Trouble.objects.create(
        team=hook.team,
        monitor=monitor,
        kind="incident",
        key=f"test:{Trouble.objects.count()}",
        event="heartbeat_late",
        title=f"{monitor.name} is late",
        opened_at=T0 + timedelta(seconds=opened_s),
        closed_at=None if closed_s is None else T0 + timedelta(seconds=closed_s),
        **{"told_from": T0, **fields},
    )
    return make_delivery(hook, event=event, trouble=trouble, at=T0 + timedelta(seconds=planned_s))


def tell(hook, merged):
    return gather_facts(make_delivery(hook, event=OwnEvent.DIGEST, at=T0 + timedelta(minutes=5)), merged)


LATE, PINGS = "Cron is late: no ping came in time", "Cron pings again after 50 seconds"


def test_a_digest_is_in_the_order_of_time_so_that_its_last_line_of_a_monitor_is_how_it_stands(team, hook):
    cron = make_monitor(team, kind="heartbeat", name="Cron", url="")
    late = make_change(hook, cron, "heartbeat_late", opened_s=60, planned_s=61)
    pings = make_change(
        hook, cron, "recovered", opened_s=0, closed_s=50, planned_s=62
    )  # planned after a crash
    assert tell(hook, [late, pings])["items"] == [PINGS, LATE]


def test_an_incident_that_opened_again_is_told_after_its_end(team, hook):
    cron = make_monitor(team, kind="heartbeat", name="Cron", url="")
    again = {"round": 1, "told_from": T0 + timedelta(seconds=60)}
    late = make_change(hook, cron, "heartbeat_late", opened_s=0, planned_s=60, **again)
    pings = make_delivery(hook, event="recovered", trouble=late.trouble, at=T0 + timedelta(seconds=50))
    assert tell(hook, [late, pings])["items"] == [PINGS, LATE]


@pytest.mark.parametrize(
    ("count", "headline"), [(1, "1 change: 1 in trouble"), (2, "2 changes at once: 2 in trouble")]
)
def test_numbers_and_nouns_agree(team, hook, count, headline):
    """One is left where the troubles of the others were deleted before it was sent."""
    cron = make_monitor(team, kind="heartbeat", name="Cron", url="")
    merged = [make_change(hook, cron, "heartbeat_late", opened_s=0, planned_s=1) for _ in range(count)]
    facts = tell(hook, [*merged, make_delivery(hook)])
    assert facts["headline"] == headline
    assert ("So many" in facts["sentence"]) == (count > 1)
