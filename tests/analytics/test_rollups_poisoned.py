"""A monitor whose figures cannot be made keeps no other's from being, and no instant makes endless work."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import rollup_sql, rollups
from analytics.models import Progress, Rollup, StaleSpan
from analytics.retention import purge_results
from core.instants import EPOCH
from monitors.models import Monitor, Result
from tests.analytics.factories import DAY, HOUR, NOW, make_old, store_at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rolled_up(db):
    Progress.objects.create(pk=Progress.UPTIME, rolled_until=NOW - 2 * HOUR, lease_until=NOW)


def test_a_monitor_that_cannot_be_summed_up_keeps_no_other_from_being(monkeypatch):
    """Before, rolling up stood still for all of them, at each of its rounds."""
    monitors = [make_old(name=name) for name in ("before", "bad", "later")]
    for monitor in monitors:
        store_at(monitor, (NOW - 2 * HOUR, "U"))
    make = rollup_sql.time_sql

    def explode(holds, *args, **kwargs):
        if monitors[1].pk in holds:
            raise OverflowError("poison")
        return make(holds, *args, **kwargs)

    monkeypatch.setattr(rollup_sql, "time_sql", explode)
    assert rollups.catch_up(owner="test", now=NOW) == 1
    assert set(Rollup.objects.values_list("monitor__name", flat=True)) == {"before", "later"}


def test_a_span_that_began_in_1970_is_rolled_up_again_as_far_as_there_are_results(monkeypatch):
    """Before: half a million hours."""
    monitor, hours = make_old(), []
    StaleSpan.objects.create(monitor=monitor, start_at=EPOCH, end_at=NOW + 1000 * DAY)
    monkeypatch.setattr(rollups, "sum_up_hour", lambda hour, ids=None: hours.append(hour))
    monkeypatch.setattr(rollups, "sum_up_day", lambda day, ids=None: None)
    rollups.catch_up(owner="test", now=NOW)
    assert 30 * 24 <= len(hours) <= 32 * 24
    assert not StaleSpan.objects.exists()


def test_a_result_of_1970_does_not_make_the_archive_look_for_every_day_since(settings, tmp_path):
    """Before: a statement for each of twenty thousand days, each hour, before any other team's turn."""
    settings.ARCHIVE_URL = f"file://{tmp_path}"
    monitor = make_old()
    old = [(NOW - 40 * DAY + n * timedelta(minutes=1), "U") for n in range(3)]
    store_at(monitor, (EPOCH + HOUR, "U"), *old)
    with CaptureQueriesContext(connection) as queries:
        purged = purge_results(owner="test", now=NOW, rest=lambda seconds: None)
    assert purged.results == 3
    assert Result.objects.get().scheduled_at == old[-1][0]  # a monitor's last one stays
    assert len(queries) < 150


def test_a_huge_number_of_how_long_results_hold_is_no_reach():
    monitor = make_old()
    Monitor.objects.filter(pk=monitor.pk).update(holds_s=2**31 - 1)
    store_at(monitor, (NOW - 2 * HOUR, "U"))
    rollups.catch_up(owner="test", now=NOW)
    assert Rollup.objects.filter(monitor=monitor).exists()
