"""Acme, whose October 2026 is frozen, for the tests of reports; other files have a ``team`` of their own."""

import pytest

from analytics.models import SlaReport
from analytics.reports.freezing import freeze_due
from tests.analytics.months import client_of, make_job, make_shop, utc
from tests.factories import TeamFactory


@pytest.fixture
def team(db):
    return TeamFactory(name="Acme", timezone="Europe/Berlin")


@pytest.fixture
def api(team):
    return client_of(team)


@pytest.fixture
def shop(team):
    return make_shop(team)


@pytest.fixture
def job(team):
    return make_job(team)


@pytest.fixture
def frozen(team, shop, job):
    freeze_due(now=utc("2026-11-25 12:00"))
    return SlaReport.objects.get()
