from datetime import timedelta

import pytest

from core import leases
from core.leases import CLOCK_TOLERANCE
from pipeline.models import Cursor
from statuspages.models import Publication
from tests.pipeline.factories import T0
from tests.statuspages.factories import make_page

pytestmark = pytest.mark.django_db
LASTS = timedelta(seconds=30)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def rows():
    Cursor.objects.create(name="work", sent_until=T0, lease_until=T0, moved_at=T0)
    return Cursor.objects.filter(pk="work")


def take(rows, owner="a", now=T0, **more):
    return leases.take(rows, owner, lasts=LASTS, now=now, **more)


def test_one_has_it_until_it_ends(rows):
    assert take(rows)
    assert take(rows, "b", T0 + LASTS - MOMENT) is None
    assert take(rows, "b", T0 + LASTS)


def test_of_two_runs_of_one_owner_one_has_it_unless_it_may_be_taken_again(rows):
    assert take(rows)
    assert take(rows) is None
    assert take(rows, again=True) is None
    rows.update(lease_until=T0)
    assert take(rows, again=True)
    assert take(rows, again=True)
    assert take(rows, "b", again=True) is None


def test_it_ends_with_its_owner_and_writes_what_is_asked(rows):
    lease = take(rows, moved_at=T0 + LASTS)
    assert lease.read().moved_at == T0 + LASTS
    assert lease.end(sent_until=T0 + LASTS)
    assert rows.get().sent_until == T0 + LASTS
    assert take(rows, "b")


def test_who_has_lost_it_neither_keeps_nor_ends_it(rows):
    lease = take(rows)
    other = take(rows, "b", T0 + LASTS)
    assert not lease.keep(sent_until=T0 + LASTS)
    assert not lease.end(sent_until=T0 + LASTS)
    row = rows.get()
    assert (row.lease_owner, row.lease_until, row.sent_until) == (other.owner, T0 + 2 * LASTS, T0)


def test_one_from_a_clock_that_ran_ahead_is_void(rows):
    ends_at = T0 + LASTS + CLOCK_TOLERANCE
    rows.update(lease_owner="a", lease_until=ends_at)
    assert take(rows, "b") is None
    rows.update(lease_until=ends_at + MOMENT)
    assert take(rows, "b")


def test_a_row_whose_lease_was_never_taken_is_free():
    make_page()
    assert take(Publication.objects.all())
    assert take(Publication.objects.all()) is None


def test_a_long_name_of_an_owner_fits_the_column(rows):
    assert len(take(rows, "a" * 80).owner) <= 64
    rows.update(lease_until=T0)
    assert len(take(rows, "a" * 80, again=True).owner) == 64
