"""Whose rows are claimed: turns go round the teams, and none has more on its way than its share."""

from datetime import timedelta

import pytest

from alerts.models import Delivery
from delivery.message import Outcome, Receipt
from outbox.backoff import RECEIPT_WITHIN
from outbox.claiming import claim_due, settle_rows
from statuspages.models import Notice, NoticePurpose, Subscriber, SubscriberKind
from tests.alerts.factories import T0, make_channel, make_delivery
from tests.factories import TeamFactory
from tests.statuspages.factories import make_page

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _share(settings):
    settings.DELIVERIES_A_TEAM = 4


def make_due(number, *, at=T0):
    channel = make_channel(TeamFactory())
    return [make_delivery(channel, at=at) for _ in range(number)]


def claimed(*, now=T0, most=100):
    return [row.pk for row in claim_due(Delivery, now=now, most=most)]


def test_a_team_with_a_thousand_due_does_not_go_before_a_team_with_one():
    many = make_due(10, at=T0 - SECOND)
    (one,) = make_due(1)
    assert claimed(most=3) == [many[0].pk, one.pk, many[1].pk]


def test_of_a_team_no_more_are_on_their_way_than_its_share():
    many = make_due(10)
    assert claimed() == [row.pk for row in many[:4]]
    assert claimed(now=T0 + SECOND) == []
    others = make_due(2, at=T0 + SECOND)
    assert claimed(now=T0 + SECOND) == [row.pk for row in others]


def test_each_receipt_makes_room_for_another():
    many = make_due(6)
    claimed()
    sent = [Receipt(id=f"alerts:{row.pk}", attempt=1, outcome=Outcome.SENT, at=T0) for row in many[:2]]
    settle_rows(Delivery, sent, now=T0)
    assert claimed(now=T0 + SECOND) == [row.pk for row in many[4:]]


def test_what_never_came_back_counts_no_more_and_is_claimed_again():
    many = make_due(6)
    claimed()
    assert claimed(now=T0 + RECEIPT_WITHIN) == [row.pk for row in many[4:]] + [row.pk for row in many[:2]]


def test_subscribers_of_one_page_wait_for_its_share_and_not_for_anothers():
    made = []
    for number in (6, 1):
        page = make_page(TeamFactory())
        for count in range(number):
            subscriber = Subscriber.objects.create(
                page=page,
                kind=SubscriberKind.EMAIL,
                address=f"a{number}.{count}@example.com",
                address_hash=f"{number}.{count}",
                unsubscribe_hash=f"{number}.{count}",
            )
            made.append(
                Notice.objects.create(
                    key=f"n{number}.{count}",
                    subscriber=subscriber,
                    purpose=NoticePurpose.CONFIRM,
                    planned_at=T0,
                    due_at=T0,
                )
            )
    found = {row.pk for row in claim_due(Notice, now=T0)}
    assert found == {notice.pk for notice in [*made[:4], made[6]]}


def test_claiming_costs_the_same_however_many_teams_wait(django_assert_num_queries):
    for _ in range(3):
        make_due(2)
    with django_assert_num_queries(7):  # of these two begin and end a transaction
        assert len(claimed()) == 6
    for _ in range(20):
        make_due(2)
    with django_assert_num_queries(7):
        assert len(claimed()) == 40
