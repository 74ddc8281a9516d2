"""The newest result is found without reading those before it: the recorder asks for it with every batch."""

from datetime import timedelta

import pytest
from django.db import connection

from monitors.models import Monitor, Result
from tests.factories import NOW, make_monitor, make_team
from tests.monitors.factories import make_result

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def fill(monitor, number):
    row = {"monitor": monitor, "region": "local", "status": "up", "checked_at": NOW}
    Result.objects.bulk_create(Result(scheduled_at=NOW - n * MINUTE, **row) for n in range(number))


def count_rows_read():
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%%'")
        return sum(int(count) for _, count in cursor.fetchall())


def test_the_newest_of_each_monitor_is_found_and_one_of_the_future_left_out():
    old, new, none = (make_monitor(make_team()) for _ in range(3))
    make_result(old, at=NOW - 5 * MINUTE)
    make_result(old, at=NOW - 3 * MINUTE)
    make_result(new, at=NOW)
    make_result(new, at=NOW + 5 * MINUTE)
    found = {monitor.pk: monitor.newest_at for monitor in Monitor.objects.with_newest(now=NOW)}
    assert found == {old.pk: NOW - 3 * MINUTE, new.pk: NOW, none.pk: None}


@pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite does not count the rows that it reads")
def test_a_long_history_is_not_read():
    monitors = [make_monitor(make_team()) for _ in range(3)]
    for monitor in monitors:
        fill(monitor, 400)
    before = count_rows_read()
    assert len(Monitor.objects.with_newest(now=NOW)) == 3
    assert count_rows_read() - before < 50
