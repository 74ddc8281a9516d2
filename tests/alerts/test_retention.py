from datetime import timedelta

import pytest

from alerts import retention
from alerts.models import Delivery, Trouble
from tests.alerts.factories import T0, make_channel, make_delivery
from tests.alerts.telling import Telling
from tests.factories import make_monitor, make_team

pytestmark = pytest.mark.django_db


def test_what_is_older_than_the_setting_goes_and_what_is_younger_stays(settings, monkeypatch):
    settings.LEDGER_RETENTION_DAYS = 30
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 3)
    channel = make_channel(make_team())
    for day in range(10):
        make_delivery(channel, at=T0 + timedelta(days=day), status="sent", due_at=None)
    assert retention.purge_ledger(now=T0 + timedelta(days=35)) == 5
    assert sorted(Delivery.objects.values_list("planned_at", flat=True)) == [
        T0 + timedelta(days=day) for day in range(5, 10)
    ]
    assert retention.purge_ledger(now=T0 + timedelta(days=35)) == 0


def test_a_trouble_goes_with_the_last_that_was_told_of_it_and_an_open_one_stays(settings):
    settings.LEDGER_RETENTION_DAYS = 30
    team = make_team()
    telling = Telling().check(make_monitor(team), "DDU").check(make_monitor(team, name="Blog"), "DD")
    assert Trouble.objects.count() == 2
    retention.purge_ledger(now=telling.now + timedelta(days=31))
    assert Trouble.objects.get().closed_at is None
